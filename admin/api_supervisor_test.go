package admin

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"huskyidp/internal/audit"
)

// decode reads a reply of the wanted status.
func decode[T any](t *testing.T, w *httptest.ResponseRecorder, status int) (v T) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("%d %s, want %d", w.Code, w.Body, status)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// refused checks the type of a problem, and returns what it says of it.
func refused(t *testing.T, w *httptest.ResponseRecorder, status int, code string) string {
	t.Helper()
	p := problemOf(t, w)
	if w.Code != status || p.Type != problemType+code {
		t.Errorf("%d %s, want %d %s", w.Code, w.Body, status, code)
	}
	return p.Detail
}

// TestAPIAlerts (S-62, S-74): a program lists alerts as the page does, by state and area, and takes care of them for its person.
func TestAPIAlerts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	eva, omar := b.person("eva", Admin), b.person("omar", Audit)
	evas, omars := b.access(eva, nil), b.access(omar, nil)
	list := func(token string, f alertsBody) alertsReply {
		t.Helper()
		return decode[alertsReply](t, b.call("POST", "/alerts/search", token, f), 200)
	}
	if all := list(evas, alertsBody{}); all.Total != 0 || all.Alerts == nil {
		t.Errorf("without alerts: %+v", all)
	}
	replayed := audit.Event{Kind: audit.CodeReplayed, AccountID: b.maria.ID.String(), ClientID: "portal"}
	b.raise(replayed, audit.Event{Kind: audit.StaffDenied, Reason: "limit", Actor: omar.ID.String()}, replayed)
	all := list(evas, alertsBody{Show: "open"})
	if all.Total != 2 || all.Alerts[0].Name != "code_replayed" || all.Alerts[0].Count != 2 || *all.Alerts[0].AccountID != b.maria.ID || all.Alerts[0].Own ||
		all.Alerts[1].Who != "Omar Vega" || *all.Alerts[1].ActorID != omar.ID {
		t.Fatalf("open: %+v", all)
	}
	if desk := list(omars, alertsBody{Area: "desk"}); desk.Total != 1 || !desk.Alerts[0].Own {
		t.Errorf("of the desk, by who set it off: %+v", desk)
	}
	if later := list(evas, alertsBody{Page: 1}); len(later.Alerts) != 0 {
		t.Errorf("the second page: %+v", later)
	}
	for _, wrong := range []alertsBody{{Show: "seen"}, {Area: "roster"}} {
		refused(t, b.call("POST", "/alerts/search", evas, wrong), 422, "invalid")
	}
	code, limit := "/alerts/"+all.Alerts[0].ID.String(), "/alerts/"+all.Alerts[1].ID.String()
	if done := decode[takenReply](t, b.call("POST", code+"/see", omars, emptyBody{}), 200); done.State != AlertSeen {
		t.Errorf("seen: %+v", done)
	}
	b.keys += 100
	key := b.keys
	for i := range 2 { // the same call again
		b.keys = key
		w := b.call("POST", code+"/handle", evas, emptyBody{})
		if done := decode[takenReply](t, w, 200); done.State != AlertHandled || (w.Header().Get("Idempotency-Replayed") == "true") != (i == 1) {
			t.Errorf("handled, call %d: %+v %v", i, done, w.Header())
		}
	}
	if n := b.count(`select count(*) from desk_entries where act = 'handle_alert' and outcome = 'done'`); n != 1 {
		t.Errorf("%d lines of the book, want one of the two calls", n)
	}
	if done := decode[takenReply](t, b.call("POST", code+"/see", evas, emptyBody{}), 200); done.State != AlertHandled {
		t.Errorf("seen once it is handled: %+v", done)
	}
	if by := refused(t, b.call("POST", code+"/handle", omars, emptyBody{}), 409, "handled"); by != "Eva Vega" {
		t.Errorf("handled by %q", by)
	}
	refused(t, b.call("POST", limit+"/handle", omars, emptyBody{}), 403, "own_request")
	refused(t, b.call("POST", "/alerts/"+uuid.NewString()+"/handle", omars, emptyBody{}), 404, "not_found")
	if handled := list(omars, alertsBody{Show: "handled"}); handled.Total != 1 || handled.Alerts[0].State != AlertHandled || handled.Alerts[0].By != "Eva Vega" {
		t.Errorf("handled: %+v", handled)
	}
}

