package provider_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"huskyidp/provider"
)

// TestStoredRequestIsJudgedAgain: a request that waits is answered, and consented to, only as far as the client is
// registered by then.
func TestStoredRequestIsJudgedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	change := func(id string, what func(*provider.Metadata)) {
		t.Helper()
		client, err := b.clients.Get(id)
		must(t, err)
		m := client.Metadata
		what(&m)
		_, err = b.clients.Update(t.Context(), id, m)
		must(t, err)
	}
	less := func(m *provider.Metadata) {
		m.Scope = slices.DeleteFunc(slices.Clone(m.Scope), func(scope string) bool { return scope == "email" })
	}
	moved := func(m *provider.Metadata) { m.RedirectURIs = []string{"https://app.example/new"} }

	t.Run("consent", func(t *testing.T) {
		for name, what := range map[string]func(*provider.Metadata){"a scope less": less, "another redirect_uri": moved} {
			id, _ := b.partner(func(m *provider.Metadata) { m.Scope = provider.Scopes{"openid", "profile", "email"} })
			address, _ := b.request(id, url.Values{"scope": {"openid profile email"}})
			w := b.signedIn()
			asked := w.get(address)
			if asked.url.Path != "/consent" {
				t.Fatalf("%s: led to %s", name, asked.url)
			}
			change(id, what)
			for _, p := range []page{
				w.submit(asked, url.Values{"act": {"accept"}, "group_profile": {"yes"}, "group_email": {"yes"}, "duration": {"90d"}}),
				w.get(asked.url.String()),
			} {
				if p.location == nil || p.location.Path != "/start" {
					t.Errorf("%s: led to %s, out to %v, not to where the app begins a sign-in", name, p.url, p.location)
				}
			}
			var consents int
			must(t, b.db.From(t.Context()).QueryRow(t.Context(), `select count(*) from consents where client_id = $1`, id).Scan(&consents))
			if consents != 0 {
				t.Errorf("%s: %d consents are stored", name, consents)
			}
		}
	})
	t.Run("sign-in", func(t *testing.T) {
		for name, what := range map[string]func(*provider.Metadata){"a scope less": less, "another redirect_uri": moved} {
			id, _ := b.client(func(m *provider.Metadata) { m.Scope = provider.Scopes{"openid", "profile", "email"} })
			address, _ := b.request(id, url.Values{"scope": {"openid profile email"}})
			w := b.browser()
			login := w.get(address)
			if !strings.Contains(login.body, `value="cancel"`) && !strings.Contains(login.body, "/login/cancel") {
				t.Fatalf("the page of a request has no way back: %s", login.body)
			}
			change(id, what)
			if p := w.signIn(login); p.location == nil || p.location.Path != "/start" {
				t.Errorf("%s: the sign-in led to %s, out to %v, not to where the app begins a sign-in", name, p.url, p.location)
			}
		}
	})
}
