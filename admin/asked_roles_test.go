package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"huskyidp/templates"
)

// TestResetOutlivesRoles: a request that a colleague begins anew goes on when roles are saved, and is about the roles that they have then.
// Roles that need a second administrator wait for its end, and so does another request.
func TestResetOutlivesRoles(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	eva, omar := d.person("eva", Admin), d.person("omar", Admin)
	d.withApp(d.rosa.ID)
	if err := d.ResetColleague(t.Context(), eva, nil, d.rosa.ID, d.change(eva, d.rosa.ID)); err != nil {
		t.Fatal(err)
	}
	_, err := d.SetColleague(t.Context(), eva, nil, d.rosa.ID, d.change(eva, d.rosa.ID, Read, Recover))
	if invalid, _ := errors.AsType[Invalid](err); invalid["roles"] != "roles_same" {
		t.Errorf("the same roles: %v", err)
	}
	for name, err := range map[string]error{
		"roles that eva gives":      second(d.SetColleague(t.Context(), eva, nil, d.rosa.ID, d.change(eva, d.rosa.ID, Read, Recover, Audit))),
		"roles that omar exchanges": second(d.SetColleague(t.Context(), omar, nil, d.rosa.ID, d.change(omar, d.rosa.ID, Read, Audit))),
		"to begin anew, again":      d.ResetColleague(t.Context(), omar, nil, d.rosa.ID, d.change(omar, d.rosa.ID)),
	} {
		if waits, ok := errors.AsType[*PendingError](err); !ok || waits.Act != ResetPerson || waits.Name != "Eva Vega" {
			t.Errorf("%s: %v, want what waits", name, err)
		}
	}
	if state := must[State](t)(d.SetColleague(t.Context(), omar, nil, d.rosa.ID, d.change(omar, d.rosa.ID, Read))); state != Done {
		t.Errorf("taken away: %s", state)
	}
	if err := d.SetRoles(t.Context(), d.rosa.ID, []Role{Read, Recover, Audit}, "operator"); err != nil {
		t.Fatal(err)
	}
	who := d.colleague(omar, d.rosa.ID)
	if asked := who.Asked; !asked.Open(d.now()) || !asked.Reset || asked.By != eva.ID || asked.Reason == "" || asked.Ticket != "RH-7" {
		t.Fatalf("what waited is gone: %+v", asked)
	}
	if err := d.ConfirmColleague(t.Context(), omar, nil, d.rosa.ID, who.Version(), true); err != nil {
		t.Fatal(err)
	}
	if n := d.count(`select count(*) from account_totp where account_id = $1`, d.rosa.ID); n != 0 || !slices.Equal(d.rolesOf(d.rosa.ID), who.Roles) {
		t.Errorf("confirmed: %d factors, roles %v", n, d.rolesOf(d.rosa.ID))
	}
	if asked := d.colleague(omar, d.rosa.ID).Asked; asked.Roles != nil {
		t.Errorf("confirmed, and still asked for: %+v", asked)
	}
}

func second[T any](_ T, err error) error { return err }

// TestRolesThatWaitAreReplaced: the page says so before and after, whoever asked is told, and nobody is told of roles that did not change.
func TestRolesThatWaitAreReplaced(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	eva, omar := v.person("eva", Admin), v.person("omar", Admin)
	must[State](t)(v.SetColleague(t.Context(), eva, nil, v.rosa.ID, v.change(eva, v.rosa.ID, Read, Recover, Audit)))
	path := "/people/" + v.rosa.ID.String()
	v.enters(eva)
	page := v.get(path)
	if !strings.Contains(page.Body.String(), v.text("admin.people.roles_replace", nil)) {
		t.Errorf("the page does not say what becomes of the request:\n%s", page.Body)
	}
	w := v.post(path, "do", "set_roles", "key", v.value(page, "key"), "version", v.value(page, "version"), "role_read", "yes", "role_recover", "yes", "reason", "Fue un error mío", "ticket", "RH-8")
	if body := v.get(w.Header().Get("Location")).Body.String(); !strings.Contains(body, v.text("admin.people.done_replaced_roles", nil)) {
		t.Errorf("%d, and the page does not say what became of the request:\n%s", w.Code, body)
	}
	if mails := v.mailsTo("rosa@desk.example"); len(mails) != 0 {
		t.Errorf("Rosa, whose roles did not change, got %v", mails)
	}
	must[State](t)(v.SetColleague(t.Context(), eva, nil, v.rosa.ID, v.change(eva, v.rosa.ID, Read, Recover, Audit)))
	if state := must[State](t)(v.SetColleague(t.Context(), omar, nil, v.rosa.ID, v.change(omar, v.rosa.ID, Read))); state != Replaced {
		t.Errorf("state %s", state)
	}
	if mails := v.mailsTo("eva@desk.example"); !slices.Contains(mails, "staff_refused") {
		t.Errorf("who asked got %v", mails)
	}
}

