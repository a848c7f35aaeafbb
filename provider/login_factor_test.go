package provider_test

import (
	"encoding/base32"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/hotp"

	"huskyidp/accounts"
)

// authenticatorApp is the member's, enrolled behind the pages' back.
type authenticatorApp struct {
	b      *bench
	secret string
}

func (b *bench) enrolApp() authenticatorApp { return b.enrolAppOf(b.account) }

func (b *bench) enrolAppOf(account accounts.Account) authenticatorApp {
	b.t.Helper()
	secret, err := b.accounts.StartTOTP(b.t.Context(), account.ID, "sid")
	must(b.t, err)
	app := authenticatorApp{b, string(secret)}
	if raw, err := base32.StdEncoding.DecodeString(app.secret); err != nil || len(raw) != 20 {
		b.t.Fatalf("the key has %d bytes, %v", len(raw), err)
	}
	_, err = b.accounts.ConfirmTOTP(b.t.Context(), account.ID, "sid", app.code())
	must(b.t, err)
	b.clock.advance(time.Minute)
	return app
}

func (a authenticatorApp) code() string {
	code, err := hotp.GenerateCode(a.secret, uint64(a.b.clock.now().Unix()/30))
	must(a.b.t, err)
	return code
}

func (w *browser) cookie(name string) string {
	issuer, err := url.Parse(w.b.issuer)
	must(w.b.t, err)
	for _, c := range w.client.Jar.Cookies(issuer) {
		if c.Name == "__Host-"+name {
			return c.Value
		}
	}
	return ""
}

// S-18, S-22: with a second step there is no session before it, the handle opens nothing
// else, and the request of the app waits; Back and a second tab continue.
func TestSecondStep(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	app := b.enrolApp()
	id, secret := b.client(nil)
	w := b.browser()
	address, verifier := b.request(id, nil)
	p := w.signIn(w.get(address))
	if p.url.Path != "/login/factor/totp" || !strings.Contains(p.body, "Prueba") || p.status != 200 {
		t.Fatalf("after the password at %s (%d)\n%s", p.url, p.status, p.body)
	}
	if w.cookie("session") != "" || w.cookie("pending") == "" || w.cookie("device") != "" {
		t.Error("before the second step there is a session or a known device, or nothing waits")
	}
	for _, path := range []string{"/account", "/account/factors", "/account/password"} {
		if p := w.get(path); p.url.Path != "/login/open" {
			t.Errorf("before the second step %s shows %s (%d)", path, p.url, p.status)
		}
	}
	silent, _ := b.request(id, url.Values{"prompt": {"none"}})
	if q := w.get(silent).location.Query(); q.Get("error") != "login_required" {
		t.Errorf("prompt=none before the second step = %v", q)
	}
	if p = w.submit(w.get("/login/open?flow="+p.url.Query().Get("flow")), url.Values{"act": {"go_on"}}); p.url.Path != "/login/factor/totp" { // somebody opened the sign-in page
		t.Fatalf("continuing leads to %s", p.url)
	}
	for typed, want := range map[string]string{"": "Escriba el código de 6 números", "12 34": "tiene 6 números y ninguna letra", "000000": "no es correcto"} {
		if got := w.submit(p, url.Values{"code": {typed}}); got.status != 422 || !strings.Contains(got.body, want) || w.cookie("session") != "" {
			t.Errorf("the code %q = %d at %s, want 422 with %q", typed, got.status, got.url, want)
		}
	}
	code := app.code()
	back := w.submit(p, url.Values{"code": {code[:3] + " " + code[3:]}})
	if back.location == nil {
		t.Fatalf("after the second step at %s (%d)\n%s", back.url, back.status, back.body)
	}
	tokens := b.redeem(id, secret, back.location.Query().Get("code"), verifier)
	claims, _ := b.verified(tokens.text("id_token"))
	if claims["acr"] != accounts.ACRFactor || !slices.Equal(claims["amr"].([]any), []any{"pwd", "otp", "mfa"}) {
		t.Errorf("acr %v, amr %v", claims["acr"], claims["amr"])
	}
	if w.cookie("session") == "" || w.cookie("pending") != "" {
		t.Error("after the second step there is no session, or something waits")
	}
	for name, again := range map[string]page{"Back": w.get("/login/factor/totp"), "a second tab": w.submit(p, url.Values{"code": {code}})} {
		if strings.Contains(again.body, `name="code"`) {
			t.Errorf("%s after signing in leads to %s (%d)", name, again.url, again.status)
		}
	}
	other := b.browser()
	if p := other.get("/login/factor/totp"); p.url.Path != "/login" || !strings.Contains(p.body, "Aquí no hay ningún paso pendiente") {
		t.Errorf("another browser at the second step is shown %s (%d)", p.url, p.status)
	}
}

