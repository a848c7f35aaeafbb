package admin

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"huskyidp/accounts"
	"huskyidp/templates"
)

// TestProtectedAtWork: whose account was stopped by "this wasn't me" is told that at the next click, and how to come back, not that they have
// no role; a browser without a session of theirs is told nothing, and who was removed as well, that they have none.
func TestProtectedAtWork(t *testing.T) {
	t.Parallel()
	for name, click := range map[string]func(v *visitor, fields []string) *httptest.ResponseRecorder{
		"a page": func(v *visitor, _ []string) *httptest.ResponseRecorder { return v.get(queuePath) },
		"a form": func(v *visitor, fields []string) *httptest.ResponseRecorder {
			return v.post(peoplePath+"/"+v.luis.ID.String(), fields...)
		},
		"removed": func(v *visitor, _ []string) *httptest.ResponseRecorder { return v.get(queuePath) },
	} {
		v := newVisitor(t)
		v.signedIn()
		eva := v.person("eva", Admin)
		v.enters(eva)
		page := v.get(peoplePath + "/" + v.luis.ID.String())
		if err := v.people.Notify(t.Context(), eva.ID, "new_device", templates.Args{"browser": "", "system": ""}); err != nil {
			t.Fatal(err)
		}
		link := regexp.MustCompile(`link=(\S+)`).FindStringSubmatch(v.mailed("new_device")[0].Content.Text)
		must[accounts.Denial](t)(v.people.Disown(t.Context(), link[1], nil))
		want, not := v.text("admin.signin.protected", nil), v.text("admin.signin.no_role", nil)
		if name == "removed" {
			if err := v.RemovePerson(t.Context(), eva.ID, "test"); err != nil {
				t.Fatal(err)
			}
			want, not = not, want
		}
		w := click(v, []string{"do", "set_roles", "key", v.value(page, "key"), "version", v.value(page, "version"), "reason", "Cambio de puesto", "ticket", "RH-7"})
		if body := w.Body.String(); w.Code != http.StatusForbidden || !strings.Contains(body, want) || strings.Contains(body, not) || strings.Contains(body, v.text("admin.denied.body", nil)) {
			t.Errorf("%s: %d\n%s", name, w.Code, body)
		}
		if name == "a form" && !strings.Contains(w.Body.String(), "Cambio de puesto") {
			t.Error("what was written is gone")
		}
		delete(v.cookies, "__Host-session")
		if body := v.get("/").Body.String(); strings.Contains(body, want) || strings.Contains(body, not) {
			t.Errorf("%s: a stranger is told\n%s", name, body)
		}
	}
}
