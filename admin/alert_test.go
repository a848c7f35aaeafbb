package admin

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/audit"
	"huskyidp/members"
)

// raise records events that are alerts, each a second after the one before.
func (d *desk) raise(events ...audit.Event) {
	d.t.Helper()
	for _, e := range events {
		e.At = d.now()
		if err := d.audit.Record(d.t.Context(), e); err != nil {
			d.t.Fatal(err)
		}
		d.later(time.Second)
	}
}

func (d *desk) alertsOf(p Person, f AlertFilter) []Alert {
	d.t.Helper()
	return must[Alerts](d.t)(d.Alerts(d.t.Context(), p, f)).Rows
}

// TestAlertsAtTheDesk (S-62, S-74): alerts of one kind about the same account, app and person are one row; who has seen or handled it
// is kept, and a new one afterwards is a row of its own.
func TestAlertsAtTheDesk(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	eva, omar := d.person("eva", Admin), d.person("omar", Audit)
	replayed := audit.Event{Kind: audit.RefreshReplayed, AccountID: d.maria.ID.String(), ClientID: "portal"}
	limit := audit.Event{Kind: audit.StaffDenied, Reason: "limit", Actor: d.rosa.ID.String(), Subject: uuid.NewString()}
	d.raise(replayed, replayed, limit, audit.Event{Kind: audit.StaffDenied, Reason: "forbidden", Actor: d.rosa.ID.String()}, replayed)
	rows := d.alertsOf(eva, AlertFilter{})
	if len(rows) != 2 || rows[0].Name != "refresh_replayed" || rows[0].N != 3 || rows[0].Account != d.maria.ID || rows[0].Client != "portal" || !rows[0].First.Before(rows[0].Last) ||
		rows[1].Name != "staff_limit" || rows[1].Actor != d.rosa.ID || rows[1].Who != "Rosa Vega" {
		t.Fatalf("alerts %+v", rows)
	}
	if rows := d.alertsOf(omar, AlertFilter{Area: "desk"}); len(rows) != 1 || rows[0].Name != "staff_limit" {
		t.Errorf("of the desk: %+v", rows)
	}
	for _, p := range []Person{d.rosa, d.luis} {
		if _, err := d.Alerts(t.Context(), p, AlertFilter{}); !errors.Is(err, ErrForbidden) {
			t.Errorf("%s lists alerts: %v", p.Name, err)
		}
		if _, err := d.TakeAlert(t.Context(), p, nil, rows[0].ID, HandleAlert); !errors.Is(err, ErrForbidden) {
			t.Errorf("%s handles one: %v", p.Name, err)
		}
	}
	if _, err := d.TakeAlert(t.Context(), eva, nil, rows[0].ID, SeeAlert); err != nil {
		t.Fatal(err)
	}
	if rows := d.alertsOf(omar, AlertFilter{Area: "apps"}); len(rows) != 1 || rows[0].State != AlertSeen || rows[0].By != "Eva Vega" {
		t.Errorf("once seen: %+v", rows)
	}
	for range 2 { // pressed twice
		if _, err := d.TakeAlert(t.Context(), omar, nil, rows[0].ID, HandleAlert); err != nil {
			t.Fatal(err)
		}
	}
	var handled *HandledError
	if _, err := d.TakeAlert(t.Context(), eva, nil, rows[0].ID, HandleAlert); !errors.As(err, &handled) || handled.By != "Omar Vega" {
		t.Errorf("handled by another: %v", err)
	}
	d.exec(`update staff set name = 'Omar Vega' where name = 'Eva Vega'`) // two of one name
	eva.Name = "Omar Vega"
	if _, err := d.TakeAlert(t.Context(), eva, nil, rows[0].ID, HandleAlert); !errors.As(err, &handled) {
		t.Errorf("handled by another of the same name: %v", err)
	}
	if rows := d.alertsOf(eva, AlertFilter{Area: "apps"}); len(rows) != 0 {
		t.Errorf("once handled: %+v", rows)
	}
	open := d.alertsOf(eva, AlertFilter{})
	if state, err := d.TakeAlert(t.Context(), eva, nil, open[0].ID, ReopenAlert); err != nil || state != open[0].State || state == AlertSeen {
		t.Errorf("what nobody handled, opened again: %q (%v), before it was %q", state, err, open[0].State)
	}
	reopen := func(by Person, id uuid.UUID) {
		t.Helper()
		state, err := d.TakeAlert(t.Context(), by, nil, id, ReopenAlert)
		if err != nil || state != AlertSeen {
			t.Errorf("opened again: %s, %v", state, err)
		}
	}
	before := d.alertsOf(eva, AlertFilter{Show: "all"})
	if rows := d.alertsOf(eva, AlertFilter{Show: "handled"}); len(rows) != 1 || rows[0].N != 3 || rows[0].By != "Omar Vega" {
		t.Errorf("among the handled: %+v", rows)
	}
	reopen(eva, rows[0].ID) // a slip of the finger
	reopen(eva, rows[0].ID)
	if rows := d.alertsOf(eva, AlertFilter{Area: "apps"}); len(rows) != 1 || rows[0].N != 3 || rows[0].State != AlertSeen || rows[0].ByID != eva.ID {
		t.Errorf("once opened again: %+v", rows)
	}
	if after := d.alertsOf(eva, AlertFilter{Show: "all"}); len(after) != len(before) {
		t.Errorf("%d rows, before %d", len(after), len(before))
	}
	if _, err := d.TakeAlert(t.Context(), omar, nil, rows[0].ID, HandleAlert); err != nil {
		t.Fatal(err)
	}
	d.raise(replayed)
	if rows := d.alertsOf(eva, AlertFilter{Area: "apps"}); len(rows) != 1 || rows[0].N != 1 || rows[0].State != AlertOpen {
		t.Errorf("again: %+v", rows)
	}
	if n := len(d.alertsOf(eva, AlertFilter{Show: "all"})); n != 3 {
		t.Errorf("%d rows in all", n)
	}
	if n := d.count(`select count(*) from audit_events where kind = 'staff.decided' and actor = $1 and data @> '{"act": "handle_alert", "alert": "refresh_replayed"}'`, omar.ID.String()); n != 3 {
		t.Errorf("%d audit rows of handling", n)
	}

	// Nobody handles what they set off themselves, and nothing else is an alert.
	d.raise(audit.Event{Kind: audit.StaffDenied, Reason: "limit", Actor: eva.ID.String()}, audit.Event{Kind: audit.BreakGlass, Actor: omar.ID.String(), AccountID: omar.ID.String()})
	for _, row := range d.alertsOf(eva, AlertFilter{Area: "desk"}) {
		if row.Actor != d.rosa.ID {
			by := map[uuid.UUID]Person{eva.ID: eva, omar.ID: omar}[row.Actor]
			if _, err := d.TakeAlert(t.Context(), by, nil, row.ID, HandleAlert); !errors.Is(err, ErrOwn) {
				t.Errorf("%s handles their own: %v", by.Name, err)
			}
		}
	}
	other := uuid.UUID{}
	if err := d.db.From(t.Context()).QueryRow(t.Context(), `select id from audit_events where reason = 'forbidden' limit 1`).Scan(&other); err != nil {
		t.Fatal(err)
	}
	for _, id := range []uuid.UUID{other, uuid.New()} {
		if _, err := d.TakeAlert(t.Context(), eva, nil, id, HandleAlert); !errors.Is(err, ErrNotFound) {
			t.Errorf("what is no alert: %v", err)
		}
	}
	d.later(alertSpan)
	if rows := d.alertsOf(eva, AlertFilter{Show: "all"}); len(rows) != 0 {
		t.Errorf("after ninety days: %+v", rows)
	}
}