// TestAPIPeople (S-61, S-64): an administrator adds a person by program, another confirms; roles are taken and given; who leaves is
// among the former.
func TestAPIPeople(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	evas, omars := b.access(b.person("eva", Admin), nil), b.access(b.person("omar", Admin), nil)
	const reason, ticket = "Cambio de puesto desde hoy", "RH-7"
	ana := newPersonBody{"Ana Díaz", "ana", "ana@desk.example", "en", []Role{Recover}, reason, ticket}
	wrong := ana
	wrong.Language = "xx"
	refused(t, b.call("POST", "/people", evas, wrong), 422, "invalid")
	wrong = ana
	wrong.Roles = []Role{"root"}
	refused(t, b.call("POST", "/people", evas, wrong), 422, "invalid")
	added := decode[changeReply](t, b.call("POST", "/people", evas, ana), 202)
	if added.State != Asked {
		t.Errorf("added: %+v", added)
	}
	path := "/people/" + added.ID.String()
	look := func(token string) colleagueReply {
		t.Helper()
		return decode[colleagueReply](t, b.call("GET", path, token, nil), 200)
	}
	who := look(omars)
	if a := who.Person.Asked; a == nil || a.Act != SetRoles || !slices.Equal(a.Roles, []Role{Recover}) || a.By != "Eva Vega" || a.Own || a.Reason != reason || a.Ticket != ticket || len(who.Person.Roles) != 0 {
		t.Fatalf("once added: %+v", who.Person)
	}
	if a := look(evas).Person.Asked; a == nil || !a.Own {
		t.Errorf("to who asked: %+v", a)
	}
	refused(t, b.call("POST", path+"/acts/confirm_person", evas, confirmBody{who.Version}), 403, "own_request")
	refused(t, b.call("POST", path+"/acts/confirm_person", omars, confirmBody{"older"}), 409, "conflict")
	if done := decode[changeReply](t, b.call("POST", path+"/acts/confirm_person", omars, confirmBody{who.Version}), 200); done.State != Done {
		t.Errorf("confirmed: %+v", done)
	}
	refused(t, b.call("POST", path+"/acts/confirm_person", omars, confirmBody{look(omars).Version}), 409, "decided")
	refused(t, b.call("POST", path+"/acts/reset_person", omars, colleagueBody{reason, ticket, look(omars).Version}), 409, "conflict") // no second step yet

	set := func(status int, roles ...Role) changeReply {
		t.Helper()
		return decode[changeReply](t, b.call("POST", path+"/acts/set_roles", omars, rolesBody{roles, reason, ticket, look(omars).Version}), status)
	}
	if done := set(202, Approve); done.State != TakenAsked {
		t.Errorf("other roles: %+v", done)
	}
	if done := set(200, Read); done.State != Done || !done.Replaced {
		t.Errorf("fewer roles: %+v", done)
	}
	refused(t, b.call("POST", path+"/acts/set_roles", omars, rolesBody{nil, reason, ticket, look(omars).Version}), 422, "invalid")
	decode[changeReply](t, b.call("POST", path+"/acts/remove_person", evas, colleagueBody{reason, ticket, look(evas).Version}), 200)
	list := decode[peopleReply](t, b.call("GET", "/people", evas, nil), 200)
	named := func(people []personReply, name string) bool {
		return slices.ContainsFunc(people, func(p personReply) bool { return p.Name == name && p.RemovedAt.IsZero() == (name != "Ana Díaz") })
	}
	if !named(list.People, "Omar Vega") || named(list.People, "Ana Díaz") || !named(list.Former, "Ana Díaz") {
		t.Errorf("people %+v", list)
	}
	refused(t, b.call("POST", path+"/acts/set_roles", omars, rolesBody{[]Role{Read}, reason, ticket, look(omars).Version}), 404, "not_found")
	if entries := decode[colleagueReply](t, b.call("GET", "/people/"+b.rosa.ID.String(), evas, nil), 200).Entries; entries == nil {
		t.Error("a person who did nothing has no list of entries")
	}
}

// TestAPIFigures: the figures of the pages, as documents.
func TestAPIFigures(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.access(b.person("eva", Admin), nil)
	b.refer("a", "password", "es")
	today := b.now().In(b.zone).Format(day)
	days := decode[figuresReply](t, b.call("POST", "/figures", token, figuresBody{today, today}), 200).Days
	if len(days) != 1 || days[0].Day != today || len(days[0].Help) != 1 || days[0].Help[0].Need != "password" || days[0].Help[0].Asked != 1 || days[0].Locks == nil || days[0].Registrations == nil {
		t.Errorf("figures %+v", days)
	}
	for _, wrong := range []figuresBody{{}, {today, "2026-13-01"}, {"2001-01-01", today}} {
		refused(t, b.call("POST", "/figures", token, wrong), 422, "invalid")
	}
	if text := b.call("POST", "/figures/apps", token, yearBody{b.now().Year()}).Body.String(); !strings.Contains(text, `"access":{"members":0,`) {
		t.Errorf("figures of apps: %s", text)
	}
	refused(t, b.call("POST", "/figures/apps", token, yearBody{1999}), 422, "invalid")
}
