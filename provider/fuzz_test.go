package provider_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
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
	b := newBenchIn(f, 4)
	b.clientNamed("app")
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
