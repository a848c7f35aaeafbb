package accounts

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"huskyidp/internal/audit"
)

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// post sends the form of a page; path is where it goes, page where it stands.
func (b *browser) post(page, path string, fields url.Values) (status int, location, body string) {
	b.t.Helper()
	_, _, form := b.get(page)
	token := csrfField.FindStringSubmatch(form)
	if token == nil {
		b.t.Fatalf("no form at %s:\n%s", page, form)
	}
	if fields == nil {
		fields = url.Values{}
	}
	fields.Set("csrf", token[1])
	r, err := b.client.PostForm(b.address+path, fields)
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode >= 500 {
		b.t.Fatalf("POST %s = %d, %v\n%s", path, r.StatusCode, err, b.log)
	}
	return r.StatusCode, r.Header.Get("Location"), string(text)
}

// member is a signed-in browser with an account.
func member(t *testing.T) (*fixture, *browser, Account) {
	t.Helper()
	f := newFixture(t, 1)
	account := f.register("maria")
	b := newBrowser(t, f, cards{account.MemberID: {Name: "María Peña", BirthYear: 1984, MemberNumber: "001234789"}})
	b.get("/in/maria")
	return f, b, account
}

// Every page of the section is shown to who is signed in, and to nobody else; who was
// away too long comes back to it.
func TestSection(t *testing.T) {
	t.Parallel()
	f, b, _ := member(t)
	stranger := newBrowser(t, f, nil)
	pages := []string{"/account", "/account/password", "/account/email", "/account/factors", "/account/factors/totp", "/account/factors/passkey", "/account/question",
		"/account/language", "/account/sessions", "/account/apps", "/account/history"}
	for _, path := range pages {
		status, _, body := b.get(path)
		if status != 200 || strings.Count(body, "<nav") != 1 || path != "/account/email" && strings.Count(body, `aria-current="page"`) != 1 {
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
	f.later(Fresh - time.Second)
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
		if ReturnPath(path) != path {
			t.Errorf("a step-up may not go on at %s", path)
		}
	}
	if kinds := f.kinds(account.ID); slices.Contains(kinds, audit.PasswordChanged) || slices.Contains(kinds, audit.QuestionChanged) {
		t.Errorf("something changed: %v", kinds)
	}
	for _, path := range []string{"", "/", "//evil.example/account", "/account//evil.example", "https://evil.example/account", "/account\\evil", "/account?x=1", "/logout", "/account/../login", "/accounts"} {
		if got := ReturnPath(path); got != "" {
			t.Errorf("ReturnPath(%q) = %q, want none", path, got)
		}
	}
}

// S-20: with a second step enrolled elsewhere, the password alone is no proof.
func TestRequireFreshFactor(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	f.enrolTOTP(account)
	if status, location, _ := b.get("/account/password"); status != 303 || !strings.HasPrefix(location, "/reauth") {
		t.Errorf("GET with a password alone = %d to %q, want the step-up", status, location)
	}
}

// S-06: the current password, then every other session and older grants end, failures are
// forgotten, the owner is told; S-22: this session goes on under another token.
func TestChangePassword(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	other := newBrowser(t, f, nil)
	other.get("/in/maria")
	const fresh = "una frase que nadie conoce"
	change := func(current, wanted string) (int, string, string) {
		return b.post("/account/password", "/account/password", url.Values{"password": {current}, "new_password": {wanted}})
	}
	for _, test := range []struct{ current, wanted, want string }{
		{"", "", "Escriba una Contraseña"}, {wrongPassword, fresh, "Esa no es su contraseña actual"}, {rightPassword, rightPassword, "Esa es su contraseña de antes"},
		{rightPassword, "brevísima", "muy corta"}, {rightPassword, "María Peña 001234789", "datos suyos"},
	} {
		if status, _, body := change(test.current, test.wanted); status != 422 || !strings.Contains(body, test.want) || strings.Contains(body, test.wanted) && test.wanted != "" {
			t.Errorf("change(%q, %q) = %d, want 422 with %q", test.current, test.wanted, status, test.want)
		}
	}
	f.later(time.Second)
	before := b.cookie("session")
	if status, location, _ := change(rightPassword, fresh); status != 303 || location != "/account?note=password" {
		t.Fatalf("the change = %d to %q", status, location)
	}
	if _, err := f.Session(f.ctx(), before); err == nil || b.cookie("session") == before {
		t.Error("the session kept its token")
	}
	if status, _, body := b.get("/account?note=password"); status != 200 || !strings.Contains(body, "Cerramos sus otras sesiones") {
		t.Errorf("the overview afterwards = %d", status)
	}
	if status, _, _ := other.get("/account"); status != 303 {
		t.Errorf("the other session lives on (%d)", status)
	}
	if n := f.count(`select count(*) from account_states where account_id = $1 and credentials_changed_at = $2`, account.ID, f.now()); n != 1 {
		t.Error("older grants are not void")
	}
	if n := f.count(`select count(*) from sign_in_throttles`); n != 0 {
		t.Errorf("%d counts of failures are left", n)
	}
	if _, err := f.try("maria", fresh); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if _, err := f.try("maria", rightPassword); err == nil {
		t.Error("the old password is good")
	}
	if diff := cmp.Diff([]string{"password_changed"}, f.mailKinds(account.ID)); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
}

// Adding an app: the same key after a reload, a wrong code, the right one, a second
// click; then the list of codes, shown once. S-22: the session rises with it.
func TestAddTOTP(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	const path = "/account/factors/totp"
	_, _, body := b.get(path + "?flow=f1")
	if !strings.Contains(body, `role="img"`) || !strings.Contains(body, "Sesión de maria") {
		t.Errorf("the page lacks its picture:\n%s", body)
	}
	secret, err := f.StartTOTP(f.ctx(), account.ID, f.sid(account))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.ReplaceAll(body, " ", ""), string(secret)) {
		t.Error("the page shows another key than the next one")
	}
	a := app{f, secret}
	if status, _, body := b.post(path, path, url.Values{"code": {a.wrong()}}); status != 422 || !strings.Contains(body, "no es correcto") {
		t.Errorf("a wrong code = %d", status)
	}
	before, code := b.cookie("session"), a.code(0)
	status, location, _ := b.post(path, path, url.Values{"code": {code}, "flow": {"f1"}})
	if status != 303 || location != "/account/factors/saved-codes?flow=f1&note=added-totp" {
		t.Fatalf("the right code = %d to %q", status, location)
	}
	session, err := f.Session(f.ctx(), b.cookie("session"))
	if err != nil || session.ACR != ACRFactor || before == b.cookie("session") {
		t.Errorf("the session = %s, %v, want %s under another token", session.ACR, err, ACRFactor)
	}
	if status, location, _ := b.post(location, path, url.Values{"code": {code}}); status != 303 || location != "/account/factors" {
		t.Errorf("a second click = %d to %q", status, location)
	}
	if _, _, body := b.get(location); strings.Contains(body, "Sus códigos guardados") || strings.Contains(body, "Hacer una lista nueva") || !strings.Contains(body, "Hacer una lista") {
		t.Errorf("before there is a list the page speaks of one:\n%s", body)
	}
	status, location, _ = b.post(location, "/account/factors/saved-codes", url.Values{"flow": {"f1"}})
	if status != 303 || location != "/account/factors/saved-codes?flow=f1&note=made" {
		t.Fatalf("making a list = %d to %q, want 303: a reload of an answer makes another", status, location)
	}
	list := func() [][]string {
		_, _, body = b.get(location)
		return regexp.MustCompile(`<li class="code">([a-z0-9-]+)</li>`).FindAllStringSubmatch(body, -1)
	}
	codes := list()
	if len(codes) != 10 || !slices.EqualFunc(list(), codes, slices.Equal) {
		t.Fatalf("the list has %d codes, and a reload others:\n%s", len(codes), body)
	}
	if n := f.count(`select count(*) from audit_events where kind = 'saved_codes_made'`); n != 1 {
		t.Errorf("%d lists were made", n)
	}
	var all []string
	for _, m := range codes {
		all = append(all, m[1])
	}
	status, _, file := b.post("/account/language", "/account/factors/saved-codes/file", url.Values{"codes": {strings.Join(all, " ")}})
	if status != 200 || !strings.Contains(file, strings.Join(all, "\r\n")) {
		t.Errorf("the file = %d %q", status, file)
	}
	if status, _, _ := b.post("/account/language", "/account/factors/saved-codes/file", url.Values{"codes": {"<script>"}}); status != 303 {
		t.Errorf("a file of something else = %d", status)
	}
	if _, _, body := b.get("/account/factors/saved-codes"); strings.Contains(body, all[0]) {
		t.Error("the codes are shown again")
	}
	f.later(time.Minute)
	shown := b.cookie("saved_codes")
	if _, err := f.MakeSavedCodes(f.ctx(), session.AccountID); err != nil || shown == "" || len(list()) != 0 {
		t.Errorf("a list that no longer works is shown: %v", err)
	}
	if _, _, body := b.get("/account/factors"); !strings.Contains(body, "Activo desde") || !strings.Contains(body, "Le quedan 10") {
		t.Errorf("the list of factors:\n%s", body)
	}
	if _, _, body := b.get(path + "/remove"); !strings.Contains(body, "Es su único segundo paso") {
		t.Errorf("the page of removal:\n%s", body)
	}
	for range 2 {
		if status, location, _ := b.post("/account/language", path+"/remove", nil); status != 303 || location != "/account/factors?note=removed-totp" {
			t.Errorf("the removal = %d to %q", status, location)
		}
	}
	if diff := cmp.Diff([]string{"factor_added", "factor_added", "factor_added", "factor_removed"}, f.mailKinds(account.ID)); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
}

