package provider_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// What a member marked on the consent page survives the end of their session: the sign-in page says why they sign in again, and
// the form comes back as it was, to the same member alone.
func TestConsentChoiceOutlivesTheSession(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	b.another("otra1980")
	box := func(name string) string {
		return `id="` + name + `" name="` + name + `" type="checkbox" value="yes" checked`
	}
	ticked := func(p page, name string) bool { return strings.Contains(p.body, box(name)) }
	marked := url.Values{"group_offline_access": {"yes"}, "duration": {"once"}, "made_up": {"yes"}}
	for name, send := range map[string]url.Values{
		"allowed": {"act": {"accept"}}, "refused": {"act": {"deny"}}, "kept by the page": {"keep": {"yes"}},
	} {
		for name2, end := range map[string]func(*browser){
			"unused":                  func(*browser) { b.clock.advance(16 * time.Minute) },
			"ended in another tab":    func(w *browser) { b.clock.advance(16 * time.Minute); w.get("/account/password") },
			"ended elsewhere":         func(*browser) { must(t, b.accounts.EndSessions(t.Context(), b.account.ID, "")) },
			"while it was proven":     nil,
			"and another member came": func(*browser) { b.clock.advance(16 * time.Minute) },
		} {
			if end == nil && name != "allowed" {
				continue
			}
			t.Run(name+", "+name2, func(t *testing.T) {
				id, _ := b.partner(nil)
				w := b.signedIn()
				address, _ := b.request(id, url.Values{"scope": {"openid profile email offline_access"}})
				p := w.get(address)
				fields := url.Values{}
				for _, values := range []url.Values{marked, send} {
					for name := range values {
						fields[name] = values[name]
					}
				}
				if end == nil {
					b.clock.advance(6 * time.Minute)
					if p = w.submit(p, fields); p.url.Path != "/reauth" {
						t.Fatalf("a late form leads to %s", p.url)
					}
					b.clock.advance(16 * time.Minute)
					p = w.submit(p, url.Values{"password": {password}})
				} else {
					end(w)
					p = w.submit(p, fields)
				}
				if p.url.Path != "/login" || !strings.Contains(p.body, `class="notice`) || !strings.Contains(p.body, "Inicie su sesión otra vez para seguir.") {
					t.Fatalf("at %s (%d), which does not say why\n%s", p.url, p.status, p.body)
				}
				if name2 == "and another member came" {
					other := w.submit(p, url.Values{"username": {"otra1980"}, "password": {password}})
					if other.url.Path != "/consent" || !ticked(other, "group_profile") || strings.Contains(other.body, `value="once" checked`) || strings.Contains(other.body, say("web.form.not_yet")) {
						t.Errorf("another member, at %s, sees what was marked\n%s", other.url, other.body)
					}
					return
				}
				p = w.signIn(p)
				if p.url.Path != "/consent" || !ticked(p, "group_offline_access") || ticked(p, "group_profile") || ticked(p, "group_email") ||
					!strings.Contains(p.body, `value="once" checked`) || !strings.Contains(p.body, say("web.form.not_yet")) {
					t.Fatalf("at %s (%d), not as it was\n%s", p.url, p.status, p.body)
				}
				if apps, err := b.provider.ConnectedApps(t.Context(), b.account.ID); err != nil || len(apps) != 0 {
					t.Errorf("given unasked: %v, %v", apps, err)
				}
			})
		}
	}

	// The page sends itself when the session is about to end; the session may be open still. Nothing is given.
	id, _ := b.partner(nil)
	w := b.signedIn()
	address, _ := b.request(id, url.Values{"scope": {"openid profile email"}})
	p := w.submit(w.get(address), url.Values{"keep": {"yes"}, "group_email": {"yes"}, "duration": {"90d"}})
	if p.url.Path != "/consent" || !ticked(p, "group_email") || ticked(p, "group_profile") || !strings.Contains(p.body, `value="90d" checked`) {
		t.Errorf("kept in an open session: %s (%d)\n%s", p.url, p.status, p.body)
	}
	if apps, err := b.provider.ConnectedApps(t.Context(), b.account.ID); err != nil || len(apps) != 0 {
		t.Errorf("given unasked: %v, %v", apps, err)
	}
	// Once it was given, Back shows what was given, says so, and does not say that nothing was saved.
	said := say("provider.consent.given")
	if strings.Contains(p.body, said) {
		t.Errorf("said to be given before it was:\n%s", p.body)
	}
	opened := p.url.String()
	w.submit(p, url.Values{"act": {"accept"}, "group_email": {"yes"}, "duration": {"90d"}}).wantCode(t)
	if p = w.get(opened); ticked(p, "group_profile") || !ticked(p, "group_email") || strings.Contains(p.body, say("web.form.not_yet")) || !strings.Contains(p.body, said) {
		t.Errorf("Back after allowing: %s (%d)\n%s", p.url, p.status, p.body)
	}
}

// Every page of a sign-in whose session is over leads to the sign-in page that says so.
func TestEndedSessionIsToldOnEveryPageOfASignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(nil)
	for _, path := range []string{"/consent", "/login/agreement", "/login/question", "/login/accounts", "/login/passkey-offer", "/reauth", "/device/confirm"} {
		w := b.signedIn()
		address, _ := b.request(id, url.Values{"prompt": {"select_account"}})
		flow := w.get(address).url.Query().Get("flow")
		b.clock.advance(16 * time.Minute)
		if p := w.get(path + "?flow=" + flow); p.url.Path != "/login" || !strings.Contains(p.body, say("provider.login.signed_out_note")) {
			t.Errorf("%s leads to %s (%d) and does not say why", path, p.url, p.status)
		}
		if p := w.get("/login?note=ended&flow=" + flow); !strings.Contains(p.body, say("provider.login.signed_out_note")) {
			t.Errorf("%s: a reload does not say it", path)
		}
	}
}
