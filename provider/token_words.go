package provider

import (
	"net/url"
	"strings"

	"github.com/ory/fosite"
)

// explainToken says which of the things that can go wrong at the token endpoint did, where
// fosite's words leave it open or are not for who made the app. It tells the authenticated
// client of its own grants alone: another client's code or token is unknown to it.
func (u *unit) explainToken(form url.Values, cause error) error {
	oauth := oauthError(cause)
	if oauth == nil || u.client == nil {
		return cause
	}
	grantType := form.Get("grant_type")
	switch {
	case !isWorded(oauth) && !u.client.GetGrantTypes().Has(grantType): // fosite's code is another for public clients
		return worded(fosite.ErrUnauthorizedClient, "The client is not registered for the grant_type "+grantType+".").WithWrap(cause)
	case oauth.ErrorField == fosite.ErrInvalidGrant.ErrorField:
		if hint := u.explainGrant(form, isWorded(oauth)); hint != "" {
			return worded(fosite.ErrInvalidGrant, hint).WithWrap(cause)
		}
	}
	return explainScope(form, u.client, cause)
}

// explainGrant is the fault of a code or refresh token; "" where the error says it already.
func (u *unit) explainGrant(form url.Values, said bool) string {
	grantType := form.Get("grant_type")
	switch unknown := u.grant == nil || u.grant.ClientID != u.client.ID; {
	case grantType == "authorization_code" && unknown:
		return "The code is unknown: it is not whole, expired long ago, or was issued to another client."
	case grantType == "authorization_code" && !u.redeemed && !u.now.Before(u.grant.CodeExpiresAt):
		return "The code has expired: it is good for 60 s."
	case grantType == "refresh_token" && (unknown || u.token == nil):
		return "The refresh token is unknown: it is not whole, expired long ago, or was issued to another client."
	case grantType == "refresh_token" && u.replayed:
		return "The refresh token was used before: every token of this grant is revoked."
	case grantType == "refresh_token" && u.grant.RevokedAt != nil:
		return "The refresh token is revoked: the member or the client ended the grant, or a token of it was used twice."
	case grantType == "refresh_token" && (!u.now.Before(u.token.ExpiresAt) || !u.now.Before(u.grant.ExpiresAt)):
		return "The refresh token has expired."
	case said || grantType != "authorization_code":
		return ""
	case u.redeemed:
		return "The code has already been used: every token that came of it is revoked."
	case u.grant.RevokedAt != nil:
		return "The code is dead: a former exchange of it failed, or the member ended the grant."
	case u.grant.RedirectURI != form.Get("redirect_uri"):
		return "The redirect_uri is not the one of the authorization request."
	}
	switch verifier := form.Get("code_verifier"); {
	case u.grant.CodeChallenge == "":
		return "A code verifier came, but the authorization request had no code_challenge."
	case verifier == "":
		return "The code verifier is missing: the authorization request had a code_challenge."
	case len(verifier) < 43 || len(verifier) > 128 || strings.Trim(verifier, verifierCharacters) != "":
		return "The code verifier is not 43 to 128 letters, digits, '-', '.', '_' and '~' (RFC 7636 4.1)."
	}
	return "The code verifier does not fit the code_challenge of the authorization request."
}

const verifierCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
