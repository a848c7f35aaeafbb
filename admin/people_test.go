package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

func (d *desk) colleague(p Person, id uuid.UUID) Colleague {
	d.t.Helper()
	return must[Colleague](d.t)(d.Colleague(d.t.Context(), p, id, d.now().Add(-time.Hour)))
}

// change is a change of somebody's roles as a person saw them.
func (d *desk) change(p Person, id uuid.UUID, roles ...Role) AskPerson {
	d.t.Helper()
	return AskPerson{NewPerson: NewPerson{Roles: roles}, Reason: "Cambio de puesto desde hoy", Ticket: "RH-7", Seen: d.colleague(p, id).Version()}
}

func (d *desk) rolesOf(id uuid.UUID) []Role {
	d.t.Helper()
	p, err := d.Who(d.t.Context(), id, d.now())
	if err != nil && !errors.Is(err, ErrNoRole) {
		d.t.Fatal(err)
	}
	return p.Roles
}

func (d *desk) mailsTo(address string) (kinds []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.mails {
		if m.To == address {
			kinds = append(kinds, m.Kind)
		}
	}
	return kinds
}

// TestRolesNeedASecondAdministrator (S-61, S-64): one alone could otherwise be both people of an act that needs two.
func TestRolesNeedASecondAdministrator(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	eva, omar := d.person("eva", Admin), d.person("omar", Admin)
	ask := d.change(eva, d.rosa.ID, Read, Recover, Approve)
	if state := must[State](t)(d.SetColleague(t.Context(), eva, nil, d.rosa.ID, ask)); state != Asked {
		t.Fatalf("SetColleague = %s, want %s", state, Asked)
	}
	if roles := d.rolesOf(d.rosa.ID); slices.Contains(roles, Approve) {
		t.Errorf("Rosa has %v before anybody confirmed", roles)
	}
	if mails := d.mailsTo("omar@desk.example"); !slices.Equal(mails, []string{"staff_waits"}) {
		t.Errorf("the other administrator got %v", mails)
	}
	seen := d.colleague(eva, d.rosa.ID).Version()
	for name, c := range map[string]struct {
		by   Person
		seen string
		want error
	}{
		"who asked":            {eva, seen, ErrOwn},
		"whose roles they are": {d.rosa, seen, ErrForbidden},
		"no administrator":     {d.luis, seen, ErrForbidden},
		"from an older page":   {omar, ask.Seen, ErrConflict},
	} {
		if err := d.ConfirmColleague(t.Context(), c.by, nil, d.rosa.ID, c.seen, true); !errors.Is(err, c.want) {
			t.Errorf("%s confirms: %v, want %v", name, err, c.want)
		}
	}
	if err := d.ConfirmColleague(t.Context(), omar, nil, d.rosa.ID, seen, true); err != nil {
		t.Fatal(err)
	}
	if roles := d.rolesOf(d.rosa.ID); !slices.Contains(roles, Approve) {
		t.Errorf("Rosa has %v once it is confirmed", roles)
	}
	if mails := d.mailsTo("rosa@desk.example"); !slices.Equal(mails, []string{"staff_roles"}) {
		t.Errorf("Rosa got %v", mails)
	}
	if err := d.ConfirmColleague(t.Context(), omar, nil, d.rosa.ID, d.colleague(omar, d.rosa.ID).Version(), true); !errors.Is(err, ErrGone) {
		t.Errorf("confirmed twice: %v", err)
	}

	// Less is at once, and takes the place of what was asked for.
	must[State](t)(d.SetColleague(t.Context(), eva, nil, d.luis.ID, d.change(eva, d.luis.ID, Approve, Audit)))
	if state := must[State](t)(d.SetColleague(t.Context(), eva, nil, d.luis.ID, d.change(eva, d.luis.ID, Approve))); state != Replaced {
		t.Errorf("the same roles as before: %s", state)
	}
	if who := d.colleague(eva, d.luis.ID); who.Asked.Roles != nil {
		t.Errorf("still asked for: %v", who.Asked)
	}
	if state := must[State](t)(d.SetColleague(t.Context(), eva, nil, d.rosa.ID, d.change(eva, d.rosa.ID, Read))); state != Done || !slices.Equal(d.rolesOf(d.rosa.ID), []Role{Read}) {
		t.Errorf("fewer roles: %s, %v", state, d.rolesOf(d.rosa.ID))
	}

	if state := must[State](t)(d.SetColleague(t.Context(), eva, nil, d.luis.ID, d.change(eva, d.luis.ID, Read))); state != Done {
		t.Errorf("to read, which approve includes: %s", state)
	}

	// What nobody confirms within a day ends.
	must[State](t)(d.SetColleague(t.Context(), eva, nil, d.rosa.ID, d.change(eva, d.rosa.ID, Read, Audit)))
	d.later(requestLife)
	if err := d.ConfirmColleague(t.Context(), d.fresh(omar), nil, d.rosa.ID, d.colleague(omar, d.rosa.ID).Version(), true); !errors.Is(err, ErrGone) {
		t.Errorf("confirmed a day later: %v", err)
	}
}