// S-16: five wrong codes end the sign-in. S-12: a wrong password looks the same with and
// without a second step.
func TestSecondStepEnds(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	w := b.browser()
	wrong := url.Values{"username": {username}, "password": {"no es esta contraseña"}}
	without := w.submit(w.get("/login"), wrong)
	app := b.enrolApp()
	with := w.submit(w.get("/login"), wrong)
	if got, want := shape(with), shape(without); got != want {
		t.Errorf("a wrong password with a second step = %q, want %q", got, want)
	}
	p := w.signIn(w.get("/login"))
	if left := 30 - b.clock.now().Unix()%30; left < 5 { // a wrong code of another 30 s is another one
		b.clock.advance(time.Duration(left) * time.Second)
	}
	var codes []string
	for n := 0; len(codes) < 5; n++ {
		if code := fmt.Sprintf("00000%d", n); code != app.code() {
			codes = append(codes, code)
		}
	}
	for _, code := range slices.Concat(codes[:1], codes[:4]) { // the same again, by a double click, counts once
		p = w.submit(p, url.Values{"code": {code}})
	}
	if p.status != 422 || p.url.Path != "/login/factor/totp" {
		t.Fatalf("the fourth wrong code leads to %s (%d)", p.url, p.status)
	}
	last := w.submit(p, url.Values{"code": codes[4:]})
	if last.status != 422 || !strings.Contains(last.body, "Hubo 5 códigos incorrectos") || strings.Contains(last.body, "<form") {
		t.Errorf("the fifth wrong code = %d\n%s", last.status, last.body)
	}
	if p := w.submit(p, url.Values{"code": {app.code()}}); p.url.Path != "/login" || w.cookie("session") != "" {
		t.Errorf("the right code after five wrong ones leads to %s", p.url)
	}
	b.clock.advance(time.Minute)
	if p := w.submit(w.signIn(w.get("/login")), url.Values{"code": {app.code()}}); p.url.Path != "/account" {
		t.Errorf("signing in again leads to %s (%d)", p.url, p.status)
	}
}

// S-12: status, headers, cookies and body of a refused sign-in are the same whether or not
// there is an account, and whatever became of it, from the first failure to the wait.
func TestRefusedSignInsLookAlike(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	look := func(name string) (answers []string) {
		w := b.browser()
		for n := range 8 { // the second is the first again, which counts once
			p := w.submit(w.get("/login"), url.Values{"username": {name}, "password": {fmt.Sprint("no es esta contraseña ", max(n, 1))}})
			header := p.header.Clone()
			for i, cookie := range header["Set-Cookie"] {
				before, _, _ := strings.Cut(cookie, "=")
				_, after, _ := strings.Cut(cookie, ";")
				header["Set-Cookie"][i] = before + after
			}
			header.Del("Date")
			header.Del("X-Request-Id")
			answers = append(answers, fmt.Sprintf("%d %v %s", p.status, header, strings.ReplaceAll(shape(p), name, "NAME")))
		}
		return answers
	}
	want := look(strings.Repeat("x", len(username))) // whose name is as long, for Content-Length
	if !strings.HasPrefix(want[0], "422") || !strings.HasPrefix(want[5], "422") || !strings.HasPrefix(want[6], "429") {
		t.Fatalf("the answers begin with %.60q and end with %.60q", want[0], want[7])
	}
	if diff := cmp.Diff(want, look(username)); diff != "" {
		t.Errorf("an account and none:\n%s", diff)
	}
	for _, status := range []string{"disabled", "protected"} {
		b.clock.advance(2 * time.Hour)
		_, err := b.db.From(t.Context()).Exec(t.Context(), `delete from sign_in_throttles`)
		must(t, err)
		_, err = b.db.From(t.Context()).Exec(t.Context(), `update accounts set status = $1`, status)
		must(t, err)
		if diff := cmp.Diff(want, look(username)); diff != "" {
			t.Errorf("a %s account and none:\n%s", status, diff)
		}
	}
}

var refusedMark = regexp.MustCompile(`refused=[A-Za-z0-9_-]+|name="for-[0-9a-f]+"`)

// shape is a page without what differs each time.
func shape(p page) string {
	body := refusedMark.ReplaceAllString(p.body, "")
	for _, name := range []string{`name="csrf" value="`} {
		for {
			before, after, found := strings.Cut(body, name)
			if !found {
				break
			}
			_, after, _ = strings.Cut(after, `"`)
			body = before + after
		}
	}
	return p.url.Path + body
}

