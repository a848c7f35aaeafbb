package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/seal"
)

// TestConsoleSession (S-23, S-25, S-61): it ends without use, after eight hours, with the sign-in at the provider, with the
// account and with the role.
func TestConsoleSession(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(v *visitor, started accounts.Started)
		want int
	}{
		"in use":           {func(*visitor, accounts.Started) {}, 200},
		"idle":             {func(v *visitor, _ accounts.Started) { v.later(consoleIdle) }, 303},
		"used for 8 hours": {func(v *visitor, _ accounts.Started) { v.use(8*time.Hour - time.Minute) }, 200},
		"over 8 hours":     {func(v *visitor, _ accounts.Started) { v.use(8 * time.Hour) }, 303},
		"signed out at the provider": {func(v *visitor, s accounts.Started) {
			if err := v.people.EndSession(context.Background(), s.SID); err != nil {
				v.t.Error(err)
			}
		}, 303},
		"account closed": {func(v *visitor, _ accounts.Started) {
			must[bool](v.t)(v.people.Disable(context.Background(), v.rosa.ID))
		}, 403},
		"removed": {func(v *visitor, _ accounts.Started) {
			if err := v.RemovePerson(context.Background(), v.rosa.ID, "test"); err != nil {
				v.t.Error(err)
			}
		}, 403},
		"without a role": {func(v *visitor, _ accounts.Started) {
			if _, err := v.db.From(context.Background()).Exec(context.Background(), `delete from staff where account_id = $1`, v.rosa.ID); err != nil {
				v.t.Error(err)
			}
		}, 403},
		"other role": {func(v *visitor, _ accounts.Started) {
			if err := v.SetRoles(context.Background(), v.rosa.ID, []Role{Audit}, "test"); err != nil {
				v.t.Error(err)
			}
		}, 403},
		"another cookie": {func(v *visitor, _ accounts.Started) { v.cookies["__Host-session"] = seal.NewToken() }, 303},
	} {
		v := newVisitor(t)
		c.end(v, v.enters(v.rosa))
		if w := v.get("/search"); w.Code != c.want {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
	}
}

// TestConsoleForms (S-26): a state change needs a form of ours from this browser.
func TestConsoleForms(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.rosa)
	path := "/members/" + v.maria.ID.String() + "/acts/end_sessions"
	page := v.get(path)
	form := url.Values{"reason": {"La persona lo pidió por teléfono"}, "ticket": {"HD-1"}, "version": {v.value(page, "version")}, "key": {v.value(page, "key")}}
	for name, send := range map[string]func() *httptest.ResponseRecorder{
		"no token": func() *httptest.ResponseRecorder { return v.send("POST", path, form) },
		"another's token": func() *httptest.ResponseRecorder {
			f := clone(form)
			f.Set("csrf", seal.NewToken())
			return v.send("POST", path, f)
		},
		"from elsewhere": func() *httptest.ResponseRecorder {
			f := clone(form)
			f.Set("csrf", v.csrf)
			return v.send("POST", path, f, "Sec-Fetch-Site", "cross-site")
		},
		"other origin": func() *httptest.ResponseRecorder {
			f := clone(form)
			f.Set("csrf", v.csrf)
			return v.send("POST", path, f, "Origin", "https://idp.example")
		},
		"no form": func() *httptest.ResponseRecorder {
			return v.send("POST", path, nil, "Content-Type", "application/json")
		},
	} {
		if w := send(); w.Code != http.StatusForbidden && w.Code != http.StatusUnsupportedMediaType {
			t.Errorf("%s: %d, want it refused", name, w.Code)
		}
	}
	if len(v.mailed("staff_acted")) != 0 {
		t.Error("a forged form did something")
	}
	form.Set("csrf", v.csrf)
	if w := v.send("POST", path, form); w.Code != http.StatusSeeOther {
		t.Errorf("the right form: %d\n%s", w.Code, w.Body)
	}
	if w := v.send("POST", path, form); w.Code != http.StatusSeeOther || len(v.mailed("staff_acted")) != 1 {
		t.Errorf("a second click: %d, %d mails, want nothing done twice (R-04)", w.Code, len(v.mailed("staff_acted")))
	}
}

// TestConsoleForeignForm: a form of one person's session does nothing while another's is open.
func TestConsoleForeignForm(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.rosa)
	path := "/members/" + v.maria.ID.String() + "/acts/send_username"
	page := v.get(path)
	form := url.Values{"csrf": {v.csrf}, "reason": {"No recuerda su nombre de usuario"}, "ticket": {"HD-1"}, "version": {v.value(page, "version")}, "key": {v.value(page, "key")}}
	v.enters(v.luis)
	for _, path := range []string{path, "/logout"} {
		if w := v.send("POST", path, form); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), v.luis.Name) {
			t.Errorf("POST %s = %d\n%s", path, w.Code, w.Body)
		}
	}
	if len(v.mailed("username")) != 0 || v.get(searchPath).Code != http.StatusOK {
		t.Error("the form did something")
	}
}