// TestRolesTakenAndGiven (S-61, S-64): in one change, what is taken ends at once and what is given waits; a refusal leaves what was kept,
// and nobody who worked here is removed by it.
func TestRolesTakenAndGiven(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	eva, omar := d.person("eva", Admin), d.person("omar", Admin)
	for _, c := range []struct{ had, wanted, kept []Role }{
		{[]Role{Approve, Recover}, []Role{Audit, Recover}, []Role{Recover}},
		{[]Role{Approve, Recover}, []Role{Audit}, nil},
		{[]Role{Recover}, []Role{Approve}, []Role{Read}}, // which both include
		{[]Role{Read, Recover}, []Role{Approve, Audit}, []Role{Read}},
	} {
		if err := d.SetRoles(t.Context(), d.luis.ID, c.had, "test"); err != nil {
			t.Fatal(err)
		}
		state := must[State](t)(d.SetColleague(t.Context(), eva, nil, d.luis.ID, d.change(eva, d.luis.ID, c.wanted...)))
		if roles := d.rolesOf(d.luis.ID); state != TakenAsked || !slices.Equal(roles, c.kept) {
			t.Errorf("%v to %v: %s, has %v at once, want %v", c.had, c.wanted, state, roles, c.kept)
		}
		if asked := d.colleague(omar, d.luis.ID).Asked; !slices.Equal(asked.Roles, slices.Sorted(slices.Values(c.wanted))) || asked.Reason != "Cambio de puesto desde hoy" || asked.Ticket != "RH-7" {
			t.Errorf("waits: %+v", asked)
		}
		if err := d.ConfirmColleague(t.Context(), omar, nil, d.luis.ID, d.colleague(omar, d.luis.ID).Version(), false); err != nil {
			t.Fatal(err)
		}
		if roles := d.rolesOf(d.luis.ID); !slices.Equal(roles, c.kept) {
			t.Errorf("once refused: %v, want %v", roles, c.kept)
		}
		if who := d.colleague(omar, d.luis.ID); who.Asked.Roles != nil || who.Status != "active" {
			t.Errorf("once refused: %+v", who.StaffRow)
		}
	}
	d.exec(`delete from rate_limits`)
	must[State](t)(d.SetColleague(t.Context(), eva, nil, d.luis.ID, d.change(eva, d.luis.ID, Audit)))
	if err := d.ConfirmColleague(t.Context(), omar, nil, d.luis.ID, d.colleague(omar, d.luis.ID).Version(), true); err != nil {
		t.Fatal(err)
	}
	if roles := d.rolesOf(d.luis.ID); !slices.Equal(roles, []Role{Audit}) {
		t.Errorf("once confirmed: %v", roles)
	}
	for _, kind := range d.mailsTo("luis@desk.example") {
		if kind != "staff_roles" {
			t.Errorf("who worked here before got %s", kind)
		}
	}
}

