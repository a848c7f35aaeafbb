package provider

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/ory/fosite"
)

// frontTypes are the response types beyond code (OpenID Connect Core 3.2 and 3.3, OAuth 2.0 Multiple Response Types 5),
// for profile certification only.
var frontTypes = []string{"id_token", "id_token token", "code id_token", "code token", "code id_token token"}

// grantImplicit is the grant type for tokens from the authorization endpoint.
const grantImplicit = "implicit"

// inOrder returns a response type with its words sorted: their order has no meaning.
func inOrder(responseType string) string {
	list := words(responseType)
	slices.Sort(list)
	return strings.Join(list, " ")
}

// givesTokens reports whether the authorization endpoint answers a response type with tokens, which are never in a
// query.
func givesTokens(responseType string) bool {
	list := words(responseType)
	return slices.Contains(list, "id_token") || slices.Contains(list, "token")
}

func (r *authorizeRequest) wants(word string) bool {
	return slices.Contains(r.types, word)
}

// certificationDefaults sets what the certification plans register and send.
func (m *Metadata) certificationDefaults() {
	if len(m.ResponseTypes) == 0 {
		m.ResponseTypes = []string{"code"}
	}
	front := slices.ContainsFunc(m.ResponseTypes, givesTokens)
	if len(m.GrantTypes) == 0 {
		if slices.ContainsFunc(m.ResponseTypes, givesCode) {
			m.GrantTypes = []string{"authorization_code", "refresh_token"}
		}
		if front {
			m.GrantTypes = append(m.GrantTypes, grantImplicit)
		}
	}
	if len(m.ResponseModes) == 0 {
		m.ResponseModes = []string{modeQuery, modeFragment, modeFormPost}
	}
	if m.RequirePKCE == nil {
		m.RequirePKCE = new(bool)
		*m.RequirePKCE = m.TokenEndpointAuthMethod == "none"
	}
	if m.OperatorName == "" {
		m.OperatorName = m.ClientName
	}
}

func givesCode(responseType string) bool {
	return slices.Contains(words(responseType), "code")
}

// checkResponseTypes checks that response types, modes and grant types are consistent (OpenID Connect Dynamic Client
// Registration 2).
func (m *Metadata) checkResponseTypes() error {
	types, modes, grants := []string{"code"}, responseModes, grantTypes
	if m.Profile == ProfileCertification {
		types, modes, grants = append(types, frontTypes...), append(slices.Clone(modes), frontModes...), append(slices.Clone(grants), grantImplicit)
	}
	if err := subset("grant_types", m.GrantTypes, grants); err != nil {
		return err
	}
	if err := subset("response_modes", m.ResponseModes, modes); err != nil {
		return err
	}
	known := map[string]bool{}
	for _, one := range types {
		known[inOrder(one)] = true
	}
	for _, one := range m.ResponseTypes {
		switch {
		case !known[inOrder(one)]:
			return subset("response_types", []string{one}, types)
		case givesCode(one) && !slices.Contains(m.GrantTypes, "authorization_code"):
			return &MetadataError{"grant_types", "authorization_code is required for the response type " + one}
		case givesTokens(one) && !slices.Contains(m.GrantTypes, grantImplicit):
			return &MetadataError{"grant_types", "implicit is required for the response type " + one}
		case slices.Contains(words(one), "token") && (m.DPoPBoundTokens || m.CertificateBoundTokens):
			return &MetadataError{"response_types", "token: who takes it from an address cannot prove a key"}
		}
	}
	return nil
}

// checkResponseType refuses what the front channel must not carry, and requires the nonce without which its tokens
// prove nothing (Core 3.2.2.1, 3.3.2.11).
func (r *authorizeRequest) checkResponseType() error {
	types := inOrder(r.form.Get("response_type"))
	if !slices.ContainsFunc(r.client.Metadata.ResponseTypes, func(registered string) bool { return inOrder(registered) == types }) {
		return worded(fosite.ErrUnsupportedResponseType, "The client has not registered this response_type.") // fosite also accepts CODE
	}
	if !givesTokens(types) {
		return nil
	}
	switch mode := r.form.Get("response_mode"); {
	case mode == modeQuery || mode == modeQueryJWT:
		return worded(fosite.ErrInvalidRequest, "This response_type cannot be returned in the query.")
	case r.wants("id_token") && r.form.Get("nonce") == "":
		return worded(fosite.ErrInvalidRequest, "The parameter nonce is missing: this response_type needs it.")
	case r.wants("id_token") && !slices.Contains(r.scopes, "openid"):
		return worded(fosite.ErrInvalidRequest, "The scope openid is missing: this response_type requires it.")
	}
	return nil
}

// frontHandler is the fosite handler that answers with tokens. As for a code, the grant is in the session.
type frontHandler struct{ strategy *strategy }

var _ fosite.AuthorizeEndpointHandler = frontHandler{}

func (f frontHandler) HandleAuthorizeEndpointRequest(ctx context.Context, r fosite.AuthorizeRequester, answer fosite.AuthorizeResponder) error {
	types := r.GetResponseTypes()
	if types.ExactOne("code") {
		return nil
	}
	if types.Has("code") {
		code, _, err := f.strategy.GenerateAuthorizeCode(ctx, r)
		if err != nil {
			return err
		}
		answer.AddParameter("code", code)
		r.SetResponseTypeHandled("code")
	}
	if types.Has("token") {
		token, _, err := f.strategy.GenerateAccessToken(ctx, r)
		if err != nil {
			return err
		}
		answer.AddParameter("access_token", token)
		answer.AddParameter("token_type", "Bearer")
		answer.AddParameter("expires_in", strconv.Itoa(int(accessTokenLifetime.Seconds())))
		answer.AddParameter("scope", joinScopes(r.GetGrantedScopes()))
		r.SetResponseTypeHandled("token")
	}
	if !types.Has("id_token") {
		return nil
	}
	token, err := f.strategy.GenerateIDToken(ctx, idTokenLifetime, r)
	if err != nil {
		return err
	}
	answer.AddParameter("id_token", token)
	r.SetResponseTypeHandled("id_token")
	return nil
}

// frontTerms returns the terms of an ID token from the authorization endpoint. Without an access token there is no
// userinfo, so the claims of the scopes are in the ID token (Core 5.4).
func (s *Service) frontTerms(ctx context.Context, r *authorizeRequest, g *grant) (t terms, err error) {
	if t.envelope, err = s.idTokenEnvelope(ctx, r.client); err != nil {
		return t, err
	}
	released := *g
	if len(r.types) == 1 && r.wants("id_token") {
		var wanted []string
		for _, scope := range released.Scopes {
			wanted = append(wanted, scopeClaims[scope]...)
		}
		if released.Claims != nil {
			wanted = append(wanted, released.Claims.IDToken...)
		}
		released.Claims = &claimsRequest{IDToken: wanted}
	}
	t.claims, err = s.idTokenClaims(ctx, &released)
	return t, err
}