// TestLimitIsTold (S-62): who reaches a limit of the desk hears that the supervisor knows, and those who may read alerts get a mail.
func TestLimitIsTold(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	d.person("eva", Admin)
	d.person("omar", Audit)
	var limit *LimitError
	for range lookups.Count + 1 {
		if _, err := d.Find(t.Context(), d.rosa, ByUsername, "nadie"); errors.As(err, &limit) {
			break
		}
	}
	for address, want := range map[string]string{"eva@desk.example": "staff_alert", "omar@desk.example": "staff_alert", "luis@desk.example": "", "rosa@desk.example": ""} {
		if mails := strings.Join(d.mailsTo(address), " "); mails != want {
			t.Errorf("%s got %q, want %q", address, mails, want)
		}
	}
	if rows := d.alertsOf(d.person("ana", Admin), AlertFilter{}); len(rows) != 1 || rows[0].Who != "Rosa Vega" {
		t.Errorf("alerts %+v", rows)
	}
}

// TestLimitOfAMember: what nobody may do for one member right now is no alert of the person who tried it.
func TestLimitOfAMember(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	eva := d.person("eva", Admin)
	var limit *LimitError
	for range 2 { // codes a minute apart
		if _, err := d.Check(t.Context(), d.rosa, nil, d.maria.ID, SpokenCode, members.Card{}); err != nil && !errors.As(err, &limit) {
			t.Fatal(err)
		}
	}
	if act, outcome := d.last(); limit == nil || act != "verify" || outcome != "limit_member" {
		t.Errorf("the book says %s %s of %v", act, outcome, limit)
	}
	if rows, mails := d.alertsOf(eva, AlertFilter{}), d.mailsTo("eva@desk.example"); len(rows)+len(mails) != 0 {
		t.Errorf("alerts %+v, mails %v", rows, mails)
	}
}

