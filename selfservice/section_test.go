package selfservice

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/members"
)

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// post sends the form of a page; path is where it goes, page where it is shown.
func (b *browser) post(page, path string, fields url.Values) (status int, location, body string) {
	b.t.Helper()
	status, header, body := b.postAll(page, path, fields)
	return status, header.Get("Location"), body
}

// postAll is post with the whole header.
func (b *browser) postAll(page, path string, fields url.Values) (status int, header http.Header, body string) {
	b.t.Helper()
	return b.send(b.token(page), path, fields)
}

// token is the form token of a page.
func (b *browser) token(page string) string {
	b.t.Helper()
	_, _, form := b.get(page)
	token := csrfField.FindStringSubmatch(form)
	if token == nil {
		b.t.Fatalf("no form at %s:\n%s", page, form)
	}
	return token[1]
}

// send posts a form with a token that a page had.
func (b *browser) send(token, path string, fields url.Values) (status int, header http.Header, body string) {
	b.t.Helper()
	if fields == nil {
		fields = url.Values{}
	}
	fields.Set("csrf", token)
	r, err := b.client.PostForm(b.address+path, fields)
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Body.Close()
	if at := r.Header.Get("Location"); strings.Contains(at, "refused=") { // shown at once by every browser
		status, location, body := b.get(at)
		return status, http.Header{"Location": {location}}, body
	}
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode >= 500 {
		b.t.Fatalf("POST %s = %d, %v\n%s", path, r.StatusCode, err, b.log)
	}
	return r.StatusCode, r.Header, string(text)
}

// member is a signed-in browser with an account.
func member(t *testing.T) (*fixture, *browser, accounts.Account) {
	t.Helper()
	f := newFixture(t, 1)
	account := f.register("maria")
	b := newBrowser(t, f, cards{account.MemberID: {FirstName: "María", LastName: "Peña", BirthDate: members.Date{Year: 1984}, MemberNumber: "001234789"}})
	b.get("/in/maria")
	return f, b, account
}

// Every page of the section, with its list of pages at the side and in the menu, is shown to who is signed in, and to nobody else; who was
// away too long comes back to it.
func TestSection(t *testing.T) {
	t.Parallel()
	f, b, _ := member(t)
	stranger := newBrowser(t, f, nil)
	pages := []string{"/account", "/account/password", "/account/email", "/account/factors", "/account/factors/totp", "/account/factors/passkey", "/account/question",
		"/account/language", "/account/sessions", "/account/apps", "/account/history"}
	for _, path := range pages {
		status, _, body := b.get(path)
		if status != 200 || strings.Count(body, "<nav") != 2 || path != "/account/email" && strings.Count(body, `aria-current="page"`) != 2 {
			t.Errorf("GET %s = %d\n%s", path, status, body)
		}
		back := ""
		if path != "/account" {
			back = "?return=" + path
		}
		if status, location, _ := stranger.get(path); status != 303 || location != "/login"+back {
			t.Errorf("GET %s signed out = %d to %q", path, status, location)
		}
	}
	f.later(16 * time.Minute)
	if status, location, _ := b.get("/account/password"); status != 303 || location != "/login?note=ended&return=/account/password" {
		t.Errorf("GET after the session's end = %d to %q", status, location)
	}
}

// S-20: what changes the account takes a proof of the last five minutes, as strong as a
// sign-in; the way leads there and back.
func TestRequireFresh(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	f.later(accounts.Fresh - time.Second)
	if status, _, _ := b.get("/account/password"); status != 200 {
		t.Errorf("GET just before five minutes = %d", status)
	}
	f.later(time.Second)
	for path, fields := range map[string]url.Values{
		"/account/password": {"password": {rightPassword}, "new_password": {"una frase que nadie conoce"}}, "/account/question": {"question": {"first_book"}, "answer": {"algo mío"}},
		"/account/factors/totp": {"code": {"123456"}}, "/account/factors/passkey": nil, "/account/factors/saved-codes": nil, "/account/factors/totp/remove": nil,
		"/account/factors/passkey/" + uuid.NewString() + "/remove": nil, "/account/sessions": {"end": {"others"}},
	} {
		if path != "/account/sessions" {
			if status, location, _ := b.get(path); status != 303 || location != "/reauth?return="+url.QueryEscape(path) {
				t.Errorf("GET %s after five minutes = %d to %q", path, status, location)
			}
		}
		if status, location, _ := b.post("/account/language", path, fields); status != 303 || location != "/reauth?return="+url.QueryEscape(path) {
			t.Errorf("POST %s after five minutes = %d to %q", path, status, location)
		}
		if accounts.ReturnPath(path) != path {
			t.Errorf("a step-up may not continue at %s", path)
		}
	}
	if kinds := f.kinds(account.ID); slices.Contains(kinds, audit.PasswordChanged) || slices.Contains(kinds, audit.QuestionChanged) {
		t.Errorf("something changed: %v", kinds)
	}
	for _, path := range []string{"", "/", "//evil.example/account", "/account//evil.example", "https://evil.example/account", "/account\\evil", "/account?x=1", "/logout", "/account/../login", "/accounts"} {
		if got := accounts.ReturnPath(path); got != "" {
			t.Errorf("ReturnPath(%q) = %q, want none", path, got)
		}
	}
}

// S-20: with a second step enrolled elsewhere, the password alone is not sufficient.
func TestRequireFreshFactor(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	f.enrolTOTP(account)
	if status, location, _ := b.get("/account/password"); status != 303 || !strings.HasPrefix(location, "/reauth") {
		t.Errorf("GET with a password alone = %d to %q, want the step-up", status, location)
	}
}

