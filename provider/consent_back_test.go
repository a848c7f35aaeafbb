package provider_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/provider"
)

// Whoever comes back to the page and refuses ends what they had allowed for that request. What was allowed before stays, and the
// page says so; what was refused is not new.
func TestRefusedAfterAllowed(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.partner(nil)
	w := b.signedIn()
	ask := func(scope string) (page, string) {
		address, verifier := b.request(id, url.Values{"scope": {scope}})
		return w.get(address), verifier
	}
	p, verifier := ask("openid profile email offline_access")
	if !strings.Contains(p.body, "vuelve a Mi Diario y no se comparte nada.") {
		t.Errorf("the page does not say that nothing is shared:\n%s", p.body)
	}
	opened := p.url.String()
	tokens := b.redeem(id, secret, w.submit(p, url.Values{"act": {"accept"}, "group_profile": {"yes"}, "group_offline_access": {"yes"}, "duration": {"once"}}).wantCode(t), verifier)
	if text := b.mailed("app_allowed_once"); !strings.Contains(text, "solo por 1 hora, hasta el") || !strings.Contains(text, ":") {
		t.Errorf("the mail does not say the hour:\n%s", text)
	}
	zone, err := time.LoadLocation("America/New_York")
	must(t, err)
	if list := w.get("/account/apps").body; !strings.Contains(list, b.clock.now().Add(time.Hour).In(zone).Format("3:04")) {
		t.Errorf("the list does not say the hour:\n%s", list)
	}
	again := w.get(opened)
	if strings.Contains(again.body, say("provider.consent.new_only")) {
		t.Error("what the member refused is told as new")
	}
	if back := w.submit(again, url.Values{"act": {"deny"}}); back.location == nil || back.location.Query().Get("error") != "access_denied" {
		t.Errorf("refusing leads to %s (%d)", back.url, back.status)
	}
	b.refresh(id, secret, tokens.text("refresh_token")).want(t, 400, "invalid_grant")
	if apps, err := b.provider.ConnectedApps(t.Context(), b.account.ID); err != nil || len(apps) != 0 {
		t.Errorf("after refusing: %v, %v", apps, err)
	}

	p, _ = ask("openid profile")
	w.submit(p, url.Values{"act": {"accept"}, "group_profile": {"yes"}, "duration": {"90d"}}).wantCode(t)
	b.clock.advance(time.Minute)
	p, _ = ask("openid profile email")
	if !strings.Contains(p.body, "Lo que ya permitió sigue igual") || !strings.Contains(p.body, say("provider.consent.new_only")) {
		t.Errorf("the page does not say that what was allowed stays:\n%s", p.body)
	}
	w.submit(p, url.Values{"act": {"deny"}})
	if apps, err := b.provider.ConnectedApps(t.Context(), b.account.ID); err != nil || len(apps) != 1 {
		t.Errorf("refusing more ended what was allowed before: %v, %v", apps, err)
	}
}

// A public app gets tokens that outlive the session only from a recent sign-in: its code is good for whoever
// holds the browser (RFC 8252 section 8.6, S-20).
func TestPublicOfflineAsksForProof(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	public, _ := b.client(func(m *provider.Metadata) {
		m.TokenEndpointAuthMethod, m.ApplicationType, m.RedirectURIs = "none", "native", []string{"http://127.0.0.1/callback"}
	})
	confidential, _ := b.client(nil)
	w := b.signedIn()
	ask := func(id, scope string, more ...string) page {
		change := url.Values{"scope": {scope}}
		if id == public {
			change.Set("redirect_uri", "http://127.0.0.1:9000/callback")
		}
		for i := 0; i+1 < len(more); i += 2 {
			change.Set(more[i], more[i+1])
		}
		address, _ := b.request(id, change)
		return w.get(address)
	}
	ask(public, "openid offline_access").wantCode(t)
	b.clock.advance(6 * time.Minute)
	ask(public, "openid").wantCode(t)
	ask(confidential, "openid offline_access").wantCode(t)
	if p := ask(public, "openid offline_access", "prompt", "none"); p.location == nil || p.location.Query().Get("error") != "login_required" {
		t.Errorf("without a page: %s %v", p.url, p.location)
	}
	p := ask(public, "openid offline_access")
	if p.url.Path != "/reauth" {
		t.Fatalf("in an old session: %s (%d)", p.url, p.status)
	}
	w.submit(p, url.Values{"password": {password}}).wantCode(t)

	partner, _ := b.partner(func(m *provider.Metadata) { m.TokenEndpointAuthMethod = "none" })
	allow := url.Values{"act": {"accept"}, "group_offline_access": {"yes"}, "duration": {"stop"}}
	w.submit(ask(partner, "openid offline_access"), allow).wantCode(t)
	b.clock.advance(6 * time.Minute)
	p = ask(partner, "openid offline_access") // nothing new is asked
	if p.url.Path != "/reauth" {
		t.Fatalf("a partner's app in an old session: %s (%d)", p.url, p.status)
	}
	w.submit(p, url.Values{"password": {password}}).wantCode(t)
}