// The second step of a proof names what it is for and the account, as the first page does.
func TestSecondStepOfAProofSaysWhatFor(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.partner(nil)
	w := b.signedIn()
	b.enrolApp()
	b.clock.advance(6 * time.Minute)
	for path, want := range map[string]string{"/account/question": "Esto es para «Cambiar pregunta secreta»", "/account/factors/passkey": "Esto es para «", "": "Antes de compartir sus datos con Mi Diario, confirme que es usted. Vale por 5 minutos."} {
		if path == "" {
			path, _ = b.request(id, url.Values{"scope": {"openid profile offline_access"}})
		}
		first := w.get(path)
		if first.url.Path != "/reauth" || !strings.Contains(first.body, want) || !strings.Contains(first.body, "Vale por 5 minutos") {
			t.Fatalf("the proof is at %s (%d)\n%s", first.url, first.status, first.body)
		}
		second := w.submit(first, url.Values{"password": {password}})
		if second.url.Path != "/login/factor/totp" || !strings.Contains(second.body, want) || !strings.Contains(second.body, "<strong>"+username+"</strong>") {
			t.Errorf("the second step is at %s (%d)\n%s", second.url, second.status, second.body)
		}
	}
	if p := b.browser(); !strings.Contains(p.signIn(p.get("/login")).body, say("accounts.factor.lead")) {
		t.Error("a sign-in's second step lost its words")
	} else if again := p.get("/login/factor/totp"); strings.Contains(again.body, username) || strings.Contains(again.body, "Vale por 5 minutos") {
		t.Errorf("a sign-in's second step names an account:\n%s", again.body)
	}
}

// A saved code in the app's field is pointed to its own page, where the member has such codes.
func TestSavedCodeInTheFieldOfTheApp(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	b.enrolApp()
	refused := func() page {
		w := b.browser()
		return w.submit(w.signIn(w.get("/login")), url.Values{"code": {"3erw4-abcde-fghjk"}})
	}
	if p := refused(); p.status != 422 || !strings.Contains(p.body, say("accounts.totp.format")) || strings.Contains(p.body, say("accounts.totp.or_saved")) {
		t.Errorf("without saved codes: %d\n%s", p.status, p.body)
	}
	_, err := b.accounts.MakeSavedCodes(t.Context(), b.account.ID, "")
	must(t, err)
	if p := refused(); p.status != 422 || !strings.Contains(p.body, say("accounts.totp.or_saved")) || !strings.Contains(p.body, `href="/login/factor/saved-code`) {
		t.Errorf("with saved codes: %d\n%s", p.status, p.body)
	}
}

// TestFactorRemovedElsewhere: whoever is asked for a second step that was just removed on another device begins anew and gets on, in an app's
// request, without one, and where a page asked for a proof.
func TestFactorRemovedElsewhere(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"reload", "code"} {
		for _, where := range []string{"app", "account", "proof"} {
			b := newBench(t, 4)
			w := b.browser()
			if where == "proof" {
				w = b.signedIn()
			}
			app := b.enrolApp()
			b.clock.advance(6 * time.Minute)
			var asked page
			switch where {
			case "app":
				id, _ := b.client(nil)
				address, _ := b.request(id, nil)
				asked = w.signIn(w.get(address))
			case "account":
				asked = w.signIn(w.get("/login"))
			default:
				asked = w.submit(w.get("/account/question"), url.Values{"password": {password}})
			}
			if asked.url.Path != "/login/factor/totp" {
				t.Fatalf("%s: at %s", where, asked.url)
			}
			must(t, b.accounts.RemoveTOTP(t.Context(), b.account.ID))
			p := page{}
			if how == "code" {
				p = w.submit(asked, url.Values{"code": {app.code()}})
			} else {
				p = w.get(asked.url.RequestURI())
			}
			if where == "proof" {
				if p.url.Path != "/reauth" || p.url.Query().Get("return") != "/account/question" {
					t.Errorf("%s, %s: led to %s", where, how, p.url)
				}
				if p = w.submit(p, url.Values{"password": {password}}); p.url.Path != "/account/question" {
					t.Errorf("%s, %s: the password leads to %s", where, how, p.url)
				}
				continue
			}
			if p.url.Path != "/login" || !strings.Contains(p.body, say("provider.login.factor_gone")) {
				t.Errorf("%s, %s: led to %s\n%s", where, how, p.url, p.body)
			}
			p = w.signIn(p)
			if where == "app" && p.location == nil || where == "account" && p.url.Path != "/account" {
				t.Errorf("%s, %s: the password leads to %s (%d)", where, how, p.url, p.status)
			}
		}
	}
}
