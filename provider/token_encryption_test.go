package provider_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"huskyidp/provider"
)

// recipient is a client's key pair for encryption.
type recipient struct {
	private any
	public  jose.JSONWebKey
}

func newRecipient(t *testing.T, alg string) recipient {
	t.Helper()
	if strings.HasPrefix(alg, "RSA") {
		key, err := rsaKey()
		must(t, err)
		return recipient{key, jose.JSONWebKey{Key: key.Public(), KeyID: "enc", Use: "enc", Algorithm: alg}}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return recipient{key, jose.JSONWebKey{Key: crypto.Signer(key).Public(), KeyID: "enc", Use: "enc"}}
}

// open decrypts a compact JWE that must be made as registered.
func (r recipient) open(t *testing.T, compact, alg, enc, content string) string {
	t.Helper()
	sealed, err := jose.ParseEncryptedCompact(compact, []jose.KeyAlgorithm{jose.KeyAlgorithm(alg)}, []jose.ContentEncryption{jose.ContentEncryption(enc)})
	if err != nil {
		t.Fatalf("%v: %q", err, compact)
	}
	if cty, _ := sealed.Header.ExtraHeaders["cty"].(string); cty != content || sealed.Header.KeyID != "enc" {
		t.Errorf("header %v", sealed.Header)
	}
	plain, err := sealed.Decrypt(r.private)
	must(t, err)
	return string(plain)
}

// TestEncryption: ID tokens and userinfo are signed and then encrypted to the key that
// the client registered, by every algorithm that the metadata name (Core 10.2, 5.3.2).
func TestEncryption(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	var doc struct {
		Alg         []string `json:"id_token_encryption_alg_values_supported"`
		Enc         []string `json:"id_token_encryption_enc_values_supported"`
		UserinfoAlg []string `json:"userinfo_encryption_alg_values_supported"`
		UserinfoEnc []string `json:"userinfo_encryption_enc_values_supported"`
	}
	must(t, json.Unmarshal([]byte(b.browser().get("/.well-known/openid-configuration").body), &doc))
	if len(doc.Alg) != 3 || len(doc.Enc) != 2 || len(doc.UserinfoAlg) != 3 || len(doc.UserinfoEnc) != 2 {
		t.Fatalf("metadata %+v", doc)
	}
	w := b.signedIn()
	for _, alg := range doc.Alg {
		for _, enc := range doc.Enc {
			for _, signed := range []string{"ES256", ""} { // of userinfo
				t.Run(strings.TrimSpace(alg+" "+enc+" "+signed), func(t *testing.T) {
					r := newRecipient(t, alg)
					id, secret := b.client(func(m *provider.Metadata) {
						m.JWKS = provider.NewKeySet(newKeyPair(t, "ES256").public(), r.public)
						m.IDTokenEncryptedResponseAlg, m.IDTokenEncryptedResponseEnc = alg, enc
						m.UserinfoEncryptedResponseAlg, m.UserinfoEncryptedResponseEnc, m.UserinfoSignedResponseAlg = alg, enc, signed
					})
					code, verifier := b.code(w, id)
					first := b.redeem(id, secret, code, verifier)
					for _, tokens := range []answer{first, b.refresh(id, secret, first.text("refresh_token"))} {
						claims, _ := b.verified(r.open(t, tokens.text("id_token"), alg, enc, "JWT"))
						if claims["sub"] != b.account.Subject || claims["aud"] != id {
							t.Errorf("ID token %v", claims)
						}
					}
					request := b.browser().bearer("/userinfo", first.text("access_token"))
					if request.header.Get("Content-Type") != "application/jwt" {
						t.Errorf("userinfo is %s", request.header.Get("Content-Type"))
					}
					var claims map[string]any
					if signed == "" {
						must(t, json.Unmarshal([]byte(r.open(t, request.body, alg, enc, "")), &claims))
					} else {
						claims, _ = b.verified(r.open(t, request.body, alg, enc, "JWT"))
					}
					if claims["sub"] != b.account.Subject || claims["iss"] != b.issuer || claims["aud"] != id {
						t.Errorf("userinfo %v", claims)
					}
				})
			}
		}
	}
}

// bearer calls a resource with a token.
func (w *browser) bearer(path, token string) page {
	w.b.t.Helper()
	r, err := http.NewRequestWithContext(w.b.t.Context(), http.MethodGet, w.b.issuer+path, nil)
	must(w.b.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	return w.do(r)
}

// TestEncryptionNeedsAKey: what cannot be encrypted is never sent in the clear.
func TestEncryptionNeedsAKey(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(func(m *provider.Metadata) {
		m.JWKSURI, m.IDTokenEncryptedResponseAlg = "https://127.0.0.1/jwks", "ECDH-ES"
	})
	code, verifier := b.code(b.signedIn(), id)
	b.redeem(id, secret, code, verifier).want(t, 400, "invalid_request")
	rsa, ec := newRecipient(t, "RSA-OAEP-256"), newRecipient(t, "ECDH-ES")
	signing := newKeyPair(t, "ES256").public()
	signing.Use, ec.public.KeyID = "sig", "enc2"
	for member, m := range map[string]provider.EncryptionMetadata{
		"id_token_encrypted_response_alg": {IDTokenEncryptedResponseAlg: "RSA1_5"},
		"id_token_encrypted_response_enc": {IDTokenEncryptedResponseAlg: "ECDH-ES", IDTokenEncryptedResponseEnc: "A128GCM"},
		"userinfo_encrypted_response_alg": {UserinfoEncryptedResponseEnc: "A256GCM"},
		"jwks":                            {UserinfoEncryptedResponseAlg: "ECDH-ES"},
	} {
		full := provider.Metadata{ClientName: "x", RedirectURIs: []string{callback}, EncryptionMetadata: m}
		keys := []jose.JSONWebKey{rsa.public, ec.public}
		if member == "jwks" {
			keys = []jose.JSONWebKey{rsa.public, signing}
		}
		full.JWKS = provider.NewKeySet(keys...)
		if _, _, err := b.clients.Create(t.Context(), "", full); err == nil || !strings.HasPrefix(err.Error(), member+":") {
			t.Errorf("registering %+v: %v, want %s", m, err, member)
		}
	}
}

// TestEdDSA: a key of our own for Ed25519 is made when the first client wants one, and
// what it signs verifies; until then none is published.
func TestEdDSA(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	if algs := strings.Join(b.keys.Current().Algorithms(), " "); algs != "ES256 PS256 RS256" {
		t.Fatalf("before: %s", algs)
	}
	p := b.party(callback, func(m *provider.Metadata) { m.IDTokenSignedResponseAlg, m.UserinfoSignedResponseAlg = "EdDSA", "EdDSA" })
	must(t, b.keys.Reload(t.Context()))
	before := b.keys.Current().Public()
	uri, verifier := p.pushed(nil)
	code := p.answered(p.open(b.signedIn(), uri, nil)).Get("code")
	tokens := p.redeem(code, verifier)
	claims, header := b.verified(tokens.text("id_token"))
	key, _ := b.keys.Current().Key(header.KeyID)
	text, err := json.Marshal(key)
	must(t, err)
	if header.Algorithm != "EdDSA" || claims["sub"] != b.account.Subject || !strings.Contains(string(text), `"crv":"Ed25519"`) || !strings.Contains(string(text), `"alg":"EdDSA"`) {
		t.Errorf("ID token %v %v by %s", header, claims, text)
	}
	id, _ := b.client(func(m *provider.Metadata) { m.IDTokenSignedResponseAlg = "EdDSA" }) // the second finds it
	must(t, b.keys.Reload(t.Context()))
	if after := b.keys.Current().Public(); id == "" || len(after.Keys) != len(before.Keys) {
		t.Errorf("%d keys, then %d", len(before.Keys), len(after.Keys))
	}
}
