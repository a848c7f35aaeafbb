package provider_test

import (
	"encoding/base32"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/hotp"

	"huskyidp/accounts"
	"huskyidp/provider"
)

// authenticatorApp is the member's, enrolled behind the pages' back.
type authenticatorApp struct {
	b      *bench
	secret string
}

func (b *bench) enrolApp() authenticatorApp {
	b.t.Helper()
	secret, err := b.accounts.StartTOTP(b.t.Context(), b.account.ID, "sid")
	must(b.t, err)
	app := authenticatorApp{b, string(secret)}
	if raw, err := base32.StdEncoding.DecodeString(app.secret); err != nil || len(raw) != 20 {
		b.t.Fatalf("the key has %d bytes, %v", len(raw), err)
	}
	_, err = b.accounts.ConfirmTOTP(b.t.Context(), b.account.ID, "sid", app.code())
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
// else, and the request of the app waits; Back and a second tab lead on.
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
	for typed, want := range map[string]string{"": "Escriba el código de 6 números", "12 34": "sin espacios ni letras", "000000": "no es correcto"} {
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

// Whoever opens the sign-in where another person's waits for its second step is asked first, and reads nothing of it.
func TestSignInOfAnotherPersonWaits(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	app := b.enrolApp()
	id, _ := b.client(nil)
	w := b.browser()
	address, _ := b.request(id, nil)
	w.signIn(w.get(address))
	again, _ := b.request(id, nil)
	for name, target := range map[string]string{"the sign-in page": "/login", "an app": again, "a page of the account": "/account/password"} {
		p := w.get(target)
		if p.url.Path != "/login/open" || strings.Contains(p.body, "Prueba") && name != "an app" || strings.Contains(p.body, b.account.Username) {
			t.Errorf("from %s: %s\n%s", name, p.url, p.body)
		}
	}
	if p := w.submit(w.get(again), url.Values{"act": {"go_on"}}); p.url.Path != "/login/factor/totp" {
		t.Errorf("going on leads to %s", p.url)
	}
	asked := w.get("/account/password")
	p := w.submit(asked, url.Values{"act": {"anew"}})
	if p.url.Path != "/login" || p.url.Query().Get("return") != "/account/password" || w.cookie("pending") != "" {
		t.Errorf("another person is led to %s; what waits: %q", p.url, w.cookie("pending"))
	}
	if p := w.submit(asked, url.Values{"act": {"go_on"}}); p.url.Path != "/login" {
		t.Errorf("going on with what was given up leads to %s", p.url)
	}
	if p := w.submit(w.signIn(w.get(again)), url.Values{"code": {app.code()}}); p.location == nil {
		t.Errorf("after the second sign-in at %s (%d)", p.url, p.status)
	}
	if p := w.get("/login/open"); p.url.Path == "/login/open" {
		t.Error("signed in, the question is still asked")
	}
}

// A request of an app for which one member gave the password is not answered by another's session in the same browser unasked:
// neither by the code, typed in the tab that was left open, nor by its reload.
func TestSecondStepOfAnotherPerson(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	b.enrolApp()
	other := b.another("otro.miembro")
	id, _ := b.client(nil)
	w := b.browser()
	address, _ := b.request(id, nil)
	p := w.signIn(w.get(address))
	asked := w.submit(w.get("/login"), url.Values{"act": {"anew"}})
	if again := w.submit(asked, url.Values{"username": {other.Username}, "password": {password}}); again.url.Path != "/account" {
		t.Fatalf("the other member is at %s", again.url)
	}
	flow := p.url.Query().Get("flow")
	for name, q := range map[string]page{"the code": w.submit(p, url.Values{"code": {"123456"}}), "a reload": w.get(p.url.String()), "resume": w.get("/authorize/resume?flow=" + flow)} {
		if q.location != nil || q.url.Path != "/login/accounts" || !strings.Contains(q.body, other.Username) {
			t.Errorf("%s leads to %s, %v", name, q.url, q.location)
		}
	}
	if q := w.submit(w.get("/login/accounts?flow="+flow), url.Values{"act": {"continue"}}); q.location == nil {
		t.Errorf("the other member, who said so, is at %s", q.url)
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
		t.Errorf("signing in anew leads to %s (%d)", p.url, p.status)
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

// shape is a page without what differs each time.
func shape(p page) string {
	body := p.body
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

// S-19: what an app needs of the member's proof, by its request, its registration or its
// scopes, is never answered with less.
func TestMinimumACR(t *testing.T) {
	t.Parallel()
	b := newBenchIn(t, 4, func(_ *bench, d *provider.Deps) { d.ScopeACR = provider.ScopeACR{"husky.member": accounts.ACRFactor} })
	plain, _ := b.client(nil)
	strict, secret := b.client(func(m *provider.Metadata) { m.MinimumACR = accounts.ACRFactor })
	essential := url.Values{"claims": {`{"id_token":{"acr":{"essential":true,"value":"` + accounts.ACRFactor + `"}}}`}}
	wish := url.Values{"acr_values": {accounts.ACRFactor + " " + accounts.ACRPassword}}
	w := b.signedIn()
	asks := []struct {
		name   string
		client string
		change url.Values
	}{
		{"by registration", strict, nil}, {"by an essential acr", plain, essential}, {"by a scope", plain, url.Values{"scope": {"openid husky.member"}}},
	}
	for _, ask := range asks {
		address, _ := b.request(ask.client, ask.change)
		if q := w.get(address + "&prompt=none").location.Query(); q.Get("error") != "login_required" {
			t.Errorf("%s, prompt=none = %v, want login_required", ask.name, q)
		}
		p := w.get(address)
		if p.url.Path != "/reauth" || !strings.Contains(p.body, "hace falta un segundo paso") || !strings.Contains(p.body, "/account/factors/totp?flow=") {
			t.Errorf("%s, without a second step = %s (%d)\n%s", ask.name, p.url, p.status, p.body)
			continue
		}
		_, fields := formOf(t, p)
		left := w.post(b.issuer+"/reauth/cancel?"+p.url.RawQuery, fields)
		if left.location == nil || left.location.Query().Get("error") != "unmet_authentication_requirements" {
			t.Errorf("%s, left = %s (%d) %v", ask.name, left.url, left.status, left.location)
		}
	}
	address, _ := b.request(plain, wish)
	if p := w.get(address); p.location == nil || p.location.Query().Get("code") == "" {
		t.Errorf("a wish that the member cannot meet = %s (%d), want a code", p.url, p.status)
	}

	app := b.enrolApp()
	address, _ = b.request(plain, wish)
	if p := w.get(address); p.url.Path != "/login/factor/totp" {
		t.Errorf("a wish that the member can meet, with a fresh password = %s (%d), want the second step", p.url, p.status)
	}
	b.clock.advance(10 * time.Minute)
	before := w.cookie("session")
	address, verifier := b.request(strict, nil)
	p := w.get(address)
	if p.url.Path != "/reauth" || !strings.Contains(p.body, "Prueba pide un paso más") {
		t.Fatalf("the step-up page = %s (%d)\n%s", p.url, p.status, p.body)
	}
	if p := w.submit(p, url.Values{"password": {"no es esta contraseña"}}); p.status != 422 || !strings.Contains(p.body, "no es su contraseña actual") {
		t.Errorf("a wrong password at the step-up = %d", p.status)
	}
	p = w.submit(p, url.Values{"password": {password}})
	if p.url.Path != "/login/factor/totp" {
		t.Fatalf("after the password at %s (%d)", p.url, p.status)
	}
	proven := b.clock.now()
	p = w.submit(p, url.Values{"code": {app.code()}})
	if p.location == nil {
		t.Fatalf("after the step-up at %s (%d)\n%s", p.url, p.status, p.body)
	}
	claims, _ := b.verified(b.redeem(strict, secret, p.location.Query().Get("code"), verifier).text("id_token"))
	if claims["acr"] != accounts.ACRFactor || int64(claims["auth_time"].(float64)) < proven.Unix()-1 {
		t.Errorf("after the step-up acr %v, auth_time %v", claims["acr"], claims["auth_time"])
	}
	after := w.cookie("session")
	if before == after {
		t.Error("S-22: the step-up kept the session's token")
	}
	if _, err := b.accounts.Session(t.Context(), before); err == nil {
		t.Error("S-22: the token before the step-up is good")
	}
	for _, ask := range asks {
		address, _ := b.request(ask.client, ask.change)
		if p := w.get(address + "&prompt=none"); p.location == nil || p.location.Query().Get("code") == "" {
			t.Errorf("%s, after the step-up = %v, want a code", ask.name, p.location)
		}
	}
	if q := w.get(func() string {
		address, _ := b.request(plain, url.Values{"claims": {`{"id_token":{"acr":{"essential":true,"value":"urn:of:nobody"}}}`}})
		return address
	}()).location.Query(); q.Get("error") != "unmet_authentication_requirements" {
		t.Errorf("an acr of nobody = %v", q)
	}
}

// S-20: whoever has a session and the member's telephone cannot stay fresh by its codes alone, without the password.
func TestCodesAloneKeepNothingFresh(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	app := b.enrolApp()
	w := b.browser()
	if p := w.submit(w.signIn(w.get("/login")), url.Values{"code": {app.code()}}); p.url.Path != "/account" {
		t.Fatalf("signing in leads to %s", p.url)
	}
	b.clock.advance(4 * time.Minute)
	if p := w.get("/reauth?return=/account/password"); p.url.Path != "/reauth" || !strings.Contains(p.body, `type="password"`) {
		t.Errorf("after four minutes the step-up = %s (%d), want the password", p.url, p.status)
	}
}

// Who thinks better of a change is back on the page where it began, not at the start.
func TestLeavingAStepUp(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	w := b.signedIn()
	for back, want := range map[string]string{
		"/account/password": "/account", "/account/factors/totp": "/account/factors", "/account/sessions": "/account/sessions",
	} {
		_, fields := formOf(t, w.get("/reauth?return="+back))
		if p := w.post(b.issuer+"/reauth/cancel", fields); p.url.Path != want {
			t.Errorf("leaving the step-up for %s leads to %s (%d), want %s", back, p.url.Path, p.status, want)
		}
	}
}

// S-55: a factor that was enrolled soon after a recovery cannot meet an app's need yet.
func TestNewFactorCannotStepUp(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	strict, _ := b.client(func(m *provider.Metadata) { m.MinimumACR = accounts.ACRFactor })
	_, err := b.db.From(t.Context()).Exec(t.Context(), `update accounts set recovered_at = $1`, b.clock.now())
	must(t, err)
	b.enrolApp()
	w := b.signedIn() // by the password alone
	address, _ := b.request(strict, nil)
	if p := w.get(address); p.url.Path != "/reauth" || !strings.Contains(p.body, "se podrá usar aquí desde") || strings.Contains(p.body, `type="password"`) {
		t.Errorf("the step-up page = %s (%d)\n%s", p.url, p.status, p.body)
	}
	b.clock.advance(25 * time.Hour)
	if p := b.browser(); p.signIn(p.get("/login")).url.Path != "/login/factor/totp" {
		t.Error("a day later the sign-in takes no second step")
	}
}

// The metadata names the ladder, and a client may not register another.
func TestACRMetadata(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	doc := b.browser().get("/.well-known/openid-configuration").body
	for _, acr := range accounts.ACRValues() {
		if !strings.Contains(doc, `"`+acr+`"`) {
			t.Errorf("the metadata lacks %s", acr)
		}
	}
	for name, change := range map[string]func(*provider.Metadata){
		"minimum_acr":        func(m *provider.Metadata) { m.MinimumACR = "urn:of:nobody" },
		"default_acr_values": func(m *provider.Metadata) { m.DefaultACRValues = []string{"urn:of:nobody"} },
	} {
		m := provider.Metadata{ClientName: "Prueba", RedirectURIs: []string{callback}}
		change(&m)
		if _, _, err := b.clients.Create(t.Context(), "", m); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s of nobody = %v, want an error", name, err)
		}
	}
}

// S-19: a screen without a browser gets no token of less proof either.
func TestDeviceMinimumACR(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(func(m *provider.Metadata) {
		*m = provider.Metadata{ClientName: "Quiosco", GrantTypes: []string{deviceGrant}}
		m.MinimumACR = accounts.ACRFactor
	})
	w := b.signedIn()
	_, _, body := b.post("/device_authorization", id, secret, url.Values{"scope": {"openid"}})
	var begun struct {
		UserCode string `json:"user_code"`
	}
	must(t, json.Unmarshal([]byte(body), &begun))
	p := w.submit(w.get("/device"), url.Values{"user_code": {begun.UserCode}})
	if p.url.Path != "/account/factors" {
		t.Errorf("without a second step the code leads to %s (%d)\n%s", p.url, p.status, body)
	}
	app := b.enrolApp()
	p = w.get("/device/confirm")
	if p.url.Path != "/login/factor/totp" {
		t.Fatalf("with a second step the code leads to %s (%d)", p.url, p.status)
	}
	if p = w.submit(p, url.Values{"code": {app.code()}}); p.url.Path != "/device/confirm" || p.status != 200 {
		t.Errorf("after the second step at %s (%d)", p.url, p.status)
	}
}
