package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"huskyidp/provider"
)

// TestLookAlikes: what looks like a good request to a lenient reader is refused as the
// specification says, wherever such a thing is read.
func TestLookAlikes(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	native, _ := b.client(func(m *provider.Metadata) {
		m.ApplicationType, m.TokenEndpointAuthMethod, m.RedirectURIs = "native", "none", []string{"http://127.0.0.1/cb?a=b", "http://[::1]/cb"}
	})
	onPort, _ := b.client(func(m *provider.Metadata) {
		m.RedirectURIs, m.PostLogoutRedirectURIs = []string{"http://127.0.0.1:9000/cb"}, []string{"http://127.0.0.1:9000/bye"}
	})
	w := b.signedIn()

	t.Run("redirect URIs of native apps", func(t *testing.T) {
		for uri, good := range map[string]bool{
			"http://127.0.0.1:49152/cb?a=b":      true,
			"http://127.0.0.1/cb?a=b":            true,
			"http://[::1]:8080/cb":               true,
			"http://app@127.0.0.1:49152/cb?a=b":  false,
			"http://:x@127.0.0.1:49152/cb?a=b":   false,
			"http://127.0.0.1:49152/cb?a=b#f":    false,
			"http://127.0.0.1:49152/cb?a=b#":     false,
			"HTTP://127.0.0.1:49152/cb?a=b":      false,
			"http://127.0.0.1:49152/cb?a=b&c=d":  false,
			"http://127.0.0.1:49152/CB?a=b":      false,
			"http://127.0.0.1:49152/x/../cb?a=b": false,
			"http://127.0.0.1:0/cb?a=b":          false,
			"http://127.0.0.1:65536/cb?a=b":      false,
			"http://127.0.0.2:49152/cb?a=b":      false,
			"http://[::1]:8080/cb?a=b":           false,
			"https://127.0.0.1:49152/cb?a=b":     false,
			"http://localhost:49152/cb?a=b":      false,
			"http://127.1:49152/cb?a=b":          false,
		} {
			address, _ := b.request(native, url.Values{"redirect_uri": {uri}})
			p := w.get(address)
			if answered := p.location != nil && p.location.Query().Has("code"); answered != good || !good && p.status != 400 {
				t.Errorf("%s: %d %v", uri, p.status, p.location)
			}
		}
	})
	t.Run("a web app has its own port", func(t *testing.T) { // RFC 8252 7.3 is for native apps
		for uri, good := range map[string]bool{"http://127.0.0.1:9000/cb": true, "http://127.0.0.1:9001/cb": false, "http://127.0.0.1/cb": false} {
			address, _ := b.request(onPort, url.Values{"redirect_uri": {uri}})
			if p := w.get(address); (p.location != nil) != good {
				t.Errorf("%s: %d %v", uri, p.status, p.location)
			}
			bye := strings.Replace(uri, "/cb", "/bye", 1)
			p := b.browser().get("/logout?" + url.Values{"client_id": {onPort}, "post_logout_redirect_uri": {bye}}.Encode())
			if strings.Contains(p.body, "post_logout_redirect_uri") == good {
				t.Errorf("%s: %d %v", bye, p.status, p.location)
			}
		}
	})
	t.Run("words in another case, or parted by other spaces", func(t *testing.T) {
		for _, change := range []url.Values{
			{"response_type": {"CODE"}}, {"response_type": {"Code"}}, {"code_challenge_method": {"s256"}}, {"response_mode": {"QUERY"}},
			{"scope": {"openid\u00a0email"}}, {"scope": {"OPENID"}},
		} {
			address, verifier := b.request(id, change)
			p := w.get(address)
			if p.location != nil && p.location.Query().Has("code") && !change.Has("scope") {
				t.Errorf("%v is answered with a code", change)
			}
			if change.Has("scope") {
				a := b.redeem(id, secret, p.location.Query().Get("code"), verifier)
				if a.status != 200 || a.text("id_token") != "" || a.text("scope") != "" {
					t.Errorf("%v counts as a scope: %d %v", change, a.status, a.body)
				}
			}
		}
		for _, grant := range []string{"AUTHORIZATION_CODE", "Refresh_Token", "client_credentials "} {
			b.token(id, secret, url.Values{"grant_type": {grant}}).want(t, 400, "unsupported_grant_type")
		}
	})
	t.Run("spaces around a token", func(t *testing.T) {
		code, verifier := b.code(w, id)
		token := b.redeem(id, secret, code, verifier).text("access_token")
		for _, space := range []string{"\u00a0", "\u2003", "\t", "\ufeff"} {
			for _, header := range []string{"Bearer " + space + token, "Bearer " + token + space} {
				a := b.send(b.server.Client(), http.MethodGet, "/userinfo", nil, http.Header{"Authorization": {header}})
				if a.status != 401 && !(space == "\t" && a.status == 200) { // net/http cuts tabs off, as RFC 9110 5.5 has it
					t.Errorf("%q around a token at userinfo: %d", space, a.status)
				}
			}
			a := b.send(b.server.Client(), http.MethodPost, "/revoke", url.Values{"token": {token + space}}, basic(id, secret))
			a.want(t, 200, "")
			a = b.send(b.server.Client(), http.MethodPost, "/connect/register", nil, http.Header{"Authorization": {"Bearer " + space + "initial-token"}})
			if a.status != 401 && a.status != 429 && space != "\t" {
				t.Errorf("%q around an initial access token: %d", space, a.status)
			}
		}
		b.userinfo(token).want(t, 200, "") // no look-alike has revoked it
	})
	t.Run("a parameter in the address and in the body", func(t *testing.T) {
		for _, path := range []string{"/token", "/par", "/revoke", "/introspect", "/device_authorization", "/userinfo"} {
			a := b.send(b.server.Client(), http.MethodPost, path+"?token=a&access_token=a&grant_type=refresh_token&client_id="+id,
				url.Values{"token": {"a"}, "access_token": {"a"}, "grant_type": {"refresh_token"}}, basic(id, secret))
			a.want(t, 400, "invalid_request")
		}
		address, _ := b.request(id, nil)
		asked, err := url.Parse(address)
		must(t, err)
		if p := w.post(b.issuer+"/authorize?state=other", asked.Query()); p.status != 400 {
			t.Errorf("/authorize: %d", p.status)
		}
		if p := w.post(b.issuer+"/logout?client_id=other", url.Values{"client_id": {id}}); p.status != 400 {
			t.Errorf("/logout: %d", p.status)
		}
	})
	t.Run("two authorities", func(t *testing.T) {
		one, two := basic(id, secret), basic(id, "wrong")
		both := http.Header{"Authorization": append(one["Authorization"], two["Authorization"]...)}
		for _, path := range []string{"/token", "/par", "/revoke", "/introspect", "/device_authorization", "/userinfo", "/connect/register"} {
			b.send(b.server.Client(), http.MethodPost, path, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}, both).want(t, 400, "invalid_request")
		}
	})
	t.Run("another charset", func(t *testing.T) {
		for _, path := range []string{"/token", "/par", "/revoke", "/introspect", "/device_authorization", "/userinfo", "/connect/register", "/authorize", "/logout", "/login"} {
			for _, kind := range []string{"application/x-www-form-urlencoded; charset=utf-7", "application/json; charset=utf-16"} {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.issuer+path, strings.NewReader("a=1"))
				must(t, err)
				r.Header.Set("Content-Type", kind)
				if p := b.browser().do(r); p.status != 415 {
					t.Errorf("%s as %s: %d", path, kind, p.status)
				}
			}
		}
	})
}
