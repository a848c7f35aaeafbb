package conformance

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	keySize     = 2048
	tokenLife   = 5 * time.Minute
	refreshSoon = 10 * time.Second // after which the access token of the check of refresh tokens ends
	subject     = "sample-member"
)

// newKey returns a key of RS256, which every app understands, as a private JWK.
func newKey() (json.RawMessage, error) {
	key, err := rsa.GenerateKey(rand.Reader, keySize)
	if err != nil {
		return nil, err
	}
	return json.Marshal(jose.JSONWebKey{Key: key, KeyID: rand.Text(), Algorithm: "RS256", Use: "sig"})
}

// key is the one that signs now: the second, from the check on that asks for it.
func (r *Run) key() (k jose.JSONWebKey, err error) {
	n := 0
	if _, isNew := r.Results["new_key"]; isNew {
		n = 1
	}
	err = json.Unmarshal(r.Keys[n], &k)
	return k, err
}

// keySet is what jwks_uri answers with: the key that signs now. The one before is gone once the other signs.
func (r *Run) keySet() (jose.JSONWebKeySet, error) {
	k, err := r.key()
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k.Public()}}, err
}

// sign signs claims. With of no key it is a token without a signature (RFC 7519, 6.1), which go-jose rightly does not make.
func sign(of *jose.JSONWebKey, typ string, claims map[string]any) (string, error) {
	if of == nil {
		body, err := json.Marshal(claims)
		head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"` + typ + `"}`))
		return head + "." + base64.RawURLEncoding.EncodeToString(body) + ".", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: *of}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", fmt.Errorf("making a signer: %w", err)
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}

// stranger is a key of the same kid that is in no JWK Set.
func stranger(of jose.JSONWebKey) (*jose.JSONWebKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, keySize)
	of.Key = key
	return &of, err
}

// idToken is that of the newest sign-in, with the fault of its check.
func (s *Service) idToken(r *Run, now time.Time) (string, error) {
	key, err := r.key()
	if err != nil {
		return "", fmt.Errorf("reading a key: %w", err)
	}
	signs := &key
	claims := map[string]any{"iss": s.issuer(r.ID), "aud": r.ID, "sub": subject, "sid": r.Flow.SID, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(), "auth_time": r.Flow.At.Unix()}
	if r.Flow.Nonce != "" {
		claims["nonce"] = r.Flow.Nonce
	}
	switch r.Flow.Check {
	case "other_issuer":
		claims["iss"] = s.issuer("other")
	case "other_audience":
		claims["aud"] = "another-client"
	case "other_nonce":
		claims["nonce"] = rand.Text()
	case "expired":
		claims["iat"], claims["exp"], claims["auth_time"] = now.Add(-2*time.Hour).Unix(), now.Add(-time.Hour).Unix(), now.Add(-2*time.Hour).Unix()
	case "other_key":
		signs, err = stranger(key)
	case "no_signature":
		signs = nil
	}
	if err != nil {
		return "", err
	}
	return sign(signs, "JWT", claims)
}

// logoutToken is one for the newest sign-in, with the fault of its check.
func (s *Service) logoutToken(r *Run, check string, now time.Time) (string, error) {
	key, err := r.key()
	if err != nil {
		return "", fmt.Errorf("reading a key: %w", err)
	}
	signs := &key
	claims := map[string]any{"iss": s.issuer(r.ID), "aud": r.ID, "sub": subject, "sid": r.Flow.SID, "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "jti": rand.Text(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": struct{}{}}}
	switch check {
	case "logout_other_audience":
		claims["aud"] = "another-client"
	case "logout_expired":
		claims["iat"], claims["exp"] = now.Add(-2*time.Hour).Unix(), now.Add(-time.Hour).Unix()
	case "logout_nobody":
		delete(claims, "sub")
		delete(claims, "sid")
	case "logout_no_event":
		delete(claims, "events")
	case "logout_nonce":
		claims["nonce"] = rand.Text()
	case "logout_other_key":
		signs, err = stranger(key)
	}
	if err != nil {
		return "", err
	}
	return sign(signs, "logout+jwt", claims)
}
