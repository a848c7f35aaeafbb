package admin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestNotSavedYet (S-20): each form that was pressed with an old sign-in comes back with the words that nothing is done yet, and which
// button to press again.
func TestNotSavedYet(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	boss := v.person("eva", Admin, Audit, Approve, Recover)
	omar := v.person("omar", Admin)
	must[State](t)(v.SetColleague(t.Context(), omar, nil, v.luis.ID, v.change(omar, v.luis.ID, Approve, Audit)))
	v.verify(v.rosa, v.maria.ID, InPerson)
	ask := v.asking(v.maria.ID)
	ask.Email = "nueva@example.org"
	asked := must[Outcome](t)(v.Do(t.Context(), v.fresh(v.rosa), nil, v.maria.ID, ChangeEmail, ask))
	member, rosa, luis := "/members/"+v.maria.ID.String(), "/people/"+v.rosa.ID.String(), "/people/"+v.luis.ID.String()
	why := []string{"reason", "Cambio de puesto desde hoy", "ticket", "RH-7"}
	for _, c := range []struct {
		path, button string
		form         []string
	}{
		{member + "/acts/send_username", "admin.act.send_username", why},
		{approvalsPath + "/" + asked.RequestID.String(), "admin.approval.approve", []string{"decide", "approve"}},
		{approvalsPath + "/" + asked.RequestID.String(), "admin.approval.refuse", []string{"decide", "refuse", "reason", "No es la persona que dice"}},
		{"/people/new", "admin.act.add_person", append([]string{"name", "Nueva", "username", "nueva", "email", "n@example.org", "role_read", "yes"}, why...)},
		{rosa, "admin.people.save", append([]string{"do", "set_roles", "role_read", "yes"}, why...)},
		{rosa, "admin.act.remove_person", append([]string{"do", "remove_person"}, why...)},
		{luis, "admin.people.confirm", []string{"do", "confirm_person"}},
		{luis, "admin.approval.refuse", []string{"do", "refuse_person"}},
		{auditPath, "admin.act.export_audit", append([]string{"from", "2026-11-01", "to", "2026-11-02"}, why...)},
	} {
		v.enters(v.fresh(boss))
		page := v.get(c.path)
		if page.Code != http.StatusOK {
			t.Fatalf("%s: %d", c.path, page.Code)
		}
		fields := c.form
		for _, name := range []string{"key", "version"} {
			if strings.Contains(page.Body.String(), `name="`+name+`"`) {
				fields = append(fields, name, v.value(page, name))
			}
		}
		v.later(freshness)
		if w := v.post(c.path, fields...); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/signin?") {
			t.Fatalf("%s after five minutes: %d to %s", c.button, w.Code, w.Header().Get("Location"))
		}
		v.enters(v.fresh(boss)) // comes back from the provider
		want := `<div class="notice warn" role="alert">`
		text := strings.ReplaceAll(v.set.Text("es", "admin.kept.press", map[string]any{"button": v.set.Text("es", c.button, nil)}), `"`, "&#34;")
		if body := v.get(c.path).Body.String(); !strings.Contains(body, want) || !strings.Contains(body, text) {
			t.Errorf("%s comes back without the words %q", c.button, text)
		}
		if body := v.get(c.path).Body.String(); strings.Contains(body, want) {
			t.Errorf("%s: still not saved on the page of afterwards", c.button)
		}
	}
	if roles := v.rolesOf(v.rosa.ID); len(roles) != 2 {
		t.Errorf("Rosa has %v", roles)
	}
}

