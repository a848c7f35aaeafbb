package admin

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"huskyidp/internal/seal"
	"huskyidp/templates"
)

// TestConsolePages shows each page to somebody with every role, and to somebody with one that does not fit.
func TestConsolePages(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	asked := v.askEmail()
	everything := v.person("all", Roles()...)
	member := "/members/" + v.maria.ID.String()
	pages := map[string]Role{
		"/search": Read, member: Read, member + "/verify": Recover, member + "/acts/change_email": Recover, member + "/acts/disable": Admin,
		"/queue": Read, "/queue/" + v.refer("a", "other", "es"): Read, "/approvals": Approve, "/approvals/" + asked.RequestID.String(): Approve, "/activity": Read, "/audit": Audit,
	}
	for path, role := range pages {
		v.enters(everything)
		if w := v.get(path); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "All Vega") {
			t.Errorf("%s: %d\n%s", path, w.Code, w.Body)
		}
		other := Audit
		if role == Audit {
			other = Read
		}
		if path == "/activity" {
			continue // everybody's own
		}
		v.enters(v.person("other-"+string(role)+strings.ToLower(seal.NewToken()[:4]), other))
		if w := v.get(path); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), `<a href="/activity"`) {
			t.Errorf("%s by a person of %s: %d, want 403 and the places that they may go to:\n%s", path, other, w.Code, w.Body)
		}
	}
	v.enters(everything)
	for _, path := range []string{"/members/" + v.luis.ID.String(), "/members/" + v.luis.ID.String() + "/verify", "/members/" + v.luis.ID.String() + "/acts/disable"} {
		if w := v.get(path); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d, want 403: nobody looks at the desk (S-63)", path, w.Code)
		}
	}
	for _, path := range []string{"/members/1", "/members/" + v.maria.ID.String() + "/acts/look", "/nowhere"} {
		if w := v.get(path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, w.Code)
		}
	}
	v.get("/search")
	if w := v.post("/search", "q", " maria "); w.Header().Get("Location") != member {
		t.Errorf("the search leads to %s", w.Header().Get("Location"))
	}
	v.get("/audit")
	if w := v.post("/audit", "from", "2026-11-01", "to", "2026-11-24", "reason", "Revisión del mes", "ticket", "A-1"); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("the export: %d %s\n%s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	if w := v.post("/audit", "from", "2026-01-01", "to", "2026-11-24", "reason", "Revisión del año", "ticket", "A-1"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("an export of a year: %d", w.Code)
	}
}

// TestConsoleSaysWhatWasDone: a decision's page says what was decided, and no page says to who opens its address that something was done.
func TestConsoleSaysWhatWasDone(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	member := "/members/" + v.maria.ID.String()
	approve, refuse := "Aprobado. El miembro ya tiene el aviso.", "Rechazado. Nada cambia y el miembro no recibe ningún aviso."
	for _, c := range [][2]string{{"refuse", refuse}, {"approve", approve}} { // the other way round there would be nothing to ask for
		decision, says := c[0], c[1]
		path := approvalsPath + "/" + v.askEmail().RequestID.String()
		v.enters(v.luis)
		page := v.get(path)
		to := v.post(path, "decide", decision, "reason", "No era el miembro, dice su ficha", "key", v.value(page, "key")).Header().Get("Location")
		if body := v.get(to).Body.String(); !strings.Contains(body, says) || strings.Contains(body, approve) && strings.Contains(body, refuse) {
			t.Errorf("%s leads to %s, which does not say %q:\n%s", decision, to, says, body)
		}
		v.later(25 * time.Hour)
		must[int](t)(0, v.recovery.ApplyDue(t.Context()))
	}
	v.cookies = map[string]string{}
	v.enters(v.luis)
	for _, address := range []string{
		approvalsPath + "?done=approved", approvalsPath + "?done=refused", member + "?caller=match", member + "?caller=saved", member + "?done=end_sessions", member + "?asked=change_email",
	} {
		if w := v.get(address); w.Code != http.StatusOK || strings.Contains(w.Body.String(), `class="notice ok`) || strings.Contains(w.Body.String(), `class="notice info`) {
			t.Errorf("GET %s = %d says that something was done", address, w.Code)
		}
	}
}

// TestConsoleIsNamed: the provider names the desk in the language of its page, as the desk names itself.
func TestConsoleIsNamed(t *testing.T) {
	t.Parallel()
	var metadata map[string]any
	if err := json.Unmarshal(must[[]byte](t)(json.Marshal(ConsoleClient(deskBase))), &metadata); err != nil {
		t.Fatal(err)
	}
	set := must[*templates.Set](t)(loadTemplates())
	for _, lang := range set.Languages() {
		name, given := metadata["client_name#"+lang]
		if !given {
			name = metadata["client_name"]
		}
		if want := set.Text(lang, "admin.signin.title", nil); name != want {
			t.Errorf("in %s the desk is named %q, want %q", lang, name, want)
		}
	}
}