// S-59: another question and answer, with a notice; what is easily guessed is refused.
func TestChangeQuestion(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	const path = "/account/question"
	for answer, want := range map[string]string{"": "Escriba su Respuesta", "x": "3 letras", "María Peña": "no puede ser su nombre", "pizza": "fácil de adivinar"} {
		if status, _, body := b.post(path, path, url.Values{"question": {"first_book"}, "answer": {answer}}); status != 422 || !strings.Contains(body, want) {
			t.Errorf("the answer %q = %d, want 422 with %q", answer, status, want)
		}
	}
	if status, _, body := b.post(path, path, url.Values{"question": {"nobody"}, "answer": {"la cuchara"}}); status != 422 || !strings.Contains(body, "Elija una Pregunta") {
		t.Errorf("no question = %d", status)
	}
	if status, location, _ := b.post(path, path, url.Values{"question": {"first_book"}, "answer": {"la cuchara"}}); status != 303 || location != "/account?note=question" {
		t.Errorf("the change = %d to %q", status, location)
	}
	if err := f.CheckAnswers(f.ctx(), account.ID, map[string]string{"first_book": "La Cuchara"}, false); err != nil {
		t.Errorf("the new answer: %v", err)
	}
	if diff := cmp.Diff([]string{"question_changed"}, f.mailKinds(account.ID)); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
}

