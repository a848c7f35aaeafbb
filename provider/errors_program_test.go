package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"huskyidp/provider"
)

// TestProgramErrors: whatever is wrong with a request of a program, the answer is JSON, and a
// browser app may read it, also what is refused before any endpoint is reached (S-28, S-69).
func TestProgramErrors(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	b.client(func(m *provider.Metadata) {
		m.TokenEndpointAuthMethod, m.RedirectURIs = "none", []string{"https://spa.example/cb"}
	})
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for _, test := range []struct {
		name   string
		change func(*http.Request)
		status int
	}{
		{"another method", func(r *http.Request) { r.Method = http.MethodDelete }, 405},
		{"a long body", func(r *http.Request) { r.ContentLength = 65 << 10 }, 413},
		{"a compressed body", func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 415},
		{"another charset", func(r *http.Request) { r.Header.Set("Content-Type", form.Get("Content-Type")+"; charset=utf-7") }, 415},
		{"another host", func(r *http.Request) { r.Host = "evil.example" }, 421},
		{"long headers", func(r *http.Request) { r.Header.Set("Cookie", "a="+strings.Repeat("x", 20<<10)) }, 431},
		{"a long address", func(r *http.Request) { r.URL.RawQuery = "a=" + strings.Repeat("x", 17<<10) }, 414},
		{"two authorities", func(r *http.Request) { r.Header["Authorization"] = []string{"Basic YTpi", "Basic YTpj"} }, 400},
	} {
		for _, path := range []string{"/token", "/par", "/revoke", "/userinfo", "/introspect", "/device_authorization", "/jwks", "/.well-known/openid-configuration"} {
			body := "a=1"
			if test.status == 413 {
				body = strings.Repeat("x", 65<<10)
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.issuer+path, strings.NewReader(body))
			must(t, err)
			r.Header = form.Clone()
			r.Header.Set("Origin", "https://spa.example")
			test.change(r)
			p := (&browser{b: b, client: b.server.Client()}).do(r)
			var told struct{ Error string }
			if p.status != test.status || p.header.Get("Content-Type") != "application/json" || json.Unmarshal([]byte(p.body), &told) != nil || told.Error == "" {
				t.Errorf("%s %s: %d %s %.80s, want %d as JSON", test.name, path, p.status, p.header.Get("Content-Type"), p.body, test.status)
			}
			want := map[string]string{"/introspect": "", "/device_authorization": "", "/jwks": "*", "/.well-known/openid-configuration": "*"}
			origin, special := want[path]
			if !special {
				origin = "https://spa.example"
			}
			if got := p.header.Get("Access-Control-Allow-Origin"); got != origin {
				t.Errorf("%s %s may be read by %q, want %q", test.name, path, got, origin)
			}
		}
	}
}

// TestLongState: state and nonce of 4 KiB come back whole, by address and pushed, and one
// byte more is refused (S-36); parameters that nobody here knows are ignored.
func TestLongState(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	w := b.signedIn()
	state, nonce := strings.Repeat("s", 4096), strings.Repeat("n", 4096)
	more := url.Values{"state": {state}, "nonce": {nonce}, "audience": {"https://elsewhere.example"}, "tenant": {"x"}}
	check := func(address, verifier string) {
		t.Helper()
		p := w.get(address)
		q := p.location.Query()
		if q.Get("state") != state || q.Get("code") == "" {
			t.Fatalf("answer %d to %.100s", p.status, p.location)
		}
		tokens := b.redeem(id, secret, q.Get("code"), verifier)
		if claims, _ := b.verified(tokens.text("id_token")); claims["nonce"] != nonce {
			t.Error("the nonce did not come back")
		}
	}
	check(b.request(id, more))

	address, verifier := b.request(id, more)
	asked, err := url.Parse(address)
	must(t, err)
	pushed := b.send(b.server.Client(), http.MethodPost, "/par", asked.Query(), basic(id, secret))
	pushed.want(t, 201, "")
	check(b.issuer+"/authorize?"+url.Values{"client_id": {id}, "request_uri": {pushed.text("request_uri")}}.Encode(), verifier)

	for name, value := range map[string]string{"state": state + "s", "nonce": nonce + "n"} {
		query := asked.Query()
		query.Set(name, value)
		b.send(b.server.Client(), http.MethodPost, "/par", query, basic(id, secret)).want(t, 400, "invalid_request")
	}
}

func basic(id, secret string) http.Header {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	return r.Header
}