// TestLostSecondStep (S-21, S-61): one administrator asks, another confirms; then the second step, the password and the sessions are gone, the roles stay.
func TestLostSecondStep(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	eva, omar := v.person("eva", Admin), v.person("omar", Admin)
	why := []string{"reason", "Perdió el teléfono, lo vi aquí", "ticket", "RH-9"}
	path := "/people/" + v.rosa.ID.String()
	if err := v.ResetColleague(t.Context(), eva, nil, v.rosa.ID, v.change(eva, v.rosa.ID)); !errors.Is(err, ErrConflict) {
		t.Errorf("without a second step: %v", err)
	}
	v.withApp(v.rosa.ID)
	for name, c := range map[string]struct {
		by   Person
		id   uuid.UUID
		want error
	}{"an agent": {v.rosa, v.luis.ID, ErrForbidden}, "herself": {eva, eva.ID, ErrOwn}} {
		if err := v.ResetColleague(t.Context(), c.by, nil, c.id, AskPerson{Reason: why[1], Ticket: why[3]}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	v.enters(eva)
	page := v.get(path)
	w := v.post(path, append(why, "do", "reset_person", "key", v.value(page, "key"), "version", v.value(page, "version"))...)
	if w.Code != http.StatusSeeOther {
		t.Fatalf("asked: %d\n%s", w.Code, w.Body)
	}
	factors := func() int { return v.count(`select count(*) from account_totp where account_id = $1`, v.rosa.ID) }
	who := v.colleague(omar, v.rosa.ID)
	if factors() != 1 || !who.Asked.Reset {
		t.Errorf("before it is confirmed: %d factors, %+v", factors(), who.Asked)
	}
	if err := v.ConfirmColleague(t.Context(), eva, nil, v.rosa.ID, who.Version(), true); !errors.Is(err, ErrOwn) {
		t.Errorf("who asked confirms: %v", err)
	}
	v.enters(v.rosa)
	v.enters(omar)
	page = v.get(path)
	for _, want := range []string{why[1], why[3], v.set.Text("es", "admin.people.waits_reset", map[string]any{"name": "Eva Vega"})} {
		if !strings.Contains(page.Body.String(), want) {
			t.Errorf("who confirms does not see %q", want)
		}
	}
	w = v.post(path, "do", "confirm_person", "key", v.value(page, "key"), "version", v.value(page, "version"))
	if w.Code != http.StatusSeeOther || factors() != 0 {
		t.Fatalf("confirmed: %d, %d factors\n%s", w.Code, factors(), w.Body)
	}
	if n := v.count(`select count(*) from open_sessions where account_id = $1`, v.rosa.ID); n != 0 {
		t.Errorf("%d sessions stay open", n)
	}
	if n := v.count(`select count(*) from accounts where id = $1 and password_sealed = '' and last_sign_in_at is null`, v.rosa.ID); n != 1 {
		t.Error("the former password stays") // the next second step would wait, or whoever knows the password adds it first
	}
	if roles := v.rolesOf(v.rosa.ID); !slices.Equal(roles, []Role{Read, Recover}) {
		t.Errorf("roles %v", roles)
	}
	if mails := v.mailsTo("rosa@desk.example"); !slices.Equal(mails, []string{"factor_removed", "staff_restarted"}) {
		t.Errorf("Rosa got %v", mails)
	}

	v.withApp(v.rosa.ID) // what is refused changes nothing
	if err := v.ResetColleague(t.Context(), eva, nil, v.rosa.ID, v.change(eva, v.rosa.ID)); err != nil {
		t.Fatal(err)
	}
	if err := v.ConfirmColleague(t.Context(), omar, nil, v.rosa.ID, v.colleague(omar, v.rosa.ID).Version(), false); err != nil || factors() != 1 {
		t.Errorf("refused: %v, %d factors", err, factors())
	}
	if asked := v.colleague(omar, v.rosa.ID).Asked; asked.Roles != nil {
		t.Errorf("refused, and still asked for: %+v", asked)
	}
}

// TestNewColleague: nobody has a role until a second administrator has confirmed it, and a refused person is gone.
func TestNewColleague(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	eva, omar := d.person("eva", Admin), d.person("omar", Admin)
	ask := AskPerson{NewPerson: NewPerson{Username: "nueva", Email: "nueva@desk.example", Name: " Nueva Persona ", Language: "en", Roles: []Role{Read, Recover}}, Reason: "Empieza el lunes", Ticket: "RH-8"}
	for name, c := range map[string]struct {
		change func(a *AskPerson)
		field  string
	}{
		"no name":        {func(a *AskPerson) { a.Name = " " }, "name"},
		"short username": {func(a *AskPerson) { a.Username = "x" }, "username"},
		"taken":          {func(a *AskPerson) { a.Username = "ROSA" }, "username"},
		"no address":     {func(a *AskPerson) { a.Email = "nueva" }, "email"},
		"a colleague's":  {func(a *AskPerson) { a.Email = " ROSA@desk.example" }, "email"},
		"hers, pasted":   {func(a *AskPerson) { a.Email = "Rosa <ROSA@desk.example>" }, "email"},
		"no role":        {func(a *AskPerson) { a.NewPerson.Roles = nil }, "roles"},
		"no reason":      {func(a *AskPerson) { a.Reason = "x" }, "reason"},
		"no case number": {func(a *AskPerson) { a.Ticket = "" }, "ticket"},
	} {
		bad := ask
		c.change(&bad)
		_, err := d.AddColleague(t.Context(), eva, nil, bad)
		if invalid, _ := errors.AsType[Invalid](err); invalid[c.field] == "" {
			t.Errorf("%s: %v, want an error of %s", name, err, c.field)
		}
	}
	once := &Once{Key: "k", Body: []byte("b")}
	id := must[uuid.UUID](t)(d.AddColleague(t.Context(), eva, once, ask))
	if again := must[uuid.UUID](t)(d.AddColleague(t.Context(), eva, once, ask)); again != id {
		t.Errorf("pressed twice: %s, want %s", again, id)
	}
	if p, err := d.Who(t.Context(), id, d.now()); !errors.Is(err, ErrNoRole) {
		t.Errorf("a new person has %v, %v", p.Roles, err)
	}
	if err := d.ConfirmColleague(t.Context(), omar, nil, id, d.colleague(omar, id).Version(), true); err != nil {
		t.Fatal(err)
	}
	if roles := d.rolesOf(id); !slices.Equal(roles, []Role{Read, Recover}) {
		t.Errorf("once confirmed they have %v", roles)
	}
	if mails := d.mailsTo("nueva@desk.example"); !slices.Equal(mails, []string{"staff_added"}) {
		t.Errorf("they got %v", mails)
	}
	if err := d.RemoveColleague(t.Context(), eva, nil, id, d.change(eva, id)); err != nil {
		t.Fatal(err)
	}
	if who := d.colleague(eva, id); !who.Former() || len(d.rolesOf(id)) != 0 {
		t.Errorf("removed: %+v", who.StaffRow)
	}

	ask.Username = "otra"
	id = must[uuid.UUID](t)(d.AddColleague(t.Context(), eva, nil, ask))
	if err := d.ConfirmColleague(t.Context(), omar, nil, id, d.colleague(omar, id).Version(), false); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Colleague(t.Context(), eva, id, d.now()); !errors.Is(err, ErrNotFound) {
		t.Errorf("refused: %v", err)
	}
}

// TestAdministratorsRemoveEachOther: at the same moment, and one of them stays.
func TestAdministratorsRemoveEachOther(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 4)
	eva, omar := d.person("eva", Admin), d.person("omar", Admin)
	asks := map[uuid.UUID]AskPerson{eva.ID: d.change(eva, omar.ID), omar.ID: d.change(omar, eva.ID)}
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i, pair := range [][2]Person{{eva, omar}, {omar, eva}} {
		both.Go(func() { errs[i] = d.RemoveColleague(t.Context(), pair[0], nil, pair[1].ID, asks[pair[0].ID]) })
	}
	both.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), ErrForbidden) {
		t.Errorf("RemoveColleague = %v, want one of them refused", errs)
	}
}

