package provider

import (
	"context"
	"errors"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/ory/fosite"

	"huskyidp/internal/dpop"
	"huskyidp/internal/web"
)

// unit is the work of one request on the store. fosite's handlers ask it for the
// same grant many times and write in several calls; the unit loads once and keeps
// the writes until flush sends them as one batch, after fosite has succeeded and
// before the answer is written. A failure between the two leaves nothing behind.
type unit struct {
	store  *store
	now    time.Time
	source string  // network that the request comes from
	client *Client // set once the client has been authenticated or looked up

	grant    *grant        // loaded, or about to be inserted
	token    *refreshToken // the refresh token presented
	redeemed bool          // the code presented was used before
	loaded   bool          // grant came from the database

	proof  *dpop.Proof   // the request's, nil without one
	sender *confirmation // what the tokens are bound to, nil for bearer tokens

	resource   string         // the one that the access token is for; "" for the first granted
	envelope   *envelope      // of the ID token
	patient    string         // whose record it is, for apps of the profile smart
	fhirUser   string         // address of the member's resource there
	code       string         // the code just made, "" for none
	access     string         // the access token just made, "" for none
	opaque     *opaqueToken   // the opaque access token to insert
	idClaims   map[string]any // the member's claims that the ID token shall have
	newRefresh []byte         // hash of the refresh token to insert
	replayed   bool           // a code or refresh token came a second time
}

// opaqueToken is an access token that the client gets as a reference.
type opaqueToken struct {
	hash   []byte
	claims accessClaims
}

type unitKey struct{}

// newUnit begins the work of a request.
func (h *Handler) newUnit(c *gin.Context) (context.Context, *unit) {
	u := &unit{store: h.service.store, now: h.now(), source: web.Source(c)}
	return context.WithValue(c.Request.Context(), unitKey{}, u), u
}

func unitFrom(ctx context.Context) *unit { return ctx.Value(unitKey{}).(*unit) }

// errLostRace says that another request used the same code or token first.
var errLostRace = errors.New("provider: the code or token was used by another request at the same moment")

// fositeStore is the storage that fosite's handlers see. Everything it knows is
// the unit in the context.
type fositeStore struct{ clients *Clients }

func (f fositeStore) GetClient(_ context.Context, id string) (fosite.Client, error) {
	client, err := f.clients.Get(id)
	if err != nil {
		return nil, fosite.ErrNotFound
	}
	return client, nil
}

// fosite's own client assertions are not used: authenticateClient replaces them.
func (fositeStore) ClientAssertionJWTValid(context.Context, string) error { return fosite.ErrJTIKnown }
func (fositeStore) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrJTIKnown
}

// The three Create calls of an authorization describe the same row, which
// authorize.go has put into the unit already.
func (fositeStore) CreateAuthorizeCodeSession(ctx context.Context, sig string, _ fosite.Requester) error {
	unitFrom(ctx).grant.CodeHash = []byte(sig)
	return nil
}
func (fositeStore) CreatePKCERequestSession(context.Context, string, fosite.Requester) error {
	return nil
}
func (fositeStore) CreateOpenIDConnectSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetAuthorizeCodeSession loads the grant of a code. A used code presented by its
// own client makes fosite revoke what came of it (S-33); any other client learns
// only that the code is no good.
func (f fositeStore) GetAuthorizeCodeSession(ctx context.Context, sig string, _ fosite.Session) (fosite.Requester, error) {
	u := unitFrom(ctx)
	if u.grant == nil {
		if err := u.loadByCode(ctx, []byte(sig)); err != nil {
			return nil, err
		}
	}
	client, err := f.clients.Get(u.grant.ClientID)
	if err != nil || u.client == nil || u.client.ID != client.ID || u.grant.RevokedAt != nil && !u.redeemed {
		return nil, fosite.ErrNotFound
	}
	if u.redeemed {
		return u.grant.requester(client), fosite.ErrInvalidatedAuthorizeCode
	}
	return u.grant.requester(client), nil
}