// TestFormsOfTwoTabs: two callers wait in two tabs when the sign-in is too old for an act. Neither form is lost.
func TestFormsOfTwoTabs(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.rosa)
	member := "/members/" + v.maria.ID.String()
	tabs := []string{member + "/acts/send_username", member + "/acts/end_sessions", member + "/acts/start_reset"}
	var pages []*httptest.ResponseRecorder
	for _, path := range tabs {
		pages = append(pages, v.get(path))
	}
	v.later(freshness)
	for range 2 { // pressed again, the newest counts
		for i, path := range tabs {
			v.post(path, "reason", "Llama por segunda vez hoy", "ticket", fmt.Sprint("HD-", i), "version", v.value(pages[i], "version"), "key", v.value(pages[i], "key"))
		}
	}
	v.enters(v.rosa) // comes back from the provider
	for i, path := range tabs {
		if body := v.get(path).Body.String(); !strings.Contains(body, fmt.Sprintf(`value="HD-%d"`, i)) {
			t.Errorf("%s comes back without its form", path)
		}
		if body := v.get(path).Body.String(); strings.Contains(body, "HD-") {
			t.Errorf("%s: the form is shown twice", path)
		}
	}
	if n := v.count(`select count(*) from console_sessions where draft is not null`); n != 0 {
		t.Errorf("%d forms are left", n)
	}
}

// TestConsoleStepUp (S-20): after five minutes an act leads to the provider; the form is there again afterwards, once, and for
// the same person alone.
func TestConsoleStepUp(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.rosa)
	path := "/members/" + v.maria.ID.String() + "/acts/send_username"
	page := v.get(path)
	v.later(freshness)
	w := v.post(path, "reason", "No recuerda su nombre de usuario", "ticket", "HD-77", "version", v.value(page, "version"), "key", v.value(page, "key"))
	if want := "/signin?return=" + url.QueryEscape(path) + "&step=up"; w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
		t.Fatalf("the act after five minutes: %d to %s, want %s", w.Code, w.Header().Get("Location"), want)
	}
	if len(v.mailed("username")) != 0 {
		t.Fatal("the act was done")
	}
	if n := v.count(`select count(*) from console_sessions where position('HD-77'::bytea in draft) > 0`); n != 0 {
		t.Error("the form is kept in the clear")
	}
	v.enters(v.rosa) // comes back from the provider
	page = v.get(path)
	if !strings.Contains(page.Body.String(), "No recuerda su nombre de usuario") || !strings.Contains(page.Body.String(), `value="HD-77"`) {
		t.Errorf("what was typed is gone:\n%s", page.Body)
	}
	if again := v.get(path); strings.Contains(again.Body.String(), "HD-77") {
		t.Error("the form is shown twice")
	}
	w = v.post(path, "reason", "No recuerda su nombre de usuario", "ticket", "HD-77", "version", v.value(page, "version"), "key", v.value(page, "key"))
	if w.Code != http.StatusSeeOther || len(v.mailed("username")) != 1 {
		t.Errorf("the act after the step-up: %d\n%s", w.Code, w.Body)
	}
	v.later(freshness)
	v.post(path, "reason", "Otra vez la misma pregunta", "ticket", "HD-78", "version", "x", "key", "k")
	v.enters(v.person("eva", Read, Recover))
	if other := v.get(path); other.Code != http.StatusOK || strings.Contains(other.Body.String(), "HD-78") {
		t.Errorf("another person sees the form, or %d", other.Code)
	}
}

// TestConsoleComesAgain (S-24): who is led here by another site has no cookies; the page leads to itself, and sets none.
func TestConsoleComesAgain(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	for _, path := range []string{"/callback?code=c&state=s&iss=https%3A%2F%2Fidp.example", "/search", "/"} {
		w := v.send("GET", path, nil, "Sec-Fetch-Site", "cross-site")
		if w.Code != http.StatusOK || w.Header().Get("Refresh") != "0; url="+path || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("GET %s = %d, Refresh %q, cookie %q", path, w.Code, w.Header().Get("Refresh"), w.Header().Get("Set-Cookie"))
		}
	}
}

