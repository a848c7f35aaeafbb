package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"huskyidp/internal/outbound"
	"huskyidp/provider"
)

// shelf is a relying party's server for documents that its registration names.
type shelf struct {
	*httptest.Server
	mu        sync.Mutex
	documents map[string][]byte
	fetched   []string
}

func newShelf(t *testing.T) *shelf {
	s := &shelf{documents: map[string][]byte{}}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.fetched = append(s.fetched, r.URL.Path)
		body, ok := s.documents[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		w.Header().Set("Content-Type", "text/plain") // what it says is not believed
		w.Write(body)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shelf) put(path string, body []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.documents[path] = body
	return s.URL + path
}

// reaching is a bench whose calls reach the shelf; rules are the deployment's.
func (s *shelf) reaching(t *testing.T, rules provider.Rules) *bench {
	calls := outbound.New(outbound.Options{Allow: []string{strings.TrimPrefix(s.URL, "https://")},
		RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs})
	return (&bench{t: t, rules: rules, fetcher: calls}).start(4)
}

// TestRequestURI is request-uri-signed-rs256 and its neighbours (conformance 6): an
// object at an address that the client registered, fetched for each request.
func TestRequestURI(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	b := s.reaching(t, provider.Rules{Certification: true})
	address := s.URL + "/object"
	p := party{b.holder("RS256", func(m *provider.Metadata) {
		m.Profile, m.TokenEndpointAuthMethod = provider.ProfileCertification, "private_key_jwt"
		m.RequestObjectSigningAlg, m.RequestURIs = "RS256", []string{address + "#first"}
	}), callback}
	rp := relyingParty{bench: b, id: p.id}
	w := b.signedIn()
	rp.consent(w, w.get(rp.address(nil)))
	plain := fault{Header: map[string]any{"typ": nil}, Claims: map[string]any{"exp": nil, "nbf": nil, "state": "inside"}}
	for _, test := range []struct {
		name, at, object, state, code string
	}{
		{"request-uri-signed-rs256", address + "#first", p.object(plain), "inside", ""},
		{"another fragment", address + "#second", p.object(plain, claimed("state", "second")), "second", ""},
		{"without fragment", address, p.object(), "s", ""},
		{"request-uri-unsigned", address, unsigned(p.object()), "outside", "invalid_request_object"},
		{"another key", address, p.object(fault{Alg: "ES256", Key: newKeyPair(t, "ES256").private}), "outside", "invalid_request_object"},
		{"expired", address, p.object(claimed("exp", 1)), "outside", "invalid_request_object"},
		{"an address in it", address, p.object(claimed("request_uri", address)), "outside", "invalid_request_object"},
		{"not registered", s.URL + "/other", p.object(), "outside", "invalid_request_uri"},
		{"in our network", "https://127.0.0.1/object", p.object(), "outside", "invalid_request_uri"},
		{"nothing there", address, "", "outside", "invalid_request_uri"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.put("/object", []byte(test.object+"\n"))
			rp := rp.in(t)
			q := rp.ask(w, url.Values{"request_uri": {test.at}, "state": {"outside"}})
			if q.Get("error") != test.code || q.Get("state") != test.state || q.Has("code") != (test.code == "") {
				t.Errorf("answer %v", q)
			}
		})
	}
	t.Run("with request", func(t *testing.T) {
		if q := rp.in(t).ask(w, url.Values{"request_uri": {address}, "request": {p.object()}}); q.Get("error") != "invalid_request" {
			t.Errorf("answer %v", q)
		}
	})
	t.Run("ensure-request-object-with-redirect-uri", func(t *testing.T) {
		s.put("/object", []byte(p.object()))
		rp := rp.in(t)
		if q := rp.ask(w, url.Values{"request_uri": {address}, "redirect_uri": {callback + "_invalid"}}); !q.Has("code") {
			t.Errorf("answer %v", q)
		}
	})
	for _, path := range s.fetched {
		if path != "/object" {
			t.Errorf("%s was fetched", path)
		}
	}
	var doc map[string]any
	must(t, json.Unmarshal([]byte(w.get("/.well-known/openid-configuration").body), &doc))
	if doc["request_uri_parameter_supported"] != true || doc["require_request_uri_registration"] != true {
		t.Errorf("metadata %v", doc)
	}
	// S-35: no other profile has them.
	_, _, err := b.clients.Create(t.Context(), "", provider.Metadata{ClientName: "x", RedirectURIs: []string{callback},
		RequestMetadata: provider.RequestMetadata{RequestURIs: []string{address}}})
	if err == nil || !strings.HasPrefix(err.Error(), "request_uris:") {
		t.Errorf("the programme's app registers one: %v", err)
	}
}

