package portal

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// testProvider is a provider that agrees to everything, and can be told to misbehave.
type testProvider struct {
	*httptest.Server
	key     *ecdsa.PrivateKey
	request url.Values // the last authorization request
	asked   url.Values // the last token request
	spent   string     // the state of the request whose code was redeemed last: no code is good twice

	down     bool
	answer   url.Values                  // added to the authorization response
	claims   func(claims map[string]any) // changes the ID token
	userinfo map[string]any              // replaces userinfo
}

func newTestProvider(t *testing.T) *testProvider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &testProvider{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		if p.down {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		writeJSON(w, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
			"userinfo_endpoint": p.URL + "/userinfo", "jwks_uri": p.URL + "/jwks", "end_session_endpoint": p.URL + "/logout",
			"authorization_response_iss_parameter_supported": true, "id_token_signing_alg_values_supported": []string{"ES256"},
			"scopes_supported": []string{"openid", "profile", "email"},
		})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		p.request = r.URL.Query()
		back := url.Values{"code": {"c0de"}, "state": {p.request.Get("state")}, "iss": {p.URL}}
		for name, value := range p.answer {
			back[name] = value
		}
		http.Redirect(w, r, p.request.Get("redirect_uri")+"?"+back.Encode(), http.StatusSeeOther)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		p.token(t, w, r)
	})
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, p.userinfo) })
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	p.userinfo = map[string]any{"sub": "s1", "given_name": "MARÍA", "husky.member": map[string]any{"program": "A"}}
	return p
}

func (p *testProvider) token(t *testing.T, w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		t.Error(err)
	}
	p.asked = r.PostForm
	id, secret, basic := r.BasicAuth()
	proven := id == "portal" && secret == "s3cret"
	if public := p.asked.Get("client_id"); !basic && public == "try-it" {
		id, proven = public, true
	}
	challenge := sha256.Sum256([]byte(p.asked.Get("code_verifier")))
	state := p.request.Get("state")
	if state == p.spent {
		t.Error("a code was redeemed twice")
	}
	p.spent = state
	if !proven || base64.RawURLEncoding.EncodeToString(challenge[:]) != p.request.Get("code_challenge") {
		w.WriteHeader(http.StatusBadRequest)
		writeJSON(w, map[string]string{"error": "invalid_grant"})
		return
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.key, KeyID: "k"}}, nil)
	if err != nil {
		t.Error(err)
	}
	claims := map[string]any{
		"iss": p.URL, "aud": id, "sub": "s1", "nonce": p.request.Get("nonce"), "acr": "card",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	if p.claims != nil {
		p.claims(claims)
	}
	idToken, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Error(err)
	}
	writeJSON(w, map[string]any{"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": idToken})
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value)
}
