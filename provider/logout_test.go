package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"huskyidp/provider"
)

// claim reads one claim of a JWT without verifying it.
func claim(t testing.TB, token, name string) any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	var claims map[string]any
	must(t, json.Unmarshal(raw, &claims))
	return claims[name]
}

// TestLogout covers conformance 8.2: the browser returns to the app only when a hint
// of ours proves the address.
func TestLogout(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	hint := func(w *browser) string {
		code, verifier := b.code(w, id)
		return b.redeem(id, secret, code, verifier).text("id_token")
	}
	forged, err := jwt.Signed(mustSigner(t)).Claims(map[string]any{"iss": b.issuer, "sub": b.account.Subject, "aud": id}).Serialize()
	must(t, err)
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"`+b.issuer+`","sub":"x","aud":"`+id+`"}`)) + "."
	second, _ := b.client(func(m *provider.Metadata) { m.PostLogoutRedirectURIs = []string{"https://second.example/bye"} })
	for _, test := range []struct {
		name   string
		change func(q url.Values)
		back   string // "" for our own page
	}{
		{"as it should be", func(url.Values) {}, afterLogout + "?state=st"},
		{"no state", func(q url.Values) { q.Del("state") }, afterLogout},
		{"another address", func(q url.Values) { q.Set("post_logout_redirect_uri", "https://app.example/else") }, ""},
		{"a query added", func(q url.Values) { q.Set("post_logout_redirect_uri", afterLogout+"?foo=bar") }, ""},
		{"no hint", func(q url.Values) { q.Del("id_token_hint") }, ""},
		{"no hint, the client_id", func(q url.Values) { q.Del("id_token_hint"); q.Set("client_id", id) }, afterLogout + "?state=st"},
		{"no hint, the client_id, another address", func(q url.Values) {
			q.Del("id_token_hint")
			q.Set("client_id", id)
			q.Set("post_logout_redirect_uri", "https://evil.example/")
		}, ""},
		{"a hint of another server, the client_id", func(q url.Values) { q.Set("id_token_hint", forged); q.Set("client_id", id) }, afterLogout + "?state=st"},
		{"a hint of another client, the client_id", func(q url.Values) { q.Set("client_id", second) }, "https://second.example/bye?state=st"},
		{"unsigned hint", func(q url.Values) { q.Set("id_token_hint", none) }, ""},
		{"hint signed by another", func(q url.Values) { q.Set("id_token_hint", forged) }, ""},
		{"another client_id", func(q url.Values) { q.Set("client_id", "nobody") }, ""},
		{"the client_id", func(q url.Values) { q.Set("client_id", id) }, afterLogout + "?state=st"},
		{"no address", func(q url.Values) { q.Del("post_logout_redirect_uri") }, ""},
		{"nothing", func(q url.Values) { clear(q) }, ""},
		{"only state", func(q url.Values) { q.Del("id_token_hint"); q.Del("post_logout_redirect_uri") }, ""},
		{"an expired hint", func(url.Values) { b.clock.advance(10 * time.Minute) }, afterLogout + "?state=st"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := b.signedIn()
			q := url.Values{"id_token_hint": {hint(w)}, "post_logout_redirect_uri": {afterLogout}, "state": {"st"}}
			test.change(q)
			if q.Get("client_id") == second {
				q.Set("post_logout_redirect_uri", "https://second.example/bye")
			}
			confirm := w.get("/logout?" + q.Encode())
			if confirm.status != 200 || !strings.Contains(confirm.body, `id="logout-confirm"`) {
				t.Fatalf("no confirmation: %s (%d)", confirm.url, confirm.status)
			}
			p := w.submit(confirm, url.Values{"act": {"confirm"}})
			got := ""
			if p.location != nil {
				got = p.location.String()
			}
			if got != test.back || test.back == "" && p.url.Path != "/logout/done" {
				t.Errorf("led to %q, %s (%d), want %q", got, p.url, p.status, test.back)
			}
			silent, _ := b.request(id, url.Values{"prompt": {"none"}})
			if e := w.get(silent).location.Query().Get("error"); e != "login_required" {
				t.Errorf("after logout prompt=none gives %q", e)
			}
		})
	}
	t.Run("staying", func(t *testing.T) {
		w := b.signedIn()
		silent, _ := b.client(func(m *provider.Metadata) { m.InitiateLoginURI = "" })
		lives, _ := b.client(func(m *provider.Metadata) { m.InitiateLoginURI = "https://app.example/start" })
		for query, want := range map[string]string{
			"": "/account", "?client_id=" + silent: "/account", "?client_id=nobody": "/account",
			"?client_id=" + lives: "https://app.example/start?iss=" + url.QueryEscape(b.issuer),
		} {
			if body := w.get("/logout" + query).body; !strings.Contains(body, `id="logout-cancel" href="`+want+`"`) {
				t.Errorf("%q: whoever stays is not led to %s", query, want)
			}
		}
	})
	t.Run("a post from elsewhere ends nothing (S-25)", func(t *testing.T) {
		w := b.signedIn()
		p := w.post(b.issuer+"/logout", url.Values{"act": {"confirm"}})
		if !strings.Contains(p.body, `id="logout-confirm"`) {
			t.Errorf("no confirmation: %s (%d)", p.url, p.status)
		}
		if home := w.get("/account"); home.url.Path != "/account" {
			t.Error("the session ended")
		}
	})
}

func mustSigner(t *testing.T) jose.Signer {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: make([]byte, 32)}, (&jose.SignerOptions{}).WithType("JWT"))
	must(t, err)
	return signer
}

// header reads one member of a JWT's header without verifying it.
func header(t testing.TB, token, name string) any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	must(t, err)
	var members map[string]any
	must(t, json.Unmarshal(raw, &members))
	return members[name]
}

// field reads a string of a JSON object; "" when there is none.
func field(body, name string) string {
	var members map[string]any
	if json.Unmarshal([]byte(body), &members) != nil {
		return ""
	}
	value, _ := members[name].(string)
	return value
}

// TestNativeApp: it comes back to whatever port it got, from signing in and out (RFC 8252 7.3).
func TestNativeApp(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(func(m *provider.Metadata) {
		m.ApplicationType, m.TokenEndpointAuthMethod = "native", "none"
		m.RedirectURIs, m.PostLogoutRedirectURIs = []string{"http://127.0.0.1/cb", "http://[::1]/cb"}, []string{"http://127.0.0.1/bye"}
	})
	w := b.signedIn()
	for uri, ok := range map[string]bool{"http://127.0.0.1:51004/cb": true, "http://[::1]:9/cb": true, "http://127.0.0.1/cb": true, "http://127.0.0.1:51004/other": false,
		"http://localhost:51004/cb": false, "http://127.0.0.2:51004/cb": false} {
		address, _ := b.request(id, url.Values{"redirect_uri": {uri}})
		if p := w.get(address); (p.location != nil) != ok || ok && !strings.HasPrefix(p.location.String(), uri+"?code=") {
			t.Errorf("%s: %s (%d) %v", uri, p.url, p.status, p.location)
		}
	}
	q := url.Values{"client_id": {id}, "post_logout_redirect_uri": {"http://127.0.0.1:51004/bye"}}
	if p := w.submit(w.get("/logout?"+q.Encode()), url.Values{"act": {"confirm"}}); p.location == nil || p.location.String() != "http://127.0.0.1:51004/bye" {
		t.Errorf("signing out led to %s (%d) %v", p.url, p.status, p.location)
	}
}

// TestUnknownLogoutAddress: where an app may not be gone back to, the last page says what it sent, and its number leads the
// operator to the request, as for a redirect_uri.
func TestUnknownLogoutAddress(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(nil)
	w := b.signedIn()
	q := url.Values{"client_id": {id}, "post_logout_redirect_uri": {"https://app.example/wrong?<b>"}, "state": {"of-mine"}}
	last := map[string]page{
		"signed in":  w.submit(w.get("/logout?"+q.Encode()), url.Values{"act": {"confirm"}}),
		"signed out": w.get("/logout?" + q.Encode()),
	}
	refused, err := b.clients.Errors(t.Context(), id)
	must(t, err)
	if len(refused) != 2 {
		t.Fatalf("%d requests are kept, want 2: %+v", len(refused), refused)
	}
	for name, p := range last {
		found := false
		for _, e := range refused {
			found = found || strings.Contains(p.body, e.RequestID) && e.Endpoint == "/logout" && e.Error == "invalid_request" && strings.Contains(e.Sent, "app.example/wrong") &&
				!strings.Contains(e.Sent, "of-mine")
		}
		if p.location != nil || !found || !strings.Contains(p.body, "https://app.example/wrong?&lt;b&gt;") || !strings.Contains(p.body, "post_logout_redirect_uri") {
			t.Errorf("%s: %d %s\n%+v", name, p.status, p.body, refused)
		}
	}
	q.Set("client_id", "nobody") // whose list could be looked at by nobody
	if p := w.get("/logout?" + q.Encode()); !strings.Contains(p.body, "app.example/wrong") {
		t.Errorf("an unknown client: %s", p.body)
	}
	for _, q := range []url.Values{{}, {"client_id": {id}}, {"client_id": {id}, "post_logout_redirect_uri": {afterLogout}}} {
		if p := w.get("/logout?" + q.Encode()); strings.Contains(p.body, "post_logout_redirect_uri") {
			t.Errorf("%v: %s", q, p.body)
		}
	}
}
