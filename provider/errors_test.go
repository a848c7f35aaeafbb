package provider_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/provider"
)

// foreign are words of Go and of libraries that mean nothing to who made an app.
var foreign = regexp.MustCompile("(?i)`|cannot unmarshal|invalid character|unexpected end|\\bEOF\\b|strconv|json:|parsing |url escape|x509|asn1|jose/|" +
	`go struct|OAuth 2\.0 Client|OAuth 2\.0 Framework|malformed HTTP|fosite|goroutine|panic|nil pointer|%!`)

// documented are the codes of the table that apps are given.
func documented(t *testing.T) (codes []string) {
	t.Helper()
	doc, err := os.ReadFile("../docs/integrate.md")
	must(t, err)
	_, table, ok := strings.Cut(string(doc), "| error | when |")
	if !ok {
		t.Fatal("docs/integrate.md has no table of errors")
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(table, -1) {
		codes = append(codes, m[1])
	}
	return codes
}

// checkWords holds an error against RFC 6749 5.2 and the table.
func checkWords(t *testing.T, name, code, text string, codes []string) {
	t.Helper()
	allowed := func(r rune) bool { return r == 0x20 || r == 0x21 || r >= 0x23 && r <= 0x5b || r >= 0x5d && r <= 0x7e }
	switch {
	case !slices.Contains(codes, code):
		t.Errorf("%s: the error %q is not in docs/integrate.md", name, code)
	case strings.TrimSpace(text) == "":
		t.Errorf("%s: %s without a description", name, code)
	case strings.ContainsFunc(text, func(r rune) bool { return !allowed(r) }) || foreign.MatchString(text):
		t.Errorf("%s: %s described as %q", name, code, text)
	}
}

// checkAnswer looks at what an endpoint of programs said.
func checkAnswer(t *testing.T, name string, w *httptest.ResponseRecorder, codes []string) {
	t.Helper()
	if w.Code < 400 {
		return
	}
	var told struct{ Error, Error_Description string }
	if w.Header().Get("Content-Type") != "application/json" && !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json;") || json.Unmarshal(w.Body.Bytes(), &told) != nil {
		t.Errorf("%s: %d %s %.80s is not JSON", name, w.Code, w.Header().Get("Content-Type"), w.Body)
		return
	}
	checkWords(t, name, told.Error, told.Error_Description, codes)
	for _, challenge := range w.Header().Values("WWW-Authenticate") {
		if foreign.MatchString(challenge) {
			t.Errorf("%s: challenge %q", name, challenge)
		}
	}
}

