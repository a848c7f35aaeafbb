package provider

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// KeyMetadata are the members about a client's authentication with keys (RFC 7591 section 2, RFC 8705 sections 2.1.2
// and 3.4, RFC 9449 section 5.2).
type KeyMetadata struct {
	JWKS                        *KeySet `json:"jwks,omitempty"`
	JWKSURI                     string  `json:"jwks_uri,omitempty"`
	TokenEndpointAuthSigningAlg string  `json:"token_endpoint_auth_signing_alg,omitempty"` // absent: any of assertionAlgs
	TLSClientAuthSubjectDN      string  `json:"tls_client_auth_subject_dn,omitempty"`      // RFC 4514
	TLSClientAuthSANDNS         string  `json:"tls_client_auth_san_dns,omitempty"`
	CertificateBoundTokens      bool    `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	DPoPBoundTokens             bool    `json:"dpop_bound_access_tokens,omitempty"`
}

// The methods of client authentication that need no shared secret.
const (
	authPrivateKeyJWT = "private_key_jwt"
	authTLS           = "tls_client_auth"
	authSelfSignedTLS = "self_signed_tls_client_auth"
)

// Algorithms of client assertions (S-37).
var (
	assertionAlgs = []string{"RS256", "RS384", "PS256", "ES256", "ES384", "EdDSA"}
	fapiAlgs      = []string{"PS256", "ES256", "EdDSA"} // FAPI 2.0 section 5.4.1
)

// KeySet is a JWK Set as registered: its text is kept for the response, its keys are parsed once. Its errors are
// reported by complete, which can name the metadata field.
type KeySet struct {
	Keys  []jose.JSONWebKey
	text  json.RawMessage
	fault string
}

const maxClientKeys = 20

// NewKeySet returns a set of public keys.
func NewKeySet(keys ...jose.JSONWebKey) *KeySet { return &KeySet{Keys: keys} }

func (s *KeySet) UnmarshalJSON(text []byte) error {
	*s = KeySet{text: bytes.Clone(text)}
	var document struct{ Keys []json.RawMessage }
	if json.Unmarshal(text, &document) != nil || len(document.Keys) == 0 || len(document.Keys) > maxClientKeys {
		s.fault = fmt.Sprintf("is a JWK Set of 1 to %d keys", maxClientKeys)
		return nil
	}
	for i, raw := range document.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) != nil || !key.Valid() {
			s.fault = fmt.Sprintf("holds a key, number %d, that cannot be read as RSA, EC or OKP", i+1)
			return nil
		}
		s.Keys = append(s.Keys, key)
	}
	return nil
}

func (s *KeySet) MarshalJSON() ([]byte, error) {
	if s.text != nil {
		return s.text, nil
	}
	return json.Marshal(jose.JSONWebKeySet{Keys: s.Keys})
}

// rule returns the rule that the set breaks, or "" (S-44: public keys only, of a sufficient size).
func (s *KeySet) rule() string {
	if s.fault != "" {
		return s.fault
	}
	seen := map[string]bool{}
	for i, key := range s.Keys {
		switch public, _ := key.Key.(*rsa.PublicKey); {
		case !key.IsPublic():
			return fmt.Sprintf("holds a key, number %d, that is not public: keep private keys to yourself and make a new pair", i+1)
		case public != nil && public.N.BitLen() < 2048:
			return fmt.Sprintf("holds a key, number %d, of under 2048 bits", i+1)
		case key.KeyID != "" && seen[key.KeyID]:
			return fmt.Sprintf("holds two keys with the kid %q", key.KeyID)
		}
		seen[key.KeyID] = true
	}
	return ""
}

// fapiDefaults sets the defaults of the profile fapi2.
func (m *Metadata) fapiDefaults() {
	if m.TokenEndpointAuthMethod == "" {
		m.TokenEndpointAuthMethod = authPrivateKeyJWT
	}
	if !m.CertificateBoundTokens {
		m.DPoPBoundTokens = true
	}
	if m.IDTokenSignedResponseAlg == "" {
		m.IDTokenSignedResponseAlg = "ES256"
	}
}

// checkKeys checks the rules of KeyMetadata, and what FAPI 2.0 section 5.3.2.1 requires of a client.
func (m *Metadata) checkKeys() error {
	method := m.TokenEndpointAuthMethod
	if m.JWKS != nil {
		if rule := m.JWKS.rule(); rule != "" {
			return &MetadataError{"jwks", rule}
		}
	}
	if m.JWKSURI != "" {
		rule := redirectURIRule(m.JWKSURI, false)
		if rule == "" && !strings.HasPrefix(m.JWKSURI, "https:") { // no exception for loopback (S-66)
			rule = "is not https"
		}
		if rule != "" {
			return &MetadataError{"jwks_uri", fmt.Sprintf("%q %s", m.JWKSURI, rule)}
		}
	}
	switch {
	case m.JWKS != nil && m.JWKSURI != "":
		return &MetadataError{"jwks_uri", "cannot be combined with jwks"}
	case (method == authPrivateKeyJWT || method == authSelfSignedTLS) && m.JWKS == nil && m.JWKSURI == "":
		return &MetadataError{"jwks", "or jwks_uri is required for " + method}
	case m.TokenEndpointAuthSigningAlg != "" && method != authPrivateKeyJWT:
		return &MetadataError{"token_endpoint_auth_signing_alg", "is only for private_key_jwt"}
	case m.TokenEndpointAuthSigningAlg != "" && !slices.Contains(m.profileAlgs(), m.TokenEndpointAuthSigningAlg):
		return subset("token_endpoint_auth_signing_alg", []string{m.TokenEndpointAuthSigningAlg}, m.profileAlgs())
	case (m.TLSClientAuthSubjectDN != "") && (m.TLSClientAuthSANDNS != ""):
		return &MetadataError{"tls_client_auth_san_dns", "cannot be combined with tls_client_auth_subject_dn"}
	case method == authTLS && m.TLSClientAuthSubjectDN == "" && m.TLSClientAuthSANDNS == "":
		return &MetadataError{"tls_client_auth_subject_dn", "or tls_client_auth_san_dns is required for " + authTLS}
	case method != authTLS && (m.TLSClientAuthSubjectDN != "" || m.TLSClientAuthSANDNS != ""):
		return &MetadataError{"tls_client_auth_subject_dn", "and tls_client_auth_san_dns are only for " + authTLS}
	case m.CertificateBoundTokens && m.DPoPBoundTokens:
		return &MetadataError{"dpop_bound_access_tokens", "cannot be combined with tls_client_certificate_bound_access_tokens"}
	}
	if m.Profile != ProfileFAPI2 {
		return nil
	}
	if err := subset("token_endpoint_auth_method", []string{method}, []string{authPrivateKeyJWT, authTLS, authSelfSignedTLS}); err != nil {
		return err
	}
	if !m.pkce() {
		return &MetadataError{"require_pkce", "is always true in the profile fapi2"}
	}
	return subset("id_token_signed_response_alg", []string{m.IDTokenSignedResponseAlg}, fapiAlgs)
}

// profileAlgs returns the assertion algorithms that the profile allows.
func (m *Metadata) profileAlgs() []string {
	switch {
	case m.Profile == ProfileFAPI2:
		return fapiAlgs
	case m.backend():
		return backendAlgs
	}
	return assertionAlgs
}

// usesSecret reports whether the client authenticates with a secret that we issued.
func (c *Client) usesSecret() bool {
	switch c.Metadata.TokenEndpointAuthMethod {
	case "client_secret_basic", "client_secret_post":
		return true
	}
	return false
}

// keysOf returns the keys with which the client may have signed: those of kid, unless it is empty, for signatures by
// alg. The error is a refusal if its jwks_uri could not be fetched.
func (s *Service) keysOf(ctx context.Context, client *Client, kid, alg string) ([]jose.JSONWebKey, error) {
	keys, err := s.clientKeys(ctx, client, kid)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(keys), func(key jose.JSONWebKey) bool {
		return kid != "" && key.KeyID != kid || key.Use != "" && key.Use != "sig" || alg != "" && key.Algorithm != "" && key.Algorithm != alg
	}), nil
}

// clientKeys returns all keys of the client; from a jwks_uri only those of kid, unless it is empty.
func (s *Service) clientKeys(ctx context.Context, client *Client, kid string) ([]jose.JSONWebKey, error) {
	switch m := client.Metadata; {
	case m.JWKS != nil:
		return m.JWKS.Keys, nil
	case m.JWKSURI != "" && s.proofs.ClientKeys != nil:
		keys, err := s.proofs.ClientKeys.Get(ctx, m.JWKSURI, kid)
		if err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, refusal("The client's keys could not be fetched from its jwks_uri.")
		}
		return keys, nil
	}
	return nil, nil
}
