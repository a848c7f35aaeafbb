package provider

import (
	"strings"

	"github.com/ory/fosite"
)

// explain returns the precise cause of an error at the token endpoint if fosite's text is ambiguous or not meant for
// developers. It tells the authenticated client only about its own grants: another client's code or token is unknown to
// it.
func (p presentedGrant) explain(in call, client *Client, replayed bool, cause error) error {
	oauth := oauthError(cause)
	if oauth == nil {
		return cause
	}
	grantType := in.form.Get("grant_type")
	switch {
	case !isWorded(oauth) && !client.GetGrantTypes().Has(grantType): // fosite's code differs for public clients
		return worded(fosite.ErrUnauthorizedClient, "The client is not registered for the grant_type "+grantType+".").WithWrap(cause)
	case oauth.ErrorField == fosite.ErrInvalidGrant.ErrorField:
		if hint := p.explainGrant(in, client, replayed, isWorded(oauth)); hint != "" {
			return worded(fosite.ErrInvalidGrant, hint).WithWrap(cause)
		}
	}
	return explainScope(in.form, client, cause)
}

// explainGrant returns what is wrong with a code or refresh token; "" if the error already says it.
func (p presentedGrant) explainGrant(in call, client *Client, replayed, said bool) string {
	form, now := in.form, in.now
	grantType := form.Get("grant_type")
	switch unknown := p.grant == nil || p.grant.ClientID != client.ID; {
	case grantType == "authorization_code" && unknown:
		return "The code is unknown: it is not whole, expired long ago, or was issued to another client."
	case grantType == "authorization_code" && !p.redeemed && !now.Before(p.grant.CodeExpiresAt):
		return "The code has expired: it is good for 60 s."
	case grantType == "refresh_token" && (unknown || p.token == nil):
		return "The refresh token is unknown: it is not whole, expired long ago, or was issued to another client."
	case grantType == "refresh_token" && replayed:
		return "The refresh token was used before: every token of this grant is revoked."
	case grantType == "refresh_token" && p.grant.RevokedAt != nil:
		return "The refresh token is revoked: the member or the client ended the grant, or a token of it was used twice."
	case grantType == "refresh_token" && (!now.Before(p.token.ExpiresAt) || !now.Before(p.grant.ExpiresAt)):
		return "The refresh token has expired."
	case said || grantType != "authorization_code":
		return ""
	case p.redeemed:
		return "The code has already been used: every token that came of it is revoked."
	case p.grant.RevokedAt != nil:
		return "The code is dead: a former exchange of it failed, or the member ended the grant."
	case p.grant.RedirectURI != form.Get("redirect_uri"):
		return "The redirect_uri is not the one of the authorization request."
	}
	switch verifier := form.Get("code_verifier"); {
	case p.grant.CodeChallenge == "":
		return "A code verifier came, but the authorization request had no code_challenge."
	case verifier == "":
		return "The code verifier is missing: the authorization request had a code_challenge."
	case len(verifier) < 43 || len(verifier) > 128 || strings.Trim(verifier, verifierCharacters) != "":
		return "The code verifier is not 43 to 128 letters, digits, '-', '.', '_' and '~' (RFC 7636 4.1)."
	}
	return "The code verifier does not fit the code_challenge of the authorization request."
}

const verifierCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
