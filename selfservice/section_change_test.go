package selfservice

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huskyidp/accounts"
)

// S-06: the current password, then every other session and older grants end, failures are
// forgotten, the owner is notified; S-22: this session continues under another token.
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
		{"", "", "Escriba una contraseña"}, {wrongPassword, fresh, "Esa no es su contraseña actual"}, {rightPassword, rightPassword, "Esa es su contraseña anterior"},
		{rightPassword, "brevísima", "muy corta"}, {rightPassword, "María Peña 001234789", "datos suyos"},
	} {
		if status, _, body := change(test.current, test.wanted); status != 422 || !strings.Contains(body, test.want) || strings.Contains(body, test.wanted) && test.wanted != "" {
			t.Errorf("change(%q, %q) = %d, want 422 with %q", test.current, test.wanted, status, test.want)
		}
	}
	f.later(time.Second)
	before, theirs := b.cookie("session"), other.cookie("device")
	if status, location, _ := change(rightPassword, fresh); status != 303 || location != "/account?note=password" {
		t.Fatalf("the change = %d to %q", status, location)
	}
	if len(b.apps.watched) != 1 || b.apps.watched[0] != account.ID {
		t.Errorf("permissions of a stranger were looked for in %v, want once in %v", b.apps.watched, account.ID)
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
	if account, err := f.Get(f.ctx(), account.ID); err != nil || f.RenewDevice(account, theirs) != "" || f.RenewDevice(account, b.cookie("device")) == "" {
		t.Errorf("only the browser that changed the password is known: %v", err)
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
	former := "¿Su aplicación ya tiene una entrada de Salud HUSKY para maria? Bórrela"
	if !strings.Contains(body, former) {
		t.Errorf("the page does not say that an earlier entry in the app is void:\n%s", body)
	}
	code := f.code(secret)
	if status, _, body := b.post(path, path, url.Values{"code": {otherCode(code)}}); status != 422 || !strings.Contains(body, say("accounts.add_totp.wrong")) || !strings.Contains(body, former) {
		t.Errorf("a wrong code = %d\n%s", status, body)
	}
	f.write(`update account_totp set sid = 'elsewhere' where account_id = $1`, account.ID) // as after a sign-in elsewhere in between
	if status, _, body := b.post("/account/language", path, url.Values{"code": {code}}); status != 422 || !strings.Contains(body, say("accounts.add_totp.wrong")) {
		t.Errorf("a code of a replaced key = %d\n%s", status, body)
	}
	secret, err = f.StartTOTP(f.ctx(), account.ID, f.sid(account))
	if err != nil {
		t.Fatal(err)
	}
	code = f.code(secret)
	before := b.cookie("session")
	status, location, _ := b.post(path, path, url.Values{"code": {code}, "flow": {"f1"}})
	if status != 303 || location != "/account/factors/saved-codes?flow=f1&note=added-totp" {
		t.Fatalf("the right code = %d to %q", status, location)
	}
	session, err := f.Session(f.ctx(), b.cookie("session"))
	if err != nil || session.ACR != accounts.ACRFactor || before == b.cookie("session") {
		t.Errorf("the session = %s, %v, want %s under another token", session.ACR, err, accounts.ACRFactor)
	}
	if status, location, _ := b.post(location, path, url.Values{"code": {code}}); status != 303 || location != "/account/factors/saved-codes?note=added-totp" { // as the first
		t.Errorf("a second click = %d to %q", status, location)
	}
	if _, _, body := b.get(location); strings.Contains(body, say("accounts.saved.title")) || strings.Contains(body, say("accounts.saved.renew")) || !strings.Contains(body, say("accounts.saved.make")) {
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
	status, _, file := b.post(location, "/account/factors/saved-codes/file", url.Values{"codes": {strings.Join(all, " ")}})
	if status != 200 || !strings.Contains(file, strings.Join(all, "\r\n")) {
		t.Errorf("the file = %d %q", status, file)
	}
	if status, _, _ := b.post(location, "/account/factors/saved-codes/file", url.Values{"codes": {"<script>"}}); status != 303 {
		t.Errorf("a file of something else = %d", status)
	}
	made := location
	status, on, _ := b.post(location, "/account/factors/saved-codes/kept", url.Values{"flow": {"f1"}, "codes": {strings.Join(all, " ")}})
	if status != 303 || on != "/resume?flow=f1" || len(list()) != 0 {
		t.Errorf("after they were kept: %d to %q, and %d codes by Back", status, on, len(list()))
	}
	if _, _, body := b.get("/account/factors/saved-codes"); strings.Contains(body, all[0]) {
		t.Error("the codes are shown again")
	}
	f.later(time.Minute)
	_, location, _ = b.post(made, "/account/factors/saved-codes", url.Values{"flow": {"f1"}})
	if codes = list(); len(codes) != 10 || codes[0][1] == all[0] {
		t.Errorf("another list has %d codes", len(codes))
	}
	f.later(time.Minute)
	shown := b.cookie("saved_codes")
	if _, err := f.MakeSavedCodes(f.ctx(), session.AccountID, ""); err != nil || shown == "" || len(list()) != 0 {
		t.Errorf("a list that no longer works is shown: %v", err)
	}
	if _, _, body := b.get("/account/factors"); !strings.Contains(body, "En uso desde") || !strings.Contains(body, "Le quedan 10") {
		t.Errorf("the list of factors:\n%s", body)
	}
	if _, _, body := b.get(path + "/remove"); !strings.Contains(body, "Es su única verificación en dos pasos") {
		t.Errorf("the page of removal:\n%s", body)
	}
	for range 2 {
		if status, location, _ := b.post("/account/language", path+"/remove", nil); status != 303 || location != "/account/factors?note=removed-totp" {
			t.Errorf("the removal = %d to %q", status, location)
		}
	}
	if diff := cmp.Diff([]string{"factor_added", "factor_added", "factor_added", "factor_added", "factor_removed"}, f.mailKinds(account.ID)); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
}

// A list that was not marked as kept is there after a reload, in another language and after a proof that was asked for in between;
// once another page was opened, or the session has ended, neither Back nor its address shows it.
func TestSavedCodesUntilThePageIsLeft(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*fixture, *browser, accounts.Account){
		"the account":       func(_ *fixture, b *browser, _ accounts.Account) { b.get("/account") },
		"the list of steps": func(_ *fixture, b *browser, _ accounts.Account) { b.get("/account/factors") },
		"the session's end": func(f *fixture, b *browser, a accounts.Account) {
			if err := f.EndSessions(f.ctx(), a.ID, ""); err != nil {
				t.Error(err)
			}
			b.get("/account/ended")
		},
	} {
		f, b, account := member(t)
		b.get("/account/factors/totp")
		secret, err := f.StartTOTP(f.ctx(), account.ID, f.sid(account))
		if err != nil {
			t.Fatal(err)
		}
		b.post("/account/factors/totp", "/account/factors/totp", url.Values{"code": {f.code(secret)}})
		_, location, _ := b.post("/account/language", "/account/factors/saved-codes", nil)
		shown := func(address string) int {
			_, _, body := b.get(address)
			return strings.Count(body, `<li class="code">`)
		}
		for _, address := range []string{location, location, location + "&lang=en", "/account/factors/saved-codes"} {
			if n := shown(address); n != 10 {
				t.Errorf("%s: %s shows %d codes before the page was left", name, address, n)
			}
		}
		kept := b.cookie("saved_codes")
		leave(f, b, account)
		if n := shown(location); n != 0 || kept == "" {
			t.Errorf("%s: Back shows %d codes", name, n)
		}
		if _, _, body := b.get("/account/factors/saved-codes"); name != "the session's end" && !strings.Contains(body, "Codes are shown only once.") {
			t.Errorf("%s: the page does not say how to make others:\n%s", name, body)
		}
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
	if n := f.count(`select count(*) from audit_events where kind = 'language_changed' and data->>'former' = 'es'`); n != 1 {
		t.Errorf("%d changes are recorded, want 1", n)
	}
	if m := f.last("language_changed"); m.Lang != "es" || !strings.Contains(m.Content.Text, "Alguien cambió el idioma de esta cuenta") || !strings.Contains(m.Content.Text, "/not-me?link=") {
		t.Errorf("the notice in the former language = %+v", m)
	}
	if n := len(f.mailKinds(account.ID)); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
}

// A change of address that the member asked for, and that waits, ends with the password; support's own does not concern it.
func TestPasswordChangeStopsTheAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	emails := &held{f: f}
	if err := emails.HoldEmail(context.Background(), accounts.Session{AccountID: account.ID}, "dieb@example.org"); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, f, nil, emails)
	b.get("/in/maria")
	const path = "/account/password"
	b.get(path)
	status, location, _ := b.post(path, path, map[string][]string{"password": {rightPassword}, "new_password": {"otra contraseña muy larga"}})
	if status != http.StatusSeeOther || !emails.until.IsZero() {
		t.Errorf("the change of password = %d to %q, the address waits until %v", status, location, emails.until)
	}
}

