package admin

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
)

// TestVerificationLapsesWhileTyping: the form of an act outlives the caller's verification, leads to another one, and comes back
// with what was typed.
func TestVerificationLapsesWhileTyping(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.rosa)
	member := "/members/" + v.maria.ID.String()
	path, verify := member+"/acts/change_email", member+"/verify"
	link := `form="page-form" name="verify" value="first"`
	page := v.get(path)
	if !strings.Contains(page.Body.String(), link) {
		t.Errorf("nobody is verified, and the page does not say so:\n%s", page.Body)
	}
	w := v.post(path, "email", "nueva@", "reason", "Llama desde la of", "verify", "first", "version", v.value(page, "version"), "key", v.value(page, "key"))
	if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || to != verify+"?act=change_email" {
		t.Fatalf("verify first: %d to %s", w.Code, to)
	}
	page = v.get(path)
	for _, text := range []string{`value="nueva@"`, "Llama desde la of<", v.set.Text("es", "admin.kept.press", map[string]any{"button": v.set.Text("es", "admin.act.change_email", nil)})} {
		if !strings.Contains(page.Body.String(), text) {
			t.Errorf("the form that was left for the verification came back without %q", text)
		}
	}
	v.verifies("method", "in_person", "say-in_person-1", "yes", "say-in_person-2", "yes", "do", "save")
	page = v.get(path)
	if strings.Contains(page.Body.String(), link) {
		t.Error("verified, and the page asks for it")
	}
	v.later(14 * time.Minute)
	v.get(searchPath)
	v.later(2 * time.Minute)
	typed := []string{"email", "nueva@example.org", "reason", "Perdió el acceso a ese correo", "ticket", "HD-31", "version", v.value(page, "version"), "key", v.value(page, "key")}
	v.stepsUp(v.rosa)
	w = v.post(path, typed...)
	if body := w.Body.String(); w.Code != http.StatusUnprocessableEntity || !strings.Contains(body, link) || !strings.Contains(body, "HD-31") {
		t.Fatalf("%d\n%s", w.Code, body)
	}
	page = v.get(verify + "?act=change_email")
	if !strings.Contains(page.Body.String(), `href="`+path+`"`) {
		t.Error("no way back to the form")
	}
	w = v.post(verify, "method", "in_person", "say-in_person-1", "yes", "say-in_person-2", "yes", "do", "save", "act", "change_email", "key", v.value(page, "key"))
	if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || to != path+"?caller=saved" {
		t.Fatalf("verified: %d to %s", w.Code, to)
	}
	body := v.get(path).Body.String()
	for _, text := range []string{"nueva@example.org", "Perdió el acceso a ese correo", "HD-31"} {
		if !strings.Contains(body, text) {
			t.Errorf("the form came back without %q", text)
		}
	}
	w = v.post(verify, "method", "none", "do", "save", "act", "change_email", "key", v.value(v.get(verify+"?act=change_email"), "key"))
	if to := w.Header().Get("Location"); to != member+"?caller=unverified" {
		t.Errorf("not verified: to %s", to)
	}
	for _, act := range []string{"no_act", "set_roles", "../../search", "disable"} { // disable is not rosa's
		if body := v.get(verify + "?act=" + act).Body.String(); strings.Contains(body, "acts/"+act) || strings.Contains(body, `name="act"`) {
			t.Errorf("the page of the caller leads to %s", act)
		}
	}
}

// TestStateIsAnObstacle: the desk reads why a member with a protected or deactivated account cannot get in.
func TestStateIsAnObstacle(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	for _, status := range []accounts.Status{accounts.Protected, accounts.Disabled, accounts.Active} {
		if _, err := d.db.From(t.Context()).Exec(t.Context(), `update accounts set status = $2 where id = $1`, d.maria.ID, status); err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, o := range d.seen(d.rosa, d.maria.ID).Obstacles {
			kinds = append(kinds, o.Kind)
		}
		want := map[accounts.Status]string{accounts.Protected: "state_protected", accounts.Disabled: "state_disabled"}[status]
		if got := strings.Join(kinds, " "); got != want {
			t.Errorf("%s: obstacles %q, want %q", status, got, want)
		}
	}
}

// TestSameRoles: roles that somebody has already are no change, and nothing came between.
func TestSameRoles(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	boss := v.person("eva", Admin)
	v.enters(v.fresh(boss))
	path := "/people/" + v.rosa.ID.String()
	page := v.get(path)
	form := []string{"do", "set_roles", "reason", "Cambio de puesto desde hoy", "ticket", "RH-9", "version", v.value(page, "version"), "key", v.value(page, "key")}
	for _, role := range v.rosa.Roles {
		form = append(form, "role_"+string(role), "yes")
	}
	if w := v.post(path, form...); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), v.text("admin.people.roles_same", nil)) {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
}

// TestNobodyConfirms: the only administrator reads that nobody is there to confirm what was asked for.
func TestNobodyConfirms(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	eva := v.person("eva", Admin)
	must[State](t)(v.SetColleague(t.Context(), eva, nil, v.luis.ID, v.change(eva, v.luis.ID, Approve, Admin)))
	v.enters(eva)
	path := "/people/" + v.luis.ID.String()
	if body := v.get(path).Body.String(); !strings.Contains(body, v.text("admin.people.nobody", nil)) {
		t.Errorf("the page does not say that nobody can confirm it:\n%s", body)
	}
	v.person("omar", Admin)
	if body := v.get(path).Body.String(); strings.Contains(body, v.text("admin.people.nobody", nil)) {
		t.Error("another administrator is there")
	}
}
