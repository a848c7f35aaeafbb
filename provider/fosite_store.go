package provider

import (
	"context"

	"github.com/ory/fosite"
)

// fositeStore is the storage that fosite's handlers see. It finds the grant in the session that they pass: load has
// read it before fosite is called, and exchange and issue write after fosite has succeeded.
type fositeStore struct {
	writesNothing
	clients *Clients
}

func (f fositeStore) GetClient(_ context.Context, id string) (fosite.Client, error) {
	client, err := f.clients.Get(id)
	if err != nil {
		return nil, fosite.ErrNotFound
	}
	return client, nil
}

// GetAuthorizeCodeSession returns the grant of a code. A used code presented by its own client makes fosite refuse it
// as used (S-33); any other client learns only that the code is not valid.
func (fositeStore) GetAuthorizeCodeSession(_ context.Context, _ string, session fosite.Session) (fosite.Requester, error) {
	s := session.(*tokenSession)
	switch {
	case s.grant == nil, s.grant.ClientID != s.client.ID, s.grant.RevokedAt != nil && !s.redeemed:
		return nil, fosite.ErrNotFound
	case s.redeemed:
		return s.requester(), fosite.ErrInvalidatedAuthorizeCode
	}
	return s.requester(), nil
}

func (f fositeStore) GetPKCERequestSession(ctx context.Context, signature string, session fosite.Session) (fosite.Requester, error) {
	r, err := f.GetAuthorizeCodeSession(ctx, signature, session)
	if err != nil || session.(*tokenSession).grant.CodeChallenge == "" {
		return nil, fosite.ErrNotFound
	}
	return r, nil
}

func (fositeStore) GetOpenIDConnectSession(_ context.Context, _ string, r fosite.Requester) (fosite.Requester, error) {
	if !sessionOf(r).grant.has("openid") {
		return nil, fosite.ErrNotFound
	}
	return r, nil
}

// GetRefreshTokenSession returns the grant of a refresh token. One that was used longer than refreshRetry ago is
// inactive; until then each use gets the same successor.
func (fositeStore) GetRefreshTokenSession(_ context.Context, _ string, session fosite.Session) (fosite.Requester, error) {
	s := session.(*tokenSession)
	if s.grant == nil || s.grant.ClientID != s.client.ID || s.grant.RevokedAt != nil {
		return nil, fosite.ErrNotFound
	}
	request := s.requester()
	s.SetExpiresAt(fosite.RefreshToken, s.token.ExpiresAt)
	if s.token.outlived(s.now) {
		return request, fosite.ErrInactiveToken
	}
	return request, nil
}
