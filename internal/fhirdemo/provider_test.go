package fhirdemo

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
)

const base = "http://fhir.example/r4"

// provider stands in for the real one, so that tests can issue wrong tokens.
type provider struct {
	*httptest.Server
	t      *testing.T
	key    *ecdsa.PrivateKey
	tokens map[string]map[string]any // what introspection says
	now    time.Time
	asked  int // introspections
	down   bool
	fhir   *Server
}

type people []Person

func (p people) Everyone(context.Context) ([]Person, error) { return p, nil }

func (p people) Person(_ context.Context, id string) (Person, bool, error) {
	for _, one := range p {
		if one.ID.String() == id {
			return one, true, nil
		}
	}
	return Person{}, false, nil
}

var (
	ana  = Person{ID: uuid.MustParse("6f1f5a52-3d55-4d57-9d0a-1c1a3f4c0001"), FirstName: "ANA", LastName: "RIVERSTOWE", BirthDate: "1996-08-25", Program: "B", CoverageStart: "2025-10-01"}
	luis = Person{ID: uuid.MustParse("6f1f5a52-3d55-4d57-9d0a-1c1a3f4c0002"), FirstName: "LUIS", LastName: "DE LA LUNAREJO", Suffix: "JR", BirthDate: "2015-01-30", CoverageStart: "2023-02-01", CoverageEnd: "2024-01-31"}
)

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{t: t, tokens: map[string]map[string]any{}, now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}
	var err error
	if p.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	if p.fhir, err = New(Options{Issuer: p.URL, Name: "demo", BaseURL: base, ClientID: "fhir", ClientSecret: "s:c/t", Source: people{ana, luis},
		Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return p.now }}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body any
	switch {
	case p.down:
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	case r.URL.Path == "/fhir/demo/.well-known/smart-configuration":
		body = map[string]any{"issuer": p.URL, "jwks_uri": p.URL + "/jwks", "introspection_endpoint": p.URL + "/introspect", "authorization_endpoint": p.URL + "/authorize",
			"token_endpoint": p.URL + "/token", "revocation_endpoint": p.URL + "/revoke", "management_endpoint": p.URL + "/account/apps"}
	case r.URL.Path == "/jwks":
		body = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "one", Algorithm: "ES256"}}}
	case r.URL.Path == "/introspect":
		id, secret, _ := r.BasicAuth()
		if secret, _ = url.QueryUnescape(secret); id != "fhir" || secret != "s:c/t" {
			http.Error(w, "who?", http.StatusUnauthorized)
			return
		}
		p.asked++
		if body = p.tokens[r.PostFormValue("token")]; body.(map[string]any) == nil {
			body = map[string]any{"active": false}
		}
	default:
		http.NotFound(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(body)
}

// claims are those of a good token of ana, with what change makes of them.
func (p *provider) claims(scope string, change map[string]any) map[string]any {
	claims := map[string]any{"active": true, "iss": p.URL, "aud": base, "exp": p.now.Add(10 * time.Minute).Unix(), "client_id": "app", "scope": scope, "patient": ana.ID.String()}
	for name, value := range change {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return claims
}

// opaque issues a token that is a reference.
func (p *provider) opaque(scope string, change map[string]any) string {
	token := rand.Text()
	p.tokens[token] = p.claims(scope, change)
	return token
}

// jwt issues a token that is signed, of which introspection says what live says.
func (p *provider) jwt(typ, kid string, key any, claims, live map[string]any) string {
	p.t.Helper()
	algorithm := jose.ES256
	if _, shared := key.([]byte); shared {
		algorithm = jose.HS256
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", kid))
	if err != nil {
		p.t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		p.t.Fatal(err)
	}
	p.tokens[token] = live
	return token
}

// ask requests a path below the base address.
func (p *provider) ask(method, path, token string) (*httptest.ResponseRecorder, map[string]any) {
	p.t.Helper()
	r := httptest.NewRequestWithContext(p.t.Context(), method, base+path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	p.fhir.ServeHTTP(w, r)
	var body map[string]any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			p.t.Fatalf("%s: %v", path, err)
		}
	}
	return w, body
}