// A second step that was added on a new device waits a day: each page that shows it says so, and the mail.
func TestFactorThatWaitsIsTold(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	f.write(`update accounts set new_device_at = $1`, f.now())
	b.get("/account/factors/totp")
	secret, err := f.StartTOTP(f.ctx(), account.ID, f.sid(account))
	if err != nil {
		t.Fatal(err)
	}
	status, location, _ := b.post("/account/factors/totp", "/account/factors/totp", url.Values{"code": {f.code(secret)}})
	if status != 303 {
		t.Fatalf("the code = %d", status)
	}
	const told = "Su nueva verificación en dos pasos cuenta desde el"
	for _, path := range []string{location, "/account", "/account/factors"} {
		if _, _, body := b.get(path); !strings.Contains(body, told) {
			t.Errorf("%s does not say that it waits:\n%s", path, body)
		}
	}
	if m := f.last("factor_added_waits"); !strings.Contains(m.Content.Text, "solo con la contraseña") || !strings.Contains(m.Content.Text, "/not-me?link=") {
		t.Errorf("the mail says\n%s", m.Content.Text)
	}
	f.later(25 * time.Hour)
	b.get("/in/maria?step=totp")
	for _, path := range []string{"/account", "/account/factors"} {
		if _, _, body := b.get(path); strings.Contains(body, told) {
			t.Errorf("%s says that it waits a day later", path)
		}
	}
}
