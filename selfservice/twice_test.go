package selfservice

import (
	"crypto/rand"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/passkeytest"
)

// copied is a browser with the same cookies.
func (b *browser) copied() *browser {
	b.t.Helper()
	address, err := url.Parse(b.address)
	if err != nil {
		b.t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	jar.SetCookies(address, b.client.Jar.Cookies(address))
	other, client := *b, *b.client
	client.Jar = jar
	other.client = &client
	return &other
}

// TestFormsPressedTwice sends each form of the section that changes something two times: at the same moment, three seconds apart
// with the answer to the first, and without it. Each is answered as the first was, nothing is done twice, no mistake is counted,
// and the session stays.
func TestFormsPressedTwice(t *testing.T) {
	t.Parallel()
	const fresh = "una frase que nadie conoce"
	for name, test := range map[string]struct {
		path, want string
		fields     url.Values
		mails      int
		prepare    func(f *fixture, a accounts.Account, fields url.Values)
	}{
		"password": {path: "/account/password", want: "/account?note=password", fields: url.Values{"password": {rightPassword}, "new_password": {fresh}}, mails: 1},
		"question": {path: "/account/question", want: "/account?note=question", fields: url.Values{"password": {rightPassword}, "question": {"first_film"}, "answer": {"un coche rojo"}}, mails: 1},
		"address":  {path: "/account/email", want: "/account/email/code", fields: url.Values{"email": {"nueva@example.org"}, "email_again": {"nueva@example.org"}}, mails: 1},
		"its code": {path: "/account/email/code", want: "/account/email?note=proven", fields: url.Values{}, prepare: func(f *fixture, a accounts.Account, fields url.Values) {
			if err := f.StartEmailProof(f.ctx(), a, f.sid(a), "198.51.100.7/32", "nueva@example.org"); err != nil {
				t.Error(err)
			}
			fields.Set("code", f.emailCode("nueva@example.org"))
		}, mails: 1},
		"an app": {path: "/account/factors/totp", want: "/account/factors/saved-codes?note=added-totp", fields: url.Values{}, prepare: func(f *fixture, a accounts.Account, fields url.Values) {
			secret, err := f.StartTOTP(f.ctx(), a.ID, f.sid(a))
			if err != nil {
				t.Error(err)
			}
			fields.Set("code", f.code(secret))
		}, mails: 1},
		"a passkey": {path: "/account/factors/passkey", want: "/account/factors/saved-codes?note=added-passkey", fields: url.Values{"label": {"mi teléfono"}}, prepare: func(f *fixture, a accounts.Account, fields url.Values) {
			options, err := f.BeginNewPasskey(f.ctx(), a, f.sid(a))
			if err != nil {
				t.Error(err)
			}
			fields.Set("credential", passkeytest.New(t, "https://idp.example").Create(options))
		}, mails: 1},
		"saved codes": {path: "/account/factors/saved-codes", want: "/account/factors/saved-codes?note=made", fields: url.Values{"list": {rand.Text()}}, prepare: func(f *fixture, a accounts.Account, _ url.Values) {
			f.enrolTOTP(a)
		}, mails: 2},
		"no app": {path: "/account/factors/totp/remove", want: "/account/factors?note=removed-totp", fields: url.Values{}, prepare: func(f *fixture, a accounts.Account, _ url.Values) {
			f.enrolTOTP(a)
		}, mails: 2},
		"the end": {path: "/account/close", want: "/account/closing", fields: url.Values{"password": {rightPassword}}},
	} {
		for how, apart := range map[string]time.Duration{"at once": 0, "20 ms apart": 20 * time.Millisecond, "3 s apart": 3 * time.Second, "3 s apart, the first answer lost": 3 * time.Second} {
			f := newFixture(t, 4)
			account := f.register("maria")
			b := newBrowser(t, f, nil, &held{f: f})
			f.later(time.Minute)
			b.get("/in/maria")
			fields := maps.Clone(test.fields)
			if test.prepare != nil {
				test.prepare(f, account, fields)
			}
			if name == "no app" || name == "saved codes" {
				b.get("/in/maria?step=two")
			}
			token := b.token(test.path)
			press := func(b *browser) (int, string, string) {
				status, header, body := b.send(token, test.path, maps.Clone(fields))
				if at := header.Get("Location"); status == http.StatusSeeOther && strings.HasPrefix(at, test.path) && at != test.want { // back to its own page, which leads on
					status, location, body := b.get(at)
					return status, location, body
				}
				return status, header.Get("Location"), body
			}
			one, two := b.copied(), b.copied()
			var answers [2]string
			if apart < time.Second {
				var both sync.WaitGroup
				both.Go(func() { _, answers[0], _ = press(one) })
				time.Sleep(apart)
				both.Go(func() { _, answers[1], _ = press(two) })
				both.Wait()
			} else {
				_, answers[0], _ = press(one)
				f.later(apart)
				if !strings.Contains(how, "lost") {
					two = one
				}
				_, answers[1], _ = press(two)
			}
			for i, got := range answers {
				if got != test.want {
					t.Errorf("%s, %s: press %d leads to %q, want %q", name, how, i+1, got, test.want)
				}
			}
			for i, b := range []*browser{one, two} { // before any other page
				if _, _, page := b.get(answers[i]); name == "saved codes" && strings.Count(page, `class="code"`) != accounts.SavedCodeCount {
					t.Errorf("%s, %s: after press %d the list is not shown", name, how, i+1)
				}
			}
			for i, b := range []*browser{one, two} {
				if status, location, _ := b.get("/account"); status != http.StatusOK && name != "the end" {
					t.Errorf("%s, %s: after press %d the account is %d to %s", name, how, i+1, status, location)
				}
			}
			if n := len(f.mailKinds(account.ID)); n != test.mails {
				t.Errorf("%s, %s: %d mails, want %d", name, how, n, test.mails)
			}
			if n := f.count(`select count(*) from sign_in_throttles where failures > 0`) + f.count(`select count(*) from audit_events where kind = $1`, audit.SignInFailed); n != 0 {
				t.Errorf("%s, %s: %d mistakes are counted", name, how, n)
			}
		}
	}
}