// Whoever removes the app of a lost phone reads, on the page and in the mail, that other devices are signed in, and ends that at once.
func TestRemovedWithALostPhone(t *testing.T) {
	t.Parallel()
	for _, elsewhere := range []bool{true, false} {
		f, b, account := member(t)
		f.enrolTOTP(account)
		kind := "factor_removed"
		if elsewhere {
			kind = "factor_removed_open"
			newBrowser(t, f, nil).get("/in/maria")
		}
		b.get("/in/maria?step=totp")
		_, location, _ := b.post("/account/language", "/account/factors/totp/remove", nil)
		_, _, body := b.get(location)
		if told := strings.Contains(body, say("accounts.factors.open_title")) && strings.Contains(body, `value="others"`); told != elsewhere {
			t.Errorf("signed in elsewhere: %t, told: %t\n%s", elsewhere, told, body)
		}
		if mails := f.mailKinds(account.ID); mails[len(mails)-1] != kind {
			t.Errorf("signed in elsewhere: %t, mails %q", elsewhere, mails)
		}
		if !elsewhere {
			continue
		}
		if status, location, _ := b.post(location, "/account/sessions", url.Values{"end": {"others"}}); status != 303 || location != "/account/sessions?note=ended_others" {
			t.Errorf("ending the others = %d to %q", status, location)
		}
		if open, err := f.OpenSessions(f.ctx(), account.ID, ""); err != nil || len(open) != 1 {
			t.Errorf("%d sessions are open, %v", len(open), err)
		}
		if _, _, body := b.get(location); strings.Contains(body, say("accounts.factors.open_title")) {
			t.Error("the page still says so")
		}
	}
}

// S-25: a member sees and ends the own sessions, and nobody else's.
func TestSessionsPage(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	f.register("otra")
	others := []*browser{newBrowser(t, f, nil), newBrowser(t, f, nil), newBrowser(t, f, nil)}
	others[0].get("/in/maria")
	others[1].get("/in/maria")
	others[2].get("/in/otra")
	open, err := f.OpenSessions(f.ctx(), account.ID, "")
	if err != nil || len(open) != 3 {
		t.Fatalf("OpenSessions = %d, %v", len(open), err)
	}
	sid := func(b *browser) string {
		s, err := f.Session(f.ctx(), b.cookie("session"))
		if err != nil {
			t.Fatal(err)
		}
		return s.SID
	}
	foreign := sid(others[2])
	for range 2 {
		if status, location, _ := b.post("/account/sessions", "/account/sessions", url.Values{"end": {sid(b)}}); status != 303 || location != "/account/sessions" {
			t.Errorf("ending this session here = %d to %q", status, location)
		}
	}
	first := sid(others[0])
	for range 2 { // a second click finds it ended
		if status, location, _ := b.post("/account/sessions", "/account/sessions", url.Values{"end": {first}}); status != 303 || location != "/account/sessions?note=ended" {
			t.Errorf("ending one = %d to %q", status, location)
		}
	}
	b.post("/account/sessions", "/account/sessions", url.Values{"end": {foreign}})
	for i, want := range []int{303, 200, 200} {
		if status, _, _ := others[i].get("/account"); status != want {
			t.Errorf("session %d after ending one = %d, want %d", i, status, want)
		}
	}
	_, location, _ := b.post("/account/sessions", "/account/sessions", url.Values{"end": {"others"}})
	if _, _, body := b.get(location); !strings.Contains(body, "Las demás sesiones se cerraron") {
		t.Errorf("after ending all others, %s does not say so", location)
	}
	for i, want := range []int{303, 303, 200} {
		if status, _, _ := others[i].get("/account"); status != want {
			t.Errorf("session %d after ending all others = %d, want %d", i, status, want)
		}
	}
	if _, _, body := b.get("/account/sessions"); !strings.Contains(body, "Su sesión solo está abierta") {
		t.Error("the list is not of this session alone")
	}
}

// The answer to the warning of the session's end keeps it open, and says when it is too
// late.
func TestAlive(t *testing.T) {
	t.Parallel()
	f, b, _ := member(t)
	f.later(14 * time.Minute)
	if status, _, _ := b.post("/account/language", "/account/alive", nil); status != http.StatusNoContent {
		t.Errorf("in time = %d", status)
	}
	f.later(14 * time.Minute)
	if status, _, _ := b.get("/account"); status != 200 {
		t.Errorf("the session ended though it was kept open (%d)", status)
	}
}

// What a page says was done is said to whoever did it: an address alone claims nothing.
func TestNotices(t *testing.T) {
	t.Parallel()
	_, b, _ := member(t)
	notice := regexp.MustCompile(`class="notice ok`)
	for _, address := range []string{
		"/account?note=password", "/account?note=question", "/account?note=language", "/account/factors?note=removed-totp", "/account/factors?note=added-passkey",
		"/account/sessions?note=ended", "/account/apps?note=stopped",
	} {
		if status, _, body := b.get(address); status != 200 || notice.MatchString(body) {
			t.Errorf("GET %s = %d says that something was done", address, status)
		}
	}
	_, location, _ := b.post("/account/language", "/account/language", url.Values{"language": {"es"}})
	for _, address := range []string{location, location + "&lang=en"} {
		if status, _, body := b.get(address); status != 200 || !notice.MatchString(body) {
			t.Errorf("GET %s = %d does not say what was done", address, status)
		}
	}
}
