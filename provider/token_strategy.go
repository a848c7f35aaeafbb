package provider

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"github.com/ory/fosite"

	"huskyidp/internal/seal"
	"huskyidp/keys"
)

// strategy makes and checks codes and tokens for fosite: opaque 256-bit codes and refresh tokens stored as SHA-256, JWT
// access tokens (RFC 9068), ID tokens (OpenID Connect Core 2). go-jose v4 signs with the keys of package keys.
type strategy struct {
	issuer   string
	keys     *keys.Service
	keyring  *seal.Keyring
	verified verifiedTokens
}

// made are the code and tokens of one answer, recorded in the session as fosite generates each.
type made struct {
	code    string // "" for none; likewise the tokens
	access  string
	refresh string
	opaque  *accessClaims // claims of an access token issued as a reference, which are stored; else nil
}

func (s *strategy) GenerateAuthorizeCode(_ context.Context, r fosite.Requester) (string, string, error) {
	code := seal.NewToken()
	sessionOf(r).made.code = code
	return code, signature(code), nil
}
func (s *strategy) AuthorizeCodeSignature(_ context.Context, code string) string {
	return signature(code)
}
func (s *strategy) ValidateAuthorizeCode(_ context.Context, r fosite.Requester, _ string) error {
	if session := sessionOf(r); !session.now.Before(session.grant.CodeExpiresAt) {
		return worded(fosite.ErrTokenExpired, "The authorization code has expired.")
	}
	return nil
}

// GenerateRefreshToken draws the first token of a grant at random. Each later one is a keyed digest of its predecessor,
// so that a retry after a lost response gets the same successor although only digests are stored. A token that only the
// holder of a key can use stays the same (S-38).
func (s *strategy) GenerateRefreshToken(_ context.Context, r fosite.Requester) (string, string, error) {
	session := sessionOf(r)
	var token string
	switch sent := r.GetRequestForm().Get("refresh_token"); {
	case session.token == nil:
		token = seal.NewToken()
	case session.token.fixed():
		token = sent
	default:
		token = base64.RawURLEncoding.EncodeToString(s.keyring.MAC(seal.TokenMAC, []byte("refresh successor"), []byte(sent)))
	}
	session.made.refresh = token
	return token, signature(token), nil
}
func (s *strategy) RefreshTokenSignature(_ context.Context, token string) string {
	return signature(token)
}
func (s *strategy) ValidateRefreshToken(_ context.Context, r fosite.Requester, _ string) error {
	if session := sessionOf(r); !session.now.Before(session.token.ExpiresAt) || !session.now.Before(session.grant.ExpiresAt) {
		return fosite.ErrTokenExpired
	}
	return nil
}

// accessClaims are the claims of a JWT access token, RFC 9068 section 2.2.
type accessClaims struct {
	Issuer   string           `json:"iss"`
	Subject  string           `json:"sub"`
	Audience string           `json:"aud"`
	Expiry   *jwt.NumericDate `json:"exp"`
	IssuedAt *jwt.NumericDate `json:"iat"`
	ID       string           `json:"jti"`
	ClientID string           `json:"client_id"`
	Scope    string           `json:"scope,omitempty"`
	AuthTime *jwt.NumericDate `json:"auth_time,omitempty"`
	ACR      string           `json:"acr,omitempty"`
	AMR      []string         `json:"amr,omitempty"`
	Sender   *confirmation    `json:"cnf,omitempty"`
	Patient  string           `json:"patient,omitempty"` // SMART App Launch 7.1, for the FHIR server
	FHIRUser string           `json:"fhirUser,omitempty"`
}

func (s *strategy) GenerateAccessToken(_ context.Context, r fosite.Requester) (string, string, error) {
	session := sessionOf(r)
	client, t, id := session.client, session.terms, uuid.New()
	claims := accessClaims{
		Issuer:   s.issuer,
		Subject:  client.ID,
		Audience: s.issuer,
		Expiry:   jwt.NewNumericDate(session.now.Add(lifetimeOf(r.GetGrantedScopes()))),
		IssuedAt: jwt.NewNumericDate(session.now),
		ID:       tokenID(uuid.Nil, id),
		ClientID: client.ID,
		Scope:    joinScopes(r.GetGrantedScopes()),
		Sender:   t.sender,
		Patient:  t.launch.patient,
		FHIRUser: t.launch.fhirUser,
	}
	if audience := r.GetGrantedAudience(); len(audience) > 0 {
		claims.Audience = audience[0] // one resource per token (S-40)
	}
	if t.resource != "" {
		claims.Audience = t.resource
	}
	if g := session.grant; g != nil {
		claims.Subject, claims.ID = g.Subject, tokenID(g.ID, id)
		claims.AuthTime, claims.ACR, claims.AMR = jwt.NewNumericDate(g.AuthTime), g.ACR, g.AMR
	}
	if client.Metadata.AccessTokenFormat == formatOpaque {
		session.made.access, session.made.opaque = seal.NewToken(), &claims
		return session.made.access, "", nil
	}
	token, err := s.sign("ES256", "at+jwt", claims)
	session.made.access = token
	return token, "", err
}

// fosite never validates our access tokens: strategy.accessToken does.
func (s *strategy) AccessTokenSignature(context.Context, string) string { return "" }
func (s *strategy) ValidateAccessToken(context.Context, fosite.Requester, string) error {
	return fosite.ErrInvalidTokenFormat
}

// tokenID returns a jti that names the grant, so that a resource request finds it: 16 bytes of grant ID (zero for a
// service) and 16 random ones.
func tokenID(grant, random uuid.UUID) string {
	return base64.RawURLEncoding.EncodeToString(append(grant[:], random[:]...))
}

// grantOf returns the grant that a jti names; uuid.Nil for a service's token.
func grantOf(jti string) (uuid.UUID, error) {
	raw, err := base64.RawURLEncoding.DecodeString(jti)
	if err != nil || len(raw) != 32 {
		return uuid.Nil, errors.New("provider: the jti is not one of ours")
	}
	return uuid.UUID(raw[:16]), nil
}

// sign makes a compact JWT of claims and more, which takes precedence.
func (s *strategy) sign(alg, typ string, claims any, more ...map[string]any) (string, error) {
	signer, err := s.keys.Current().Signer(alg, typ)
	if err != nil {
		return "", fmt.Errorf("finding a signing key for %s: %w", alg, err)
	}
	more = slices.DeleteFunc(more, func(part map[string]any) bool { return len(part) == 0 })
	if len(more) == 0 { // the builder would parse its own output to merge it
		payload, err := json.Marshal(claims)
		if err != nil {
			return "", fmt.Errorf("writing the claims of a token: %w", err)
		}
		signed, err := signer.Sign(payload)
		if err != nil {
			return "", fmt.Errorf("signing a token: %w", err)
		}
		return signed.CompactSerialize()
	}
	builder := jwt.Signed(signer).Claims(claims)
	for _, part := range more {
		builder = builder.Claims(part)
	}
	token, err := builder.Serialize()
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	return token, nil
}