// TestCallback: only the browser that asked, with the state that it was given, once, within an hour, and from our provider.
func TestCallback(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.get("/")
	browser := v.cookies["__Host-browser"]
	begin := func() string {
		state := seal.NewToken()
		r := httptest.NewRequest("GET", deskBase+"/", nil)
		r.AddCookie(&http.Cookie{Name: "__Host-browser", Value: browser})
		digest := browserOf(v, r)
		if err := v.store.beginSignIn(t.Context(), seal.Digest(state), digest, "/search", uuid.Nil, v.now().Add(signInLife)); err != nil {
			t.Fatal(err)
		}
		return state
	}
	callback := func(state, iss string) int {
		return v.get("/callback?" + url.Values{"state": {state}, "code": {"c"}, "iss": {iss}}.Encode()).Code
	}
	if got := callback(seal.NewToken(), "https://idp.example"); got != http.StatusBadRequest {
		t.Errorf("a state of nobody: %d", got)
	}
	state := begin()
	if got := callback(state, "https://other.example"); got != http.StatusBadRequest {
		t.Errorf("an answer of another issuer: %d (RFC 9207)", got)
	}
	if got := callback(state, "https://idp.example"); got != http.StatusBadRequest {
		t.Errorf("the same state again: %d", got)
	}
	state = begin()
	v.cookies["__Host-browser"] = ""
	delete(v.cookies, "__Host-browser")
	if got := callback(state, "https://idp.example"); got != http.StatusBadRequest {
		t.Errorf("another browser: %d", got)
	}
	v.cookies["__Host-browser"] = browser
	v.later(signInLife)
	if got := callback(state, "https://idp.example"); got != http.StatusBadRequest {
		t.Errorf("an hour later: %d", got)
	}
	for _, code := range []string{"access_denied", "unmet_authentication_requirements"} { // the latter: their second step does not count yet
		state = begin()
		if w := v.get("/callback?" + url.Values{"state": {state}, "error": {code}, "iss": {"https://idp.example"}}.Encode()); w.Header().Get("Location") != "/search" {
			t.Errorf("who goes back with %s is led to %d %q", code, w.Code, w.Header().Get("Location"))
		}
	}
	state = begin()
	if w := v.get("/callback?" + url.Values{"state": {state}, "error": {"access_denied<script>"}, "iss": {"https://idp.example"}}.Encode()); w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "script>") && strings.Contains(w.Body.String(), "access_denied<") {
		t.Errorf("an error of the provider: %d", w.Code)
	}
}

// TestLocalPath: the console leads nowhere else (S-29).
func TestLocalPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/search": "/search", "": "", "search": "", "//evil.example": "", `/\evil.example`: "", "https://evil.example": "", "/a\r\nb": "", "/a?b": "", "/%09/evil.example": "", "/\t/evil.example": "", "/%5cevil.example": "", "/" + strings.Repeat("a", 300): "",
	} {
		if got := localPath(path); got != want {
			t.Errorf("localPath(%q) = %q, want %q", path, got, want)
		}
	}
}

// TestConsoleLeft (S-23): the timer of an open page asks without using the session; the answer to its warning does use it.
func TestConsoleLeft(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.rosa)
	page := v.get(searchPath).Body.String()
	left := func() (left int) {
		t.Helper()
		var answer struct {
			Left int
			Of   string
		}
		w := v.get("/left")
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
			t.Fatalf("GET /left = %d %s", w.Code, w.Body)
		}
		if answer.Left > 0 && !strings.Contains(page, `data-of="`+answer.Of+`"`) {
			t.Errorf("the page is not of %q", answer.Of)
		}
		return answer.Left
	}
	for minute := range 14 {
		if got, want := left(), (15-minute)*60; got != want {
			t.Fatalf("after %d minutes: %d s, want %d", minute, got, want)
		}
		v.later(time.Minute)
	}
	if w := v.post("/alive"); w.Code != http.StatusNoContent || left() != 900 {
		t.Errorf("the answer to the warning: %d, %d s", w.Code, left())
	}
	if w := v.get("/ended"); w.Code != http.StatusConflict {
		t.Errorf("/ended of an open session = %d", w.Code)
	}
	_, own, _ := strings.Cut(page, `data-of="`)
	own, _, _ = strings.Cut(own, `"`)
	if w := v.get("/ended?of=" + own + "&return=/search"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/search" {
		t.Errorf("/ended of the page's own session = %d to %q", w.Code, w.Header().Get("Location"))
	}
	v.later(consoleIdle)
	if got := left(); got != 0 {
		t.Errorf("after the end: %d s", got)
	}
	if w := v.get("/ended"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/" {
		t.Errorf("/ended = %d to %q", w.Code, w.Header().Get("Location"))
	}
}