// TestAlertsPage: the menu counts what nobody has handled, a row leads to the person or the member, a press comes back to the same
// selection, in a second tab as well.
func TestAlertsPage(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	eva, omar := v.person("eva", Admin), v.person("omar", Audit)
	v.enters(v.fresh(eva))
	if body := v.get("/alerts").Body.String(); !strings.Contains(body, v.set.Text("es", "admin.alert.empty_open", nil)) {
		t.Error("without alerts the page does not say so")
	}
	v.raise(audit.Event{Kind: audit.PasswordDisabled, AccountID: v.maria.ID.String()}, audit.Event{Kind: audit.StaffDenied, Reason: "limit", Actor: v.rosa.ID.String()})
	w := v.get("/alerts")
	for _, want := range []string{v.set.Text("es", "admin.nav.alerts", map[string]any{"n": 2}), `href="/people/` + v.rosa.ID.String(), `href="/members/` + v.maria.ID.String()} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page lacks %q:\n%s", want, w.Body)
		}
	}
	v.enters(v.fresh(omar))
	if body := v.get("/alerts").Body.String(); strings.Contains(body, `href="/members/`) {
		t.Error("an auditor, who may not look at members, is led to one")
	}
	newest := v.alertsOf(eva, AlertFilter{Area: "desk"})[0].ID.String()
	w = v.post("/alerts", "do", "handle_alert "+newest, "show", "all", "area", "desk")
	if want := "/alerts?" + (url.Values{"show": {"all"}, "area": {"desk"}}).Encode() + "&done=handle_alert"; w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
		t.Errorf("handled: %d to %s, want %s", w.Code, w.Header().Get("Location"), want)
	}
	v.enters(v.fresh(eva))
	if body := v.get("/alerts?show=handled").Body.String(); !strings.Contains(body, `value="reopen_alert `+newest+`"`) || strings.Contains(body, `value="handle_alert`) {
		t.Errorf("what is handled can only be opened again:\n%s", body)
	}
	v.get("/alerts")
	if w := v.post("/alerts", "do", "handle_alert "+newest); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "Omar Vega") {
		t.Errorf("handled by another: %d\n%s", w.Code, w.Body)
	}
	for _, do := range []string{"", "handle_alert", "handle_alert x", "disable " + newest, "handle_alert " + uuid.NewString()} {
		if w := v.post("/alerts", "do", do); w.Code != http.StatusNotFound {
			t.Errorf("%q: %d", do, w.Code)
		}
	}
	v.enters(v.rosa)
	if w := v.get("/alerts"); w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), `href="/alerts"`) {
		t.Errorf("an agent: %d", w.Code)
	}
}
