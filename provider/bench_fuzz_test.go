package provider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"huskyidp/provider"
)

// FuzzAuthorize: whatever the parameters, the answer is a page, or a redirect to the
// registered address or a page of ours; never a 5xx, never another address.
func FuzzAuthorize(f *testing.F) {
	for _, seed := range []string{
		"client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback%3Fkeep%3D1&response_type=code&scope=openid&state=s&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
		"client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback%3Fkeep%3D1&response_type=code+id_token&prompt=none&max_age=1&state=%00",
		"client_id=app&redirect_uri=//evil.example&response_mode=form_post&request=e30.e30.&claims={}",
		"client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback%3Fkeep%3D1%23x&id_token_hint=a.b.c&acr_values=1+2&ui_locales=es",
		"client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback%3Fkeep%3D1&response_mode=jwt&claims={\"id_token\":{\"acr\":{\"essential\":true,\"values\":[1]},\"sub\":{\"value\":null}}}",
		"client_id=app&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax&redirect_uri=",
		"client_id[]=app&%zz=1&;", "client_id=app&client_id=app",
	} {
		f.Add(seed)
	}
	f.Add("client_id=front&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback%3Fkeep%3D1&response_type=id_token+code+token&scope=openid&nonce=n&response_mode=fragment")
	f.Add("client_id=front&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback%3Fkeep%3D1&response_type=id_token&request_uri=https%3A%2F%2Fapp.example%2F%23x")
	b := certifying(f, 4)
	b.clientNamed("app")
	_, _, err := b.clients.Create(f.Context(), "front", provider.Metadata{ClientName: "Prueba", Profile: provider.ProfileCertification, RedirectURIs: []string{callback},
		ResponseTypes: []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}})
	must(f, err)
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest(http.MethodGet, "/authorize", nil)
		r.URL.RawQuery = query
		r.Host = strings.TrimPrefix(b.issuer, "https://")
		w := httptest.NewRecorder()
		b.server.Config.Handler.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Fatalf("status %d for %q\n%s", w.Code, query, w.Body)
		}
		if to := w.Header().Get("Location"); to != "" {
			if u, err := url.Parse(to); err != nil || u.Host != "" && u.Host != "app.example" {
				t.Fatalf("redirect to %q for %q", to, query)
			}
		}
	})
}

// FuzzToken: whatever the body and the header, the answer is an OAuth error.
func FuzzToken(f *testing.F) {
	f.Add("grant_type=authorization_code&code=x&code_verifier=y", "Basic YXBwOng=")
	f.Add("grant_type=refresh_token&refresh_token=x&client_id=app&client_secret=y", "")
	f.Add("grant_type=client_credentials&scope=a+b&audience=x&audience=y", "Bearer x")
	f.Add("grant_type=refresh_token&grant_type=x&%00=%ff", "Basic ????")
	b := newBenchIn(f, 4)
	b.clientNamed("app")
	f.Fuzz(func(t *testing.T, body, authorization string) {
		r := httptest.NewRequest(http.MethodPost, "/token", strings.NewReader(body))
		r.Host = strings.TrimPrefix(b.issuer, "https://")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		b.server.Config.Handler.ServeHTTP(w, r)
		if w.Code < 400 || w.Code >= 500 || !strings.Contains(w.Body.String(), `"error"`) {
			t.Fatalf("status %d for %q: %s", w.Code, body, w.Body)
		}
	})
}

// FuzzRegistration: whatever the client metadata, the answer is 201 or RFC 7591's 400, and
// what was taken has addresses that obey S-31.
func FuzzRegistration(f *testing.F) {
	for _, seed := range []string{
		`{"client_name":"x","redirect_uris":["https://app.example/cb"],"grant_types":["authorization_code","implicit"],"response_types":["code id_token"]}`,
		`{"redirect_uris":["https://app.example/#x","http://127.0.0.1/","https://u@h/","//h","https://h\\@e/"],"jwks":{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB"}]}}`,
		`{"redirect_uris":["https://app.example/"],"jwks":{"keys":[{"kty":"oct","k":"AA"}]},"token_endpoint_auth_method":"private_key_jwt"}`,
		`{"redirect_uris":["https://app.example/"],"sector_identifier_uri":"https://127.0.0.1/","logo_uri":"https://[::1]/","default_max_age":-1}`,
		`{"redirect_uris":{},"scope":[],"client_name":null}`, `[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]`, `{"scope":"openid \u0000","redirect_uris":["https://\u0000"]}`,
	} {
		f.Add(seed)
	}
	b := certifying(f, 4)
	f.Fuzz(func(t *testing.T, body string) {
		b.clock.advance(time.Hour) // the limit of one source is not what is tried
		r := httptest.NewRequest(http.MethodPost, provider.RegistrationPath, strings.NewReader(body))
		r.Host = strings.TrimPrefix(b.issuer, "https://")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer initial-token")
		w := httptest.NewRecorder()
		b.server.Config.Handler.ServeHTTP(w, r)
		var got struct {
			Error string
			URIs  []string `json:"redirect_uris"`
		}
		if json.Unmarshal(w.Body.Bytes(), &got) != nil || w.Code != 201 && (w.Code < 400 || w.Code >= 500 || got.Error == "") {
			t.Fatalf("status %d for %q: %s", w.Code, body, w.Body)
		}
		for _, uri := range got.URIs {
			u, err := url.Parse(uri)
			if err != nil || u.Fragment != "" || u.User != nil || u.Scheme != "https" && u.Hostname() != "::1" && !strings.HasPrefix(u.Hostname(), "127.") {
				t.Fatalf("%q was registered by %q", uri, body)
			}
		}
	})
}

// FuzzRedirectURI: an address that was not registered byte for byte gets nothing (S-31).
func FuzzRedirectURI(f *testing.F) {
	for _, seed := range []string{callback, callback + "&x=1", callback + "#x", "https://app.example/callback", "https://app.example/callback?keep=1/../x",
		"https://app.example.evil.example/callback?keep=1", "https://app.example@evil.example/callback?keep=1", "HTTPS://app.example/callback?keep=1",
		"https://app.example/%63allback?keep=1", "http://127.0.0.1:9000/native", "http://127.0.0.1/native", "http://[::1]:1/native", "http://localhost/native"} {
		f.Add(seed)
	}
	b := newBenchIn(f, 4)
	_, _, err := b.clients.Create(f.Context(), "app", provider.Metadata{ClientName: "Prueba", ApplicationType: "native", RedirectURIs: []string{callback, "http://127.0.0.1/native"}})
	must(f, err)
	native := regexp.MustCompile(`^http://127\.0\.0\.1(:\d{1,5})?/native$`)
	f.Fuzz(func(t *testing.T, uri string) {
		q := url.Values{"client_id": {"app"}, "redirect_uri": {uri}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"}, "prompt": {"none"},
			"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}}
		r := httptest.NewRequest(http.MethodGet, "/authorize", nil)
		r.URL.RawQuery = q.Encode()
		r.Host = strings.TrimPrefix(b.issuer, "https://")
		w := httptest.NewRecorder()
		b.server.Config.Handler.ServeHTTP(w, r)
		to := w.Header().Get("Location")
		if w.Code >= 500 || to != "" && uri != callback && !native.MatchString(uri) {
			t.Fatalf("status %d to %q for %q", w.Code, to, uri)
		}
	})
}