// TestRequestURIWithoutAlgorithm: whoever registers request_uris alone may sign with any
// algorithm that we know, and with no other (OpenID Connect Dynamic Client Registration 2; S-76: fosite takes "none").
func TestRequestURIWithoutAlgorithm(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	b := s.reaching(t, provider.Rules{Certification: true})
	address := s.URL + "/object"
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			p := party{b.holder(alg, func(m *provider.Metadata) {
				m.Profile, m.TokenEndpointAuthMethod = provider.ProfileCertification, "private_key_jwt"
				m.RequestURIs = []string{address + "#first"}
			}), callback}
			rp, w := relyingParty{bench: b, id: p.id}.in(t), b.signedIn()
			rp.consent(w, w.get(rp.address(nil)))
			for object, want := range map[string]string{
				p.object(claimed("state", "inside")):                               "",
				unsigned(p.object()):                                               "invalid_request_object",
				p.object(fault{Alg: "ES256", Key: newKeyPair(t, "ES256").private}): "invalid_request_object",
			} {
				s.put("/object", []byte(object))
				if q := rp.ask(w, url.Values{"request_uri": {address}}); q.Get("error") != want {
					t.Errorf("answer %v, want error %q", q, want)
				}
			}
		})
	}
	status, _, got := b.registration(http.MethodPost, b.issuer+"/connect/register", "initial-token",
		`{"redirect_uris":["https://app.example/callback"],"request_uris":["https://app.example/object#first"]}`)
	if status != http.StatusCreated || got["request_object_signing_alg"] != nil {
		t.Errorf("registering request_uris without an algorithm: %d %v", status, got)
	}
}

// unsigned makes an object's header say none.
func unsigned(object string) string {
	_, rest, _ := strings.Cut(object, ".")
	claims, _, _ := strings.Cut(rest, ".")
	return "eyJhbGciOiJub25lIn0." + claims + "."
}

// TestSectorFile is registration-sector-uri and registration-sector-bad (conformance 6).
func TestSectorFile(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	b := s.reaching(t, provider.Rules{})
	endpoint := b.issuer + "/connect/register"
	for _, test := range []struct{ name, file, code string }{
		{"registration-sector-uri", `["https://one.example/cb","https://two.example/cb","https://more.example/"]`, ""},
		{"registration-sector-bad", `["https://one.example/cb"]`, "invalid_client_metadata"},
		{"no array", `{"redirect_uris":["https://one.example/cb","https://two.example/cb"]}`, "invalid_client_metadata"},
		{"too deep", strings.Repeat("[", 100) + strings.Repeat("]", 100), "invalid_client_metadata"},
		{"too long", `["` + strings.Repeat("x", 70<<10) + `"]`, "invalid_client_metadata"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := s.put("/sector", []byte(test.file))
			status, _, got := b.registration(http.MethodPost, endpoint, "initial-token", `{"client_name":"x","subject_type":"pairwise",
				"redirect_uris":["https://one.example/cb","https://two.example/cb"],"sector_identifier_uri":"`+address+`"}`)
			if code, _ := got["error"].(string); code != test.code || status != map[bool]int{true: 201, false: 400}[test.code == ""] {
				t.Errorf("%d %v", status, got)
			}
		})
	}
	if status, _, got := b.registration(http.MethodPost, endpoint, "initial-token", `{"client_name":"x",
		"redirect_uris":["https://one.example/cb"],"sector_identifier_uri":"https://127.0.0.1/sector"}`); status != 400 || strings.Contains(got["error_description"].(string), "dial") {
		t.Errorf("a file in our network: %d %v", status, got)
	}
}

// webp is the head of an extended WebP file of that size (RFC 9649 2.7).
func webp(width, height int) []byte {
	b := []byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00")
	for _, n := range []int{width - 1, height - 1} {
		b = append(b, byte(n), byte(n>>8), byte(n>>16))
	}
	return b
}

