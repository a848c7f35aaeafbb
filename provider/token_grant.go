package provider

import (
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/ory/fosite"

	"huskyidp/internal/seal"
)

// Lifetimes required by S-33, S-38 and S-40.
const (
	codeLifetime        = 60 * time.Second
	accessTokenLifetime = 10 * time.Minute
	idTokenLifetime     = 5 * time.Minute
	refreshIdle         = 24 * time.Hour
	refreshAbsolute     = 30 * 24 * time.Hour // counted from sign-in, never extended
	refreshRetry        = 10 * time.Second    // in which a client may retry after a lost response
)

// grant is one authorization: who allowed which client what, and in which sign-in.
type grant struct {
	ID            uuid.UUID
	ClientID      string
	AccountID     uuid.UUID
	Subject       string
	SID           string
	Scopes        []string
	Audience      []string
	AuthTime      time.Time
	ACR           string
	AMR           []string
	Nonce         string
	RedirectURI   string
	CodeHash      []byte
	CodeChallenge string
	CodeExpiresAt time.Time
	CreatedAt     time.Time
	ExpiresAt     time.Time
	RevokedAt     *time.Time
	DPoPJKT       string         // key that the code is bound to; "" for none
	ConsentID     *uuid.UUID     // the consent it was made under; nil for our own apps
	Claims        *claimsRequest // claims requested individually; nil if none
	Launch        []byte         // what the app was launched with, sealed; nil for none
}

func (g *grant) has(scope string) bool { return slices.Contains(g.Scopes, scope) }

// refreshToken is one link of a grant's chain. It is used once it has a successor.
type refreshToken struct {
	Hash         []byte
	ExpiresAt    time.Time
	BoundKey     string     // key or certificate that it was issued to; "" for none
	SuccessorAt  *time.Time // when the successor was made
	SuccessorKey string     // key or certificate that the successor was issued to
	SuccessorFor *string    // resource named in the request that made it; nil: any
}

// outlived reports whether the successor was made too long ago for a retry after a lost response.
func (t *refreshToken) outlived(now time.Time) bool {
	return t.SuccessorAt != nil && now.Sub(*t.SuccessorAt) > refreshRetry
}

// refreshExpiry returns when a new refresh token expires if idle, never later than the grant.
func (g *grant) refreshExpiry(now time.Time) time.Time {
	idle := now.Add(refreshIdle)
	if g.ExpiresAt.Before(idle) {
		return g.ExpiresAt
	}
	return idle
}

// requester rebuilds the request that fosite wants for a session's stored grant.
func (s *tokenSession) requester() *fosite.Request {
	g := s.grant
	s.SetExpiresAt(fosite.AuthorizeCode, g.CodeExpiresAt)
	form := url.Values{"redirect_uri": {g.RedirectURI}}
	if g.Nonce != "" {
		form.Set("nonce", g.Nonce)
	}
	if g.CodeChallenge != "" {
		form.Set("code_challenge", g.CodeChallenge)
		form.Set("code_challenge_method", "S256")
	}
	return &fosite.Request{
		ID:                g.ID.String(),
		RequestedAt:       g.CreatedAt,
		Client:            s.client,
		RequestedScope:    g.Scopes,
		GrantedScope:      g.Scopes,
		RequestedAudience: g.Audience,
		GrantedAudience:   g.Audience,
		Form:              form,
		Session:           s,
	}
}

// signature is seal.Digest in the string form that fosite passes.
func signature(token string) string { return string(seal.Digest(token)) }