// TestPressedAfterTheSession: a button without a text, pressed when the session is over, is not taken for done either.
func TestPressedAfterTheSession(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	eva, omar := v.person("eva", Admin), v.person("omar", Admin)
	must[State](t)(v.SetColleague(t.Context(), eva, nil, v.luis.ID, v.change(eva, v.luis.ID, Approve, Audit)))
	v.enters(omar)
	path := "/people/" + v.luis.ID.String()
	page := v.get(path)
	v.later(consoleIdle + time.Minute)
	w := v.post(path, "do", "confirm_person", "key", v.value(page, "key"), "version", v.value(page, "version"))
	if want := "/?" + (url.Values{"return": {path}, "said": {"press"}}).Encode(); w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
		t.Errorf("pressed after the session: %d to %s, want %s", w.Code, w.Header().Get("Location"), want)
	}
	v.enters(v.fresh(omar))
	text := v.set.Text("es", "admin.kept.press", map[string]any{"button": v.set.Text("es", "admin.people.confirm", nil)})
	if body := v.get(path).Body.String(); !strings.Contains(body, text) {
		t.Errorf("the page comes back without %q", text)
	}
	if roles := v.rolesOf(v.luis.ID); len(roles) != 1 {
		t.Errorf("it was done: %v", roles)
	}
}

// TestRolesTakenFromSomebodyAtWork: their case is free at that moment, and the form that they were typing says that the roles changed
// and shows what they wrote; with all roles gone as well. What was written is back in its place once the role is.
func TestRolesTakenFromSomebodyAtWork(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	eva, ana := v.person("eva", Admin), v.person("ana", Recover)
	v.signedIn()
	mine, theirs := v.refer("a", "password", "es"), v.refer("b", "password", "es")
	must[Matter](t)(v.HelpWith(t.Context(), v.rosa, nil, mine, Helping{Act: TakeCase}))
	must[Matter](t)(v.HelpWith(t.Context(), ana, nil, theirs, Helping{Act: TakeCase}))
	must[Matter](t)(v.HelpWith(t.Context(), ana, nil, theirs, Helping{Act: HandOver, Version: 1, To: v.rosa.ID}))
	v.enters(v.rosa)
	page := v.get("/queue/" + mine)
	fields := []string{"do", "note_case", "key", v.value(page, "key"), "version", v.value(page, "version"), "note", "Llama otra vez <mañana>"}
	must[State](t)(v.SetColleague(t.Context(), eva, nil, v.rosa.ID, v.change(eva, v.rosa.ID, Read)))
	if refs := v.waiting(ana, Filter{Show: ShowFree}); len(refs) != 2 {
		t.Errorf("free are %v", refs)
	}
	w := v.post("/queue/"+mine, fields...)
	for _, want := range []string{v.set.Text("es", "admin.denied.title", nil), "Llama otra vez &lt;mañana&gt;", `href="/search"`} {
		if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), want) {
			t.Errorf("the note: %d without %q", w.Code, want)
		}
	}
	freed := v.set.Text("es", "admin.queue.whose_freed", map[string]any{"name": "Rosa Vega"})
	if body := v.get("/queue/" + mine).Body.String(); !strings.Contains(body, freed) {
		t.Errorf("the case does not say %q", freed)
	}
	if err := v.SetRoles(t.Context(), v.rosa.ID, []Role{Recover}, "test"); err != nil {
		t.Fatal(err)
	}
	if body := v.get("/queue/" + mine).Body.String(); !strings.Contains(body, "Llama otra vez &lt;mañana&gt;</textarea>") {
		t.Error("the note is gone once the role is back")
	}
	must[Matter](t)(v.HelpWith(t.Context(), v.rosa, nil, mine, Helping{Act: TakeCase, Version: 2}))
	if err := v.RemovePerson(t.Context(), v.rosa.ID, "test"); err != nil {
		t.Fatal(err)
	}
	if refs := v.waiting(ana, Filter{Show: ShowFree}); len(refs) != 2 {
		t.Errorf("once Rosa is gone, free are %v", refs)
	}
	if m := must[Matter](t)(v.HelpWith(t.Context(), ana, nil, mine, Helping{Act: TakeCase, Version: 4})); m.StaffID != ana.ID {
		t.Errorf("taken: %+v", m.Help)
	}

	// All roles gone, the sign-in still open.
	v.enters(v.luis)
	v.get("/logout") // any page with a form
	must[State](t)(v.SetColleague(t.Context(), eva, nil, v.luis.ID, v.change(eva, v.luis.ID, Audit)))
	if w := v.post(approvalsPath+"/"+uuid.NewString(), "decide", "refuse", "reason", "No es la persona que dice"); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "No es la persona que dice") {
		t.Errorf("with no role left: %d\n%s", w.Code, w.Body)
	}
}

