package provider_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// S-20: health data and lasting access outlive the session, so that a browser found open does not give them to an app. The
// proof is asked for once, and the form comes back as it was; single sign-on and what was allowed before ask for none.
func TestConsentAsksForProof(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.partner(nil)
	w := b.signedIn()
	ask := func(w *browser, scope string, more ...string) (page, string) {
		t.Helper()
		change := url.Values{"scope": {scope}}
		for i := 0; i < len(more); i += 2 {
			change.Set(more[i], more[i+1])
		}
		address, verifier := b.request(id, change)
		return w.get(address), verifier
	}
	at := func(p page, path string) {
		t.Helper()
		if p.url.Path != path {
			t.Fatalf("at %s (%d), want %s\n%s", p.url, p.status, path, p.body)
		}
	}
	b.clock.advance(6 * time.Minute)
	if p, _ := ask(w, "openid profile offline_access", "prompt", "none"); p.location.Query().Get("error") != "consent_required" {
		t.Errorf("prompt=none = %v", p.location)
	}
	p, _ := ask(w, "openid profile")
	at(p, "/consent") // a name, for as long as the member is there
	p, _ = ask(w, "openid profile email offline_access")
	at(p, "/reauth")
	if !strings.Contains(p.body, "Antes de compartir sus datos con Mi Diario") {
		t.Errorf("the page does not say why:\n%s", p.body)
	}
	_, cancel := formOf(t, p)
	if refused := w.post(b.issuer+"/reauth/cancel?"+p.url.RawQuery, cancel); refused.location == nil || refused.location.Query().Get("error") != "access_denied" {
		t.Errorf("cancelling leads to %s, %v", refused.url, refused.location)
	}
	p, verifier := ask(w, "openid profile email offline_access", "max_age", "36000")
	at(p, "/reauth")
	p = w.submit(p, url.Values{"password": {password}})
	at(p, "/consent")
	b.clock.advance(6 * time.Minute) // reading: the proof was for this request
	allow := url.Values{"act": {"accept"}, "group_email": {"yes"}, "group_offline_access": {"yes"}, "duration": {"90d"}}
	back := w.submit(p, allow)
	if back.location == nil || back.location.Query().Get("code") == "" {
		t.Fatalf("allowing leads to %s (%d)", back.url, back.status)
	}
	a := b.redeem(id, secret, back.location.Query().Get("code"), verifier)
	a.want(t, 200, "")
	if at, ok := claim(t, a.text("id_token"), "auth_time").(float64); !ok || b.clock.now().Add(-7*time.Minute).After(time.Unix(int64(at), 0)) {
		t.Errorf("auth_time %v is not that of the proof", at)
	}

	b.clock.advance(6 * time.Minute)
	if p, _ := ask(w, "openid profile email offline_access"); p.location == nil {
		t.Errorf("single sign-on stops at %s", p.url)
	}
	p, _ = ask(w, "openid email offline_access", "prompt", "consent")
	at(p, "/consent")
	if back := w.submit(p, allow); back.location == nil {
		t.Errorf("what was allowed before stops at %s", back.url)
	}

	// A page that was opened in time and is sent late, in a session that did not sign in for it.
	must(t, b.provider.StopApp(t.Context(), b.account.ID, id))
	w = b.signedIn()
	p, _ = ask(w, "openid profile email offline_access")
	at(p, "/consent")
	b.clock.advance(6 * time.Minute)
	page := p.url.String()
	at(w.submit(p, allow), "/reauth")
	p = w.get(page) // Back from the proof
	at(p, "/reauth")
	p = w.submit(p, url.Values{"password": {password}})
	at(p, "/consent")
	for _, want := range []string{`id="group_email" name="group_email" type="checkbox" value="yes" checked`, `value="90d" checked`, say("web.form.not_yet")} {
		if !strings.Contains(p.body, want) {
			t.Errorf("the form came back without %s:\n%s", want, p.body)
		}
	}
	if strings.Contains(p.body, `id="group_profile" name="group_profile" type="checkbox" value="yes" checked`) {
		t.Error("a box that was empty is ticked")
	}
	if back := w.submit(p, allow); back.location == nil {
		t.Errorf("sent again it stops at %s (%d)", back.url, back.status)
	}
}

// Scopes on a record are asked about likewise, and where there is a second step the proof needs it (S-20).
func TestConsentToARecordAsksForTheSecondStep(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.smartApp("openid launch/patient patient/*.rs", nil)
	w := b.signedIn()
	app := b.enrolApp() // elsewhere, after this browser signed in
	address, _ := b.request(id, url.Values{"scope": {"openid launch/patient patient/Observation.rs"}, "aud": {fhir}})
	p := w.get(address)
	if p.url.Path != "/login/factor/totp" {
		t.Fatalf("the request leads to %s (%d)\n%s", p.url, p.status, p.body)
	}
	if p = w.submit(p, url.Values{"code": {app.code()}}); p.url.Path != "/consent" {
		t.Errorf("the second step leads to %s (%d)", p.url, p.status)
	}
}