func (f fositeStore) GetPKCERequestSession(ctx context.Context, sig string, s fosite.Session) (fosite.Requester, error) {
	r, err := f.GetAuthorizeCodeSession(ctx, sig, s)
	if errors.Is(err, fosite.ErrInvalidatedAuthorizeCode) {
		err = fosite.ErrNotFound
	}
	if err == nil && unitFrom(ctx).grant.CodeChallenge == "" {
		return nil, fosite.ErrNotFound
	}
	return r, err
}

func (f fositeStore) GetOpenIDConnectSession(ctx context.Context, code string, r fosite.Requester) (fosite.Requester, error) {
	if !unitFrom(ctx).grant.has("openid") {
		return nil, fosite.ErrNotFound
	}
	return r, nil // NewAccessRequest has put the grant's session on it
}

// Code, PKCE and OpenID Connect rows are one row, marked by flush.
func (fositeStore) InvalidateAuthorizeCodeSession(context.Context, string) error { return nil }
func (fositeStore) DeletePKCERequestSession(context.Context, string) error       { return nil }
func (fositeStore) DeleteOpenIDConnectSession(context.Context, string) error     { return nil }

// Access tokens are JWTs and have no row.
func (fositeStore) CreateAccessTokenSession(context.Context, string, fosite.Requester) error {
	return nil
}
func (fositeStore) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}
func (fositeStore) DeleteAccessTokenSession(context.Context, string) error { return nil }

func (fositeStore) CreateRefreshTokenSession(ctx context.Context, sig, _ string, _ fosite.Requester) error {
	unitFrom(ctx).newRefresh = []byte(sig)
	return nil
}

// GetRefreshTokenSession loads token and grant. A token that was used longer than
// refreshRetry ago is inactive, which makes fosite revoke the family; until then each use
// gets the same successor. In another client's hands it has been stolen, or is given away.
func (f fositeStore) GetRefreshTokenSession(ctx context.Context, sig string, _ fosite.Session) (fosite.Requester, error) {
	u := unitFrom(ctx)
	if u.grant == nil {
		if err := u.loadByRefreshToken(ctx, []byte(sig)); err != nil {
			return nil, err
		}
	}
	client, err := f.clients.Get(u.grant.ClientID)
	if err != nil || u.client == nil || u.grant.RevokedAt != nil {
		return nil, fosite.ErrNotFound
	}
	if u.client.ID != client.ID {
		u.replayed = !u.token.fixed() // what is bound to a key is of no use to others
		return nil, fosite.ErrNotFound
	}
	request := u.grant.requester(client)
	request.Session.SetExpiresAt(fosite.RefreshToken, u.token.ExpiresAt)
	if at := u.token.SuccessorAt; at != nil && u.now.Sub(*at) > refreshRetry {
		return request, fosite.ErrInactiveToken
	}
	return request, nil
}

// checkReuse holds a used refresh token against the use that made its successor: what is
// not that one again revokes the family.
func (u *unit) checkReuse() error {
	if u.token == nil || u.token.SuccessorAt == nil {
		return nil
	}
	if !u.token.repeats(u) {
		u.replayed = true
		return fosite.ErrInvalidGrant
	}
	u.token.retriesLastStep = true
	return nil
}

// join ends a refresh that came together with another of the same token, whose row it has
// waited for. The successor is computed from the token, so both have the same one already.
func (u *unit) join(ctx context.Context) error {
	if err := u.loadByRefreshToken(ctx, u.token.Hash); err != nil {
		return err
	}
	if u.grant.RevokedAt != nil || u.token.SuccessorAt == nil {
		return errLostRace
	}
	if err := u.checkReuse(); err != nil {
		return err
	}
	return u.flushTokens(ctx)
}

func (fositeStore) DeleteRefreshTokenSession(context.Context, string) error  { return nil }
func (fositeStore) RotateRefreshToken(context.Context, string, string) error { return nil }

// fosite asks for both when a code or refresh token is replayed.
func (fositeStore) RevokeRefreshToken(ctx context.Context, _ string) error {
	unitFrom(ctx).replayed = true
	return nil
}
func (fositeStore) RevokeAccessToken(ctx context.Context, _ string) error {
	unitFrom(ctx).replayed = true
	return nil
}