// signedIn marks everybody of the desk as having worked before.
func (d *desk) signedIn() {
	d.exec(`update accounts set last_sign_in_at = created_at where id in (select account_id from staff)`)
}

// TestHelpersAreThoseWhoWorkHere: equal names are told apart, and nobody is offered who never signed in or no longer can.
func TestHelpersAreThoseWhoWorkHere(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	eva, never := d.person("eva", Recover), d.person("ana", Recover)
	twins := []uuid.UUID{}
	for _, username := range []string{"luis.prado", "luis.prado2"} {
		p := must[Person](t)(d.AddPerson(t.Context(), NewPerson{Username: username, Email: username + "@desk.example", Name: "Luis Prado", Language: "es", Roles: []Role{Recover}}, "test"))
		twins = append(twins, p.ID)
	}
	d.signedIn()
	d.exec(`update accounts set last_sign_in_at = null where id = '` + never.ID.String() + `'`)
	ref := d.refer("a", "password", "es")
	must[Matter](t)(d.HelpWith(t.Context(), d.rosa, nil, ref, Helping{Act: TakeCase}))
	want := []Helper{{eva.ID, "Eva Vega", ""}, {twins[0], "Luis Prado", "luis.prado"}, {twins[1], "Luis Prado", "luis.prado2"}}
	if c := must[Case](t)(d.OpenCase(t.Context(), d.rosa, ref)); len(c.Helpers) != 3 || c.Helpers[0] != want[0] || c.Helpers[1] != want[1] || c.Helpers[2] != want[2] {
		t.Errorf("helpers %+v, want %+v", c.Helpers, want)
	}
	d.exec(`update accounts set status = 'disabled' where id = '` + eva.ID.String() + `'`)
	if c := must[Case](t)(d.OpenCase(t.Context(), d.rosa, ref)); len(c.Helpers) != 2 {
		t.Errorf("a closed account is offered: %+v", c.Helpers)
	}
}

// TestRemovedAtWork: who was removed from the desk, which ends the sign-in too, is told so at the next click, and not to sign in and go on;
// what they wrote is shown, and kept for nobody.
func TestRemovedAtWork(t *testing.T) {
	t.Parallel()
	for _, isForm := range []bool{true, false} {
		v := newVisitor(t)
		v.signedIn()
		ref := v.refer("a", "password", "es")
		must[Matter](t)(v.HelpWith(t.Context(), v.rosa, nil, ref, Helping{Act: TakeCase}))
		v.enters(v.rosa)
		page := v.get("/queue/" + ref)
		fields := []string{"do", "note_case", "key", v.value(page, "key"), "version", v.value(page, "version"), "note", "Llama otra vez <mañana>"}
		if err := v.RemovePerson(t.Context(), v.rosa.ID, "test"); err != nil {
			t.Fatal(err)
		}
		words := []string{"admin.denied.title", "admin.denied.body"}
		click := func() *httptest.ResponseRecorder { return v.post("/queue/"+ref, fields...) }
		if !isForm {
			words = []string{"admin.signin.no_role"}
			click = func() *httptest.ResponseRecorder { return v.get("/queue") }
		}
		w := click()
		for _, key := range words {
			if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), v.set.Text("es", key, nil)) {
				t.Errorf("form %t: %d to %q without %s", isForm, w.Code, w.Header().Get("Location"), key)
			}
		}
		if isForm && !strings.Contains(w.Body.String(), "Llama otra vez &lt;mañana&gt;") {
			t.Error("what was written is gone")
		}
		if n := v.count(`select count(*) from console_sessions where draft is not null`); n != 0 {
			t.Errorf("form %t: %d forms are kept", isForm, n)
		}
		if w := v.get("/queue"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/?return=%2Fqueue" {
			t.Errorf("form %t, afterwards: %d to %q", isForm, w.Code, w.Header().Get("Location"))
		}
	}
}
