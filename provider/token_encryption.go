package provider

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/ory/fosite"
)

// EncryptionMetadata is the registration metadata that has ID tokens and userinfo encrypted to the client's key (OpenID
// Connect Dynamic Client Registration 2). A logout token is treated like an ID token (Back-Channel Logout 2.4).
type EncryptionMetadata struct {
	IDTokenEncryptedResponseAlg  string `json:"id_token_encrypted_response_alg,omitempty"` // absent: signed only
	IDTokenEncryptedResponseEnc  string `json:"id_token_encrypted_response_enc,omitempty"` // default A128CBC-HS256
	UserinfoEncryptedResponseAlg string `json:"userinfo_encrypted_response_alg,omitempty"`
	UserinfoEncryptedResponseEnc string `json:"userinfo_encrypted_response_enc,omitempty"`
}

// Encryption algorithms; never RSA1_5 or symmetric ones (RFC 8725 3.2).
var (
	encryptionAlgs = []string{"RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"}
	encryptionEncs = []string{"A128CBC-HS256", "A256GCM"}
)

// encryptionSupport is the matching part of the discovery document.
type encryptionSupport struct {
	IDTokenEncryptionAlgValuesSupported  []string `json:"id_token_encryption_alg_values_supported"`
	IDTokenEncryptionEncValuesSupported  []string `json:"id_token_encryption_enc_values_supported"`
	UserinfoEncryptionAlgValuesSupported []string `json:"userinfo_encryption_alg_values_supported"`
	UserinfoEncryptionEncValuesSupported []string `json:"userinfo_encryption_enc_values_supported"`
}

func newEncryptionSupport() encryptionSupport {
	return encryptionSupport{encryptionAlgs, encryptionEncs, encryptionAlgs, encryptionEncs}
}

// completeEncryption fills in and checks EncryptionMetadata.
func (m *Metadata) completeEncryption() error {
	for _, pair := range []struct {
		member   string
		alg, enc *string
	}{
		{"id_token_encrypted_response", &m.IDTokenEncryptedResponseAlg, &m.IDTokenEncryptedResponseEnc},
		{"userinfo_encrypted_response", &m.UserinfoEncryptedResponseAlg, &m.UserinfoEncryptedResponseEnc},
	} {
		switch {
		case *pair.alg == "" && *pair.enc == "":
			continue
		case *pair.alg == "":
			return &MetadataError{pair.member + "_alg", "is required with " + pair.member + "_enc"}
		case *pair.enc == "":
			*pair.enc = "A128CBC-HS256"
		}
		if err := subset(pair.member+"_alg", []string{*pair.alg}, encryptionAlgs); err != nil {
			return err
		}
		if err := subset(pair.member+"_enc", []string{*pair.enc}, encryptionEncs); err != nil {
			return err
		}
		switch {
		case m.JWKS == nil && m.JWKSURI == "":
			return &MetadataError{"jwks", "or jwks_uri is required for " + pair.member + "_alg"}
		case m.JWKS != nil && encryptionKey(m.JWKS.Keys, *pair.alg) == nil:
			return &MetadataError{"jwks", "has no key for encryption with " + *pair.alg}
		}
	}
	return nil
}

// encryptionKey returns the first key that fits alg, preferring one marked for encryption; nil if there is none.
func encryptionKey(keys []jose.JSONWebKey, alg string) *jose.JSONWebKey {
	var found *jose.JSONWebKey
	for i, key := range keys {
		modulus, isRSA := key.Key.(*rsa.PublicKey)
		_, isEC := key.Key.(*ecdsa.PublicKey)
		if (alg == "RSA-OAEP-256") != isRSA || !isRSA && !isEC || key.Algorithm != "" && key.Algorithm != alg ||
			key.Use != "" && key.Use != "enc" || isRSA && modulus.N.BitLen() < 2048 {
			continue
		}
		if key.Use == "enc" {
			return &keys[i]
		}
		if found == nil {
			found = &keys[i]
		}
	}
	return found
}

// envelope holds the key and algorithms that a token is encrypted with; nil leaves the token as it is.
type envelope struct {
	key jose.JSONWebKey
	alg string
	enc string
}

// envelopeFor finds the client's key, which may require a request to its jwks_uri: call it before any transaction. The
// error is fosite's if the client has no key.
func (s *Service) envelopeFor(ctx context.Context, client *Client, alg, enc string) (*envelope, error) {
	if alg == "" {
		return nil, nil
	}
	keys, err := s.clientKeys(ctx, client, "")
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	key := encryptionKey(keys, alg)
	if key == nil {
		return nil, worded(fosite.ErrInvalidRequest, "The client's key for encryption could not be found.")
	}
	return &envelope{*key, alg, enc}, nil
}

func (s *Service) idTokenEnvelope(ctx context.Context, client *Client) (*envelope, error) {
	return s.envelopeFor(ctx, client, client.Metadata.IDTokenEncryptedResponseAlg, client.Metadata.IDTokenEncryptedResponseEnc)
}

// seal encrypts a token. contentType is "JWT" if plain is a signed one (RFC 7519 5.2).
func (e *envelope) seal(plain, contentType string) (string, error) {
	if e == nil {
		return plain, nil
	}
	options := &jose.EncrypterOptions{}
	if contentType != "" {
		options.WithContentType(jose.ContentType(contentType))
	}
	recipient := jose.Recipient{Algorithm: jose.KeyAlgorithm(e.alg), Key: e.key.Key, KeyID: e.key.KeyID}
	encrypter, err := jose.NewEncrypter(jose.ContentEncryption(e.enc), recipient, options)
	if err != nil {
		return "", fmt.Errorf("preparing to encrypt by %s: %w", e.alg, err)
	}
	sealed, err := encrypter.Encrypt([]byte(plain))
	if err != nil {
		return "", fmt.Errorf("encrypting by %s: %w", e.alg, err)
	}
	return sealed.CompactSerialize()
}

// signsWith lists the algorithms of our own keys that the client's registration requires.
func (m *Metadata) signsWith() []string {
	var algs []string
	for _, alg := range []string{m.IDTokenSignedResponseAlg, m.AuthorizationSignedResponseAlg, m.UserinfoSignedResponseAlg} {
		if alg != "" && !slices.Contains(algs, alg) {
			algs = append(algs, alg)
		}
	}
	return algs
}