// TestWithdrawColleague: whoever asked for something about a colleague takes it back; a second press changes nothing and says so.
func TestWithdrawColleague(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	eva, omar := v.person("eva", Admin), v.person("omar", Admin)
	v.withApp(v.rosa.ID)
	newcomer := AskPerson{NewPerson: NewPerson{Username: "nueva", Email: "nueva@desk.example", Name: "Nueva Persona", Language: "en", Roles: []Role{Read}}, Reason: "Empieza el lunes", Ticket: "RH-8"}
	for name, ask := range map[string]func() uuid.UUID{
		"roles": func() uuid.UUID {
			must[State](t)(v.SetColleague(t.Context(), eva, nil, v.rosa.ID, v.change(eva, v.rosa.ID, Read, Recover, Audit)))
			return v.rosa.ID
		},
		"to begin anew": func() uuid.UUID {
			if err := v.ResetColleague(t.Context(), eva, nil, v.rosa.ID, v.change(eva, v.rosa.ID)); err != nil {
				t.Fatal(err)
			}
			return v.rosa.ID
		},
		"somebody new": func() uuid.UUID { return must[uuid.UUID](t)(v.AddColleague(t.Context(), eva, nil, newcomer)) },
	} {
		id := ask()
		path := "/people/" + id.String()
		if err := v.WithdrawColleague(t.Context(), omar, nil, id); !errors.Is(err, ErrConflict) {
			t.Errorf("%s: withdrawn by somebody else: %v", name, err)
		}
		v.enters(omar)
		if body := v.get(path).Body.String(); strings.Contains(body, `id="withdraw"`) {
			t.Errorf("%s: offered to somebody else", name)
		}
		v.enters(eva)
		page := v.get(path)
		if !strings.Contains(page.Body.String(), `id="withdraw"`) {
			t.Fatalf("%s: not offered to who asked:\n%s", name, page.Body)
		}
		for _, press := range []string{"first", "the same form again"} {
			w := v.post(path, "do", "withdraw_request", "key", v.value(page, "key"), "version", v.value(page, "version"))
			if body := v.get(w.Header().Get("Location")).Body.String(); w.Code != http.StatusSeeOther || !strings.Contains(body, v.text("admin.people.done_withdraw_request", nil)) {
				t.Errorf("%s, %s: %d\n%s", name, press, w.Code, body)
			}
		}
		want := map[bool]string{true: "admin.people.gone", false: "admin.people.nothing_withdrawn"}[id != v.rosa.ID]
		if w := v.post(path, "do", "withdraw_request", "key", "of another tab", "version", v.value(page, "version")); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), v.text(want, templates.Args{})) {
			t.Errorf("%s, from another tab: %d\n%s", name, w.Code, w.Body)
		}
	}
	if who := v.colleague(eva, v.rosa.ID); who.Asked.Roles != nil || !slices.Equal(who.Roles, []Role{Read, Recover}) {
		t.Errorf("afterwards: %+v", who.StaffRow)
	}
	if n := v.count(`select count(*) from desk_entries where act = 'withdraw_request' and outcome = 'done'`); n != 3 {
		t.Errorf("the book has %d", n)
	}
	if mails := v.mailsTo("eva@desk.example"); len(mails) != 0 {
		t.Errorf("who withdrew got %v", mails)
	}
}

// TestNothingWaitsAfterAReload: a page that is read again within minutes does not say that something waits which was decided meanwhile.
func TestNothingWaitsAfterAReload(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	eva, omar := v.person("eva", Admin), v.person("omar", Admin)
	v.withApp(v.rosa.ID)
	path := "/people/" + v.rosa.ID.String()
	for name, fields := range map[string][]string{
		"admin.people.done_asked_roles":       {"do", "set_roles", "role_read", "yes", "role_recover", "yes", "role_audit", "yes"},
		"admin.people.done_taken_asked_roles": {"do", "set_roles", "role_read", "yes", "role_approve", "yes"},
	} {
		if err := v.SetRoles(t.Context(), v.rosa.ID, []Role{Read, Recover}, "test"); err != nil {
			t.Fatal(err)
		}
		v.enters(eva)
		page := v.get(path)
		to := v.post(path, append(fields, "key", v.value(page, "key"), "version", v.value(page, "version"), "reason", "Cambio de puesto", "ticket", "RH-9")...).Header().Get("Location")
		said := v.text(name, nil)
		for range 2 {
			if body := v.get(to).Body.String(); !strings.Contains(body, said) {
				t.Errorf("%s is not said:\n%s", name, body)
			}
		}
		if err := v.ConfirmColleague(t.Context(), omar, nil, v.rosa.ID, v.colleague(omar, v.rosa.ID).Version(), false); err != nil {
			t.Fatal(err)
		}
		if body := v.get(to).Body.String(); strings.Contains(body, said) {
			t.Errorf("%s is said once it is decided", name)
		}
	}
}

// TestCaseThatIsNoLongerTheirs: the same of a case that was taken and then handed over in another tab.
func TestCaseThatIsNoLongerTheirs(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.signedIn()
	ref := v.refer("a", "password", "es")
	v.enters(v.rosa)
	page := v.get(queuePath + "/" + ref)
	to := v.post(queuePath+"/"+ref, "do", "take_case", "key", v.value(page, "key"), "version", v.value(page, "version")).Header().Get("Location")
	said := v.text("admin.queue.take_case", nil)
	if body := v.get(to).Body.String(); !strings.Contains(body, said) {
		t.Fatalf("not said:\n%s", body)
	}
	must[Matter](t)(v.HelpWith(t.Context(), v.rosa, nil, ref, Helping{Act: HandOver, Version: 1}))
	if body := v.get(to).Body.String(); strings.Contains(body, said) {
		t.Errorf("still said:\n%s", body)
	}
}