// TestEmergencyAndOwnRoles: an emergency account is the operator's, and nobody changes their own roles.
func TestEmergencyAndOwnRoles(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	eva := d.person("eva", Admin)
	sealed := must[Person](t)(d.AddPerson(t.Context(), NewPerson{Username: "emergencia", Email: "e@desk.example", Name: "Emergencia", Language: "es", Roles: Roles(), BreakGlass: true}, "test"))
	if _, err := d.SetColleague(t.Context(), eva, nil, sealed.ID, d.change(eva, sealed.ID, Read)); !errors.Is(err, ErrForbidden) {
		t.Errorf("an emergency account's roles: %v", err)
	}
	if _, err := d.SetColleague(t.Context(), eva, nil, eva.ID, d.change(eva, eva.ID, Admin, Audit)); !errors.Is(err, ErrOwn) {
		t.Errorf("their own roles: %v", err)
	}
	if err := d.RemoveColleague(t.Context(), eva, nil, eva.ID, d.change(eva, eva.ID)); !errors.Is(err, ErrOwn) {
		t.Errorf("themselves: %v", err)
	}
	d.later(freshness)
	if _, err := d.SetColleague(t.Context(), eva, nil, d.rosa.ID, d.change(eva, d.rosa.ID, Read)); !errors.Is(err, ErrStepUp) {
		t.Errorf("with an old sign-in: %v", err)
	}
}

