package provider

import (
	"github.com/ory/fosite"
)

// explainGrant says in an invalid_grant which of the things that can go wrong did, where
// fosite's words leave it open. It tells the authenticated client of its own grants alone:
// another client's code or token is unknown to it.
func (u *unit) explainGrant(grantType string, cause error) error {
	oauth := oauthError(cause)
	if oauth == nil || oauth.ErrorField != fosite.ErrInvalidGrant.ErrorField || u.client == nil {
		return cause
	}
	hint := ""
	switch unknown := u.grant == nil || u.grant.ClientID != u.client.ID; {
	case grantType == "authorization_code" && unknown:
		hint = "The code is unknown: it is not whole, expired long ago, or was issued to another client."
	case grantType == "authorization_code" && !u.redeemed && !u.now.Before(u.grant.CodeExpiresAt):
		hint = "The code has expired: it is good for 60 s."
	case grantType == "refresh_token" && (unknown || u.token == nil):
		hint = "The refresh token is unknown: it is not whole, expired long ago, or was issued to another client."
	case grantType == "refresh_token" && u.replayed:
		hint = "The refresh token was used before: every token of this grant is revoked."
	case grantType == "refresh_token" && u.grant.RevokedAt != nil:
		hint = "The refresh token is revoked: the member or the client ended the grant, or a token of it was used twice."
	case grantType == "refresh_token" && (!u.now.Before(u.token.ExpiresAt) || !u.now.Before(u.grant.ExpiresAt)):
		hint = "The refresh token has expired."
	default:
		return cause
	}
	return fosite.ErrInvalidGrant.WithHint(hint).WithWrap(cause)
}