// nonsense are values that a careless or hostile program sends.
var nonsense = []string{"", " ", "\x00", "é", `"`, "`", `\`, "{", "[1,", `{"a":}`, "a.b.c", "eyJ.eyJ.e30", "-1", "1e999", "99999999999999999999", "code code", "%", "://", "http://[::1", "\u00a0", strings.Repeat("x", 300)}

var programRoutes = []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/.well-known/smart-configuration", "/.well-known/ssf-configuration", "/connect/register",
	"/connect/register/:id", "/device_authorization", "/fhir/:name/.well-known/smart-configuration", "/introspect", "/jwks", "/logo/:digest", "/openapi.json", "/par", "/revoke", "/signals/poll", "/smart/launch", "/token", "/userinfo"}

// TestEveryErrorHasWords: whatever an endpoint of programs refuses, and why, the answer has a code of the table and
// a description in the characters of RFC 6749 5.2, in no library's words.
func TestEveryErrorHasWords(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	codes := documented(t)
	id, secret := b.client(func(m *provider.Metadata) {
		m.TokenEndpointAuthMethod = "client_secret_post"
		m.GrantTypes = []string{"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"}
	})
	public, _ := b.client(func(m *provider.Metadata) { m.TokenEndpointAuthMethod = "none" })
	engine := b.instance(func(_ *bench, d *provider.Deps) { d.RegistrationTries = 1000 }).engine.(*gin.Engine)
	ask := func(method, path, body string, header http.Header) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, b.issuer+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for name, values := range header {
			r.Header[name] = values
		}
		w := httptest.NewRecorder()
		engine.ServeHTTP(w, r)
		return w
	}
	seen := map[string]bool{}
	for _, route := range engine.Routes() {
		if !slices.Contains(programRoutes, route.Path) {
			if body := ask("BREW", route.Path, "", nil).Header().Get("Content-Type"); strings.HasPrefix(body, "application/json") {
				t.Errorf("%s is an endpoint of programs: add it to programRoutes", route.Path)
			}
			continue
		}
		seen[route.Path] = true
		path := strings.NewReplacer(":id", id, ":digest", "x").Replace(route.Path)
		for name, change := range map[string]func(*http.Request){
			"another method":    func(r *http.Request) { r.Method = "BREW" },
			"nothing":           func(*http.Request) {},
			"no content type":   func(r *http.Request) { r.Header.Del("Content-Type") },
			"two authorities":   func(r *http.Request) { r.Header["Authorization"] = []string{"Basic YTpi", "Basic YTpj"} },
			"two content types": func(r *http.Request) { r.Header["Content-Type"] = []string{"text/plain", "application/json"} },
			"charset": func(r *http.Request) {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-7")
			},
			"compressed":      func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") },
			"another host":    func(r *http.Request) { r.Host = "evil.example" },
			"long headers":    func(r *http.Request) { r.Header.Set("Cookie", "a="+strings.Repeat("x", 20<<10)) },
			"a long address":  func(r *http.Request) { r.RequestURI = "/?a=" + strings.Repeat("x", 17<<10) },
			"a long body":     func(r *http.Request) { r.ContentLength = 65 << 10 },
			"bearer nonsense": func(r *http.Request) { r.Header.Set("Authorization", "Bearer é`.x.y") },
			"bearer":          func(r *http.Request) { r.Header.Set("Authorization", "Bearer eyJhbGciOiJub25lIn0.e30.") },
			"another scheme":  func(r *http.Request) { r.Header.Set("Authorization", "Digest x") },
			"basic nonsense":  func(r *http.Request) { r.Header.Set("Authorization", "Basic ===") },
			"basic escapes":   func(r *http.Request) { r.SetBasicAuth("%zz", "%") },
			"basic unknown":   func(r *http.Request) { r.SetBasicAuth("nobody", "x") },
			"dpop nonsense":   func(r *http.Request) { r.Header.Set("DPoP", "a.b.c") },
			"two proofs":      func(r *http.Request) { r.Header["Dpop"] = []string{"a", "b"} },
		} {
			r := httptest.NewRequest(route.Method, b.issuer+path, strings.NewReader(""))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			change(r)
			w := httptest.NewRecorder()
			engine.ServeHTTP(w, r)
			checkAnswer(t, name+" "+route.Method+" "+route.Path, w, codes)
		}
		if route.Method != http.MethodPost && route.Method != http.MethodPut {
			continue
		}
		for _, body := range []string{"%zz", "a=%ff", "%00=1", "a=1&a=2", `"\%60=1&"\%60=2`, "é=1&é=2", strings.Repeat("a=1&", 300), "{}", "[", "grant_type="} {
			for _, kind := range []string{"application/x-www-form-urlencoded", "application/json", "text/plain", "nonsense;;;"} {
				for _, authority := range []string{"", "Bearer initial-token"} {
					header := http.Header{"Content-Type": {kind}}
					if authority != "" {
						header.Set("Authorization", authority)
					}
					checkAnswer(t, route.Path+" takes "+body[:min(len(body), 20)]+" as "+kind, ask(route.Method, path, body, header), codes)
				}
			}
		}
		if strings.HasPrefix(route.Path, provider.RegistrationPath) {
			continue
		}
		proofs := []url.Values{{"client_id": {id}, "client_secret": {secret}}, {"client_id": {public}}, {"client_id": {public}, "client_secret": {secret}}, {"client_id": {"nobody"}}}
		for _, proof := range proofs {
			for _, grant := range []string{"authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code",
				"urn:ietf:params:oauth:grant-type:jwt-bearer", "password", "é", "authorization_code refresh_token"} {
				for _, value := range nonsense {
					form := url.Values{"grant_type": {grant}, "redirect_uri": {callback}, "response_type": {"code"}, "code": {"x"}, "refresh_token": {"x"}, "device_code": {"x"}, "assertion": {"x"}, "token": {"x"}}
					for _, name := range []string{"code", "refresh_token", "device_code", "assertion", "token", "scope", "resource", "claims", "request", "request_uri", "authorization_details"} {
						if value == "" {
							continue
						}
						if form.Set(name, value); grant != "authorization_code" && route.Path != "/token" {
							break // the other endpoints read no grant_type
						}
					}
					b.clock.advance(time.Minute) // past the limit of failures
					for name, values := range proof {
						form[name] = values
					}
					checkAnswer(t, route.Path+" "+grant+" with "+value, ask(route.Method, path, form.Encode(), nil), codes)
				}
			}
		}
	}
	for _, route := range programRoutes {
		if !seen[route] {
			t.Errorf("there is no route %s", route)
		}
	}
	t.Run("each parameter of a request", func(t *testing.T) {
		w := b.signedIn()
		address, _ := b.request(id, nil)
		asked, err := url.Parse(address)
		must(t, err)
		for _, name := range []string{"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "prompt", "max_age",
			"claims", "request", "request_uri", "id_token_hint", "registration", "resource", "acr_values", "ui_locales", "dpop_jkt", "authorization_details", "login_hint", "display"} {
			for _, value := range nonsense {
				query := asked.Query()
				query.Set(name, value)
				p := w.get("/authorize?" + query.Encode())
				if p.location == nil {
					if said := strings.ReplaceAll(p.body, html.EscapeString(value), ""); value != "" && foreign.MatchString(said) {
						t.Errorf("%s=%q: the page says %q", name, value, foreign.FindString(said))
					}
				} else if q := p.location.Query(); q.Has("error") {
					checkWords(t, name+"="+value, q.Get("error"), q.Get("error_description"), codes)
				}
				query.Set("client_secret", secret)
				checkAnswer(t, "/par "+name+"="+value, ask(http.MethodPost, "/par", query.Encode(), nil), codes)
			}
		}
		for _, value := range nonsense {
			q := url.Values{"id_token_hint": {value}, "post_logout_redirect_uri": {value}, "client_id": {value}, "state": {value}}
			if p := w.get("/logout?" + q.Encode()); foreign.MatchString(strings.ReplaceAll(p.body, "`", "")) {
				t.Errorf("/logout with %q says %q", value, foreign.FindString(p.body))
			}
		}
	})
	t.Run("too often", func(t *testing.T) {
		slow := b.instance(func(_ *bench, d *provider.Deps) { d.ClientRate, d.RegistrationTries = 1, 1 }).engine
		for _, path := range []string{"/token", "/par", "/revoke", "/introspect", "/device_authorization", "/connect/register"} {
			last := 0
			for range 15 {
				r := httptest.NewRequest(http.MethodPost, b.issuer+path, strings.NewReader(url.Values{"client_id": {id}, "client_secret": {secret}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}, "token": {"x"}}.Encode()))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				w := httptest.NewRecorder()
				slow.ServeHTTP(w, r)
				checkAnswer(t, "often "+path, w, codes)
				last = w.Code
			}
			if last != 429 {
				t.Errorf("%s, often: %d", path, last)
			}
		}
	})
	t.Run("no response_type", func(t *testing.T) {
		address, _ := b.request(id, url.Values{"response_type": {""}})
		q := b.signedIn().get(address).location.Query()
		if q.Get("error") != "invalid_request" || q.Get("error_description") != "The parameter response_type is missing." {
			t.Errorf("answered with %v", q)
		}
	})
	t.Run("a public client with a secret", func(t *testing.T) {
		b.clock.advance(time.Hour)
		for name, form := range map[string]url.Values{"post": {"client_id": {public}, "client_secret": {"x"}}, "assertion": {"client_id": {public}, "client_assertion": {"x"},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}} {
			form.Set("grant_type", "refresh_token")
			form.Set("refresh_token", "x")
			if w := ask(http.MethodPost, "/token", form.Encode(), nil); w.Code != 401 || !strings.Contains(w.Body.String(), "public and has no secret") {
				t.Errorf("by %s: %d %s", name, w.Code, w.Body)
			}
			form.Set("client_id", "nobody") // tells nothing of others
			if w := ask(http.MethodPost, "/token", form.Encode(), nil); strings.Contains(w.Body.String(), "public and") {
				t.Errorf("nobody is called public: %s", w.Body)
			}
		}
		if w := ask(http.MethodPost, "/token", url.Values{"client_id": {public}, "grant_type": {"client_credentials"}}.Encode(), nil); !strings.Contains(w.Body.String(), "unauthorized_client") {
			t.Errorf("client_credentials of a public client: %s", w.Body)
		}
		// What makes the words harmless: a stranger sees it without them.
		w := ask(http.MethodPost, "/token", url.Values{"client_id": {public}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}}.Encode(), nil)
		if !strings.Contains(w.Body.String(), "invalid_grant") {
			t.Errorf("a public client's id alone: %s", w.Body)
		}
	})
	t.Run("the database is away", func(t *testing.T) {
		b.db.Pool().Close()
		for _, path := range []string{"/token", "/par", "/revoke", "/introspect", "/device_authorization"} {
			w := ask(http.MethodPost, path, url.Values{"client_id": {id}, "client_secret": {secret}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}, "token": {"x"}}.Encode(), nil)
			checkAnswer(t, "without a database "+path, w, codes)
		}
	})
}
