package provider_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/provider"
)

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
		if p.url.Path != "/reauth" || !strings.Contains(p.body, "hace falta la verificación en dos pasos") || !strings.Contains(p.body, "/account/factors/totp?flow=") {
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
	if p := w.get(address); p.url.Path != "/reauth" || !strings.Contains(p.body, "cuenta desde") || strings.Contains(p.body, `type="password"`) {
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
