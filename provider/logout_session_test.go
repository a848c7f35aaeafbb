package provider_test

import (
	"net/url"
	"strings"
	"testing"

	"huskyidp/provider"
)

// TestSessionEnds: a sign-out ends what lasts no longer than the member is there; ending a session on the account page, or
// all at the desk, ends whatever was issued in it. A permission stays, and is shown with its button.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	const reports = "https://reports.example"
	for _, format := range []string{"jwt", "opaque"} {
		t.Run(format, func(t *testing.T) {
			b := newBench(t, 4)
			server, serverSecret := b.client(func(m *provider.Metadata) {
				*m = provider.Metadata{ClientName: "Reports", Profile: provider.ProfileService, ResourceServer: []string{reports}}
			})
			own, ownSecret := b.client(func(m *provider.Metadata) {
				m.ClientName, m.Audience, m.AccessTokenFormat = "Portal", []string{reports}, format
			})
			partner, partnerSecret := b.partner(nil)
			clients := map[string]string{own: ownSecret, partner: partnerSecret}
			issue := func(w *browser, id, scope string) answer {
				change := url.Values{"scope": {scope}}
				if id == own {
					change.Set("resource", reports)
				}
				address, verifier := b.request(id, change)
				p := w.get(address)
				if p.url.Path == "/consent" {
					p = w.submit(p, url.Values{"act": {"accept"}, "group_profile": {"yes"}, "group_offline_access": {"yes"}, "duration": {"90d"}})
				}
				if p.location == nil {
					t.Fatalf("at %s (%d)", p.url, p.status)
				}
				return b.redeem(id, clients[id], p.location.Query().Get("code"), verifier)
			}
			type issued struct{ online, offline, partners answer }
			session := func() (*browser, issued) {
				w := b.signedIn()
				return w, issued{issue(w, own, "openid"), issue(w, own, "openid offline_access"), issue(w, partner, "openid profile offline_access")}
			}
			alive := func(when, name, id string, a answer, want bool) {
				t.Helper()
				if id == own {
					if got := b.introspect(server, serverSecret, a.text("access_token"))["active"]; got != want {
						t.Errorf("%s: the access token of %s is active: %v, want %v", when, name, got, want)
					}
				} else if got := b.userinfo(a.text("access_token")).status == 200; got != want {
					t.Errorf("%s: userinfo for %s: %v, want %v", when, name, got, want)
				}
				if a.text("refresh_token") != "" {
					if got := b.refresh(id, clients[id], a.text("refresh_token")).status == 200; got != want {
						t.Errorf("%s: the refresh token of %s works: %v, want %v", when, name, got, want)
					}
				}
			}

			w, tokens := session()
			confirm := w.get("/logout")
			if !strings.Contains(confirm.body, "Estas aplicaciones siguen con acceso aunque cierre su sesión: Mi Diario, Portal.") {
				t.Errorf("the page does not say what stays:\n%s", confirm.body)
			}
			done := w.submit(confirm, url.Values{"act": {"confirm"}})
			if done.url.Path != "/logout/done" || !strings.Contains(done.body, "Mi Diario, Portal") || !strings.Contains(done.body, "/account/apps") {
				t.Errorf("nor does the one after it: %s\n%s", done.url, done.body)
			}
			alive("after a sign-out", "the portal", own, tokens.online, false)
			alive("after a sign-out", "the portal that may stay", own, tokens.offline, true)
			alive("after a sign-out", "the partner", partner, tokens.partners, true)

			_, tokens = session()
			mine := b.signedIn()
			here := issue(mine, own, "openid offline_access")
			list := mine.get("/account/sessions")
			if !strings.Contains(list.body, "Detener Mi Diario") || !strings.Contains(list.body, "Detener Portal") {
				t.Errorf("the permissions are not listed with the sessions:\n%s", list.body)
			}
			_, rest, _ := strings.Cut(list.body, `name="end" value="`)
			sid, _, _ := strings.Cut(rest, `"`)
			ended := mine.submit(list, url.Values{"end": {sid}})
			if !strings.Contains(ended.body, "También terminó el acceso que dio a estas aplicaciones: Mi Diario, Portal.") {
				t.Errorf("the page does not say what ended:\n%s", ended.body)
			}
			for name, a := range map[string]answer{"the portal": tokens.online, "the portal that may stay": tokens.offline} {
				alive("after the end of its session", name, own, a, false)
			}
			alive("after the end of its session", "the partner", partner, tokens.partners, false)
			alive("after the end of another session", "the portal here", own, here, true)
			if again := issue(mine, partner, "openid profile offline_access"); again.status != 200 {
				t.Errorf("the permission is gone: %v", again.body)
			}

			w, tokens = session()
			must(t, b.accounts.EndSessions(t.Context(), b.account.ID, "")) // as the desk does
			for name, a := range map[string]answer{"the portal": tokens.online, "the portal that may stay": tokens.offline} {
				alive("after the desk", name, own, a, false)
			}
			alive("after the desk", "the partner", partner, tokens.partners, false)
			if p := w.get("/account"); p.url.Path != "/login" {
				t.Errorf("a session is open at %s", p.url)
			}
		})
	}
}

// TestOwnAppsAreListed: an app of the programme that may act while the member is away is listed among the connected apps, and
// can be stopped.
func TestOwnAppsAreListed(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	w := b.signedIn()
	code, verifier := b.code(w, id)
	tokens := b.redeem(id, secret, code, verifier)
	list := w.get("/account/apps")
	_, rest, _ := strings.Cut(list.body, `href="/account/apps/`)
	app, _, _ := strings.Cut(rest, `/stop"`)
	if !strings.Contains(list.body, "Es una aplicación del programa.") || len(app) != 36 {
		t.Fatalf("it is not in the list:\n%s", list.body)
	}
	if p := w.submit(w.get("/account/apps/"+app+"/stop"), nil); p.url.Path != "/account/apps" || !strings.Contains(p.body, "Prueba ya no tiene permiso") || strings.Contains(p.body, "/stop") {
		t.Errorf("stopping led to %s (%d)\n%s", p.url, p.status, p.body)
	}
	b.userinfo(tokens.text("access_token")).want(t, 401, "invalid_token")
	b.refresh(id, secret, tokens.text("refresh_token")).want(t, 400, "invalid_grant")
	if next, _ := b.code(w, id); next == "" {
		t.Error("the member cannot sign in to it again")
	}
}