func TestChangeLanguage(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	for range 2 {
		if status, location, _ := b.post("/account/language", "/account/language", url.Values{"language": {"en"}}); status != 303 || location != "/account?note=language" {
			t.Errorf("the change = %d to %q", status, location)
		}
	}
	if _, _, body := b.get("/account?note=language"); !strings.Contains(body, "We saved your language.") {
		t.Error("the page afterwards is not in English")
	}
	b.post("/account/language", "/account/language", url.Values{"language": {"xx"}})
	if got, err := f.Get(f.ctx(), account.ID); err != nil || got.Language != "en" {
		t.Errorf("the account's language = %q, %v", got.Language, err)
	}
	if n := f.count(`select count(*) from audit_events where kind = 'language_changed'`); n != 1 {
		t.Errorf("%d changes are recorded, want 1", n)
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
	open, err := f.OpenSessions(f.ctx(), account.ID)
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
	b.post("/account/sessions", "/account/sessions", url.Values{"end": {"others"}})
	for i, want := range []int{303, 303, 200} {
		if status, _, _ := others[i].get("/account"); status != want {
			t.Errorf("session %d after ending all others = %d, want %d", i, status, want)
		}
	}
	if _, _, body := b.get("/account/sessions"); !strings.Contains(body, "Solo está abierta la sesión") {
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

// sid is that of the account's only session.
func (f *fixture) sid(account Account) (sid string) {
	f.t.Helper()
	if err := f.querier().QueryRow(f.ctx(), `select sid from sessions where account_id = $1 and ended_at is null`, account.ID).Scan(&sid); err != nil {
		f.t.Fatal(err)
	}
	return sid
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