// TestLogo is registration-logo-uri, -policy-uri and -tos-uri (conformance 6, 12.9): the
// member sees our own copy of the logo (S-27), and links to the app's words.
func TestLogo(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	b := s.reaching(t, provider.Rules{})
	encoded := func(encode func(*bytes.Buffer, image.Image) error, side int) []byte {
		var buffer bytes.Buffer
		must(t, encode(&buffer, image.NewGray(image.Rect(0, 0, side, side))))
		return buffer.Bytes()
	}
	asPNG := func(w *bytes.Buffer, i image.Image) error { return png.Encode(w, i) }
	for name, test := range map[string]struct {
		body  []byte
		media string // "" for a refusal
	}{
		"png":         {encoded(asPNG, 64), "image/png"},
		"jpeg":        {encoded(func(w *bytes.Buffer, i image.Image) error { return jpeg.Encode(w, i, nil) }, 64), "image/jpeg"},
		"webp":        {webp(64, 64), "image/webp"},
		"gif":         {encoded(func(w *bytes.Buffer, i image.Image) error { return gif.Encode(w, i, nil) }, 64), ""},
		"svg":         {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), ""},
		"html":        {[]byte("<html>"), ""},
		"huge png":    {encoded(asPNG, 3000), ""},
		"huge webp":   {webp(64, 5000), ""},
		"broken png":  {encoded(asPNG, 64)[:20], ""},
		"short webp":  {webp(64, 64)[:25], ""},
		"longer file": {append(encoded(asPNG, 64), make([]byte, 70<<10)...), ""},
		"nothing":     {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := *b
			b.t = t
			address := s.URL + "/none"
			if test.body != nil {
				address = s.put("/logo", test.body)
			}
			m := provider.Metadata{ClientName: "Mi Diario", Profile: provider.ProfilePartner, OperatorName: "Diario S. A.", RedirectURIs: []string{callback},
				LogoURI: address, PolicyURI: "https://app.example/privacidad", TosURI: "https://app.example/terminos"}
			client, _, err := b.clients.Create(t.Context(), "", m)
			if test.media == "" {
				if err == nil || !strings.HasPrefix(err.Error(), "logo_uri:") {
					t.Errorf("registered: %v", err)
				}
				return
			}
			must(t, err)
			request, _ := b.request(client.ID, nil)
			w := b.browser()
			login := w.get(request)
			for _, p := range []page{login, w.signIn(login)} {
				at := strings.Index(p.body, `<img class="logo" src="/logo/`)
				if at < 0 || strings.Contains(p.body, s.URL) {
					t.Fatalf("%s shows no copy of the logo:\n%s", p.url.Path, p.body)
				}
				src, rest, _ := strings.Cut(p.body[at+len(`<img class="logo" src="`):], `"`)
				if !strings.HasPrefix(rest, ` alt=""`) { // it says nothing that the name beside it does not
					t.Errorf("%s: %q", p.url.Path, rest[:20])
				}
				picture := w.get(src)
				if picture.status != 200 || picture.body != string(test.body) || picture.header.Get("Content-Type") != test.media ||
					picture.header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(picture.header.Get("Content-Security-Policy"), "sandbox") {
					t.Errorf("%s is %d %v", src, picture.status, picture.header)
				}
				for _, link := range []string{`<a href="https://app.example/privacidad" rel="noopener noreferrer">`, `<a href="https://app.example/terminos" rel="noopener noreferrer">`} {
					if !strings.Contains(p.body, link) {
						t.Errorf("%s lacks %s", p.url.Path, link)
					}
				}
			}
			m.LogoURI = ""
			_, err = b.clients.Update(t.Context(), client.ID, m)
			must(t, err)
			if again := b.browser().get(request); strings.Contains(again.body, "/logo/") {
				t.Error("a logo that is registered no longer is still shown")
			}
		})
	}
	if p := b.browser().get("/logo/" + strings.Repeat("A", 43)); p.status != 404 {
		t.Errorf("an unknown logo: %d", p.status)
	}
}

// S-66: an address that the service would never call is refused when it is registered, not forgotten at each sign-out.
func TestAddressesThatAreNeverCalled(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	b := s.reaching(t, provider.Rules{})
	app := provider.Metadata{ClientName: "Prueba", RedirectURIs: []string{callback}}
	for _, address := range []string{"https://127.0.0.1/x", "https://10.0.0.7/x", "https://localhost/x", "https://app.example:8443/x"} {
		logout, signals, keys := app, app, app
		logout.BackchannelLogoutURI = address
		signals.SignalsDelivery, signals.SignalsEndpoint = "urn:ietf:rfc:8935", address
		keys.TokenEndpointAuthMethod, keys.JWKSURI = "private_key_jwt", address
		for member, m := range map[string]provider.Metadata{"backchannel_logout_uri": logout, "signals_endpoint": signals, "jwks_uri": keys} {
			if _, _, err := b.clients.Create(t.Context(), "", m); err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("%s: %q cannot be called from here: ", member, address)) {
				t.Errorf("%s %s: %v", member, address, err)
			}
		}
	}
	app.BackchannelLogoutURI = s.URL + "/allowed"
	if _, _, err := b.clients.Create(t.Context(), "", app); err != nil {
		t.Errorf("an allowed address: %v", err)
	}
}