// TestPeoplePages: an administrator adds somebody, another one confirms it, each by the console's forms alone; what a colleague
// looked at is on their page.
func TestPeoplePages(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	eva, omar := v.person("eva", Admin), v.person("omar", Admin)
	v.seen(v.rosa, v.maria.ID)
	v.enters(v.rosa)
	if w := v.get("/people"); w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), `href="/people"`) {
		t.Errorf("without the role: %d", w.Code)
	}
	v.enters(eva)
	page := v.get("/people/new")
	fields := []string{"key", v.value(page, "key"), "name", "Nueva Persona", "username", "nueva", "email", "nueva@desk.example", "language", "es", "reason", "Empieza el lunes", "ticket", "RH-8"}
	if w := v.post("/people/new", fields...); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `id="roles-error"`) {
		t.Errorf("without a role: %d", w.Code)
	}
	w := v.post("/people/new", append(fields, "role_recover", "yes")...)
	to := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/people/") {
		t.Fatalf("added: %d %s\n%s", w.Code, to, w.Body)
	}
	path, _, _ := strings.Cut(to, "?")
	page = v.get(to)
	if body := page.Body.String(); strings.Contains(body, `id="confirm"`) || !strings.Contains(body, "Eva Vega") {
		t.Errorf("who asked sees:\n%s", body)
	}
	v.enters(omar)
	page = v.get(path)
	if !strings.Contains(page.Body.String(), "nueva@desk.example") {
		t.Error("who confirms does not see where the first code goes")
	}
	for _, want := range []string{"Empieza el lunes", "RH-8"} {
		if !strings.Contains(page.Body.String(), want) {
			t.Errorf("who confirms does not see why: %s", want)
		}
	}
	w = v.post(path, "do", "confirm_person", "key", v.value(page, "key"), "version", v.value(page, "version"))
	if w.Code != http.StatusSeeOther {
		t.Fatalf("confirmed: %d\n%s", w.Code, w.Body)
	}
	if w := v.post(path, "do", "confirm_person", "key", "other", "version", v.value(page, "version")); w.Code != http.StatusConflict {
		t.Errorf("confirmed from the page of before: %d", w.Code)
	}
	page = v.get(path)
	if w := v.post(path, "do", "remove_person", "key", v.value(page, "key"), "version", v.value(page, "version"), "reason", "", "ticket", ""); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("removed without a reason: %d", w.Code)
	}
	other := v.value(page, "key") + "x" // of a second tab
	for _, key := range []string{v.value(page, "key"), other} {
		w = v.post(path, "do", "remove_person", "key", key, "version", v.value(page, "version"), "reason", "Se va de la agencia", "ticket", "RH-9")
		if gone := v.set.Text("es", "admin.people.gone", nil); key == other && (w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), gone)) {
			t.Errorf("removed in a second tab: %d without %q", w.Code, gone)
		}
	}
	if body := v.get("/people/" + v.rosa.ID.String()).Body.String(); !strings.Contains(body, v.set.Text("es", "admin.people.seen", map[string]any{"n": 1})) {
		t.Errorf("what Rosa looked at:\n%s", body)
	}
	for _, bad := range []string{"/people/" + uuid.NewString(), "/people/x"} {
		if w := v.get(bad); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
}
