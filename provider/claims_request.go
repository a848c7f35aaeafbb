package provider

import (
	"encoding/json"
	"slices"

	"github.com/ory/fosite"

	"huskyidp/internal/jws"
)

// claimsRequest names the member's claims that an app requested individually (OpenID Connect Core 5.5). Unknown claims,
// and claims of scopes that the client may not have, are omitted.
type claimsRequest struct {
	Userinfo []string `json:"userinfo,omitempty"`
	IDToken  []string `json:"id_token,omitempty"`
}

// claimOptions is the JSON object that may qualify a requested claim (OpenID Connect Core 5.5.1).
type claimOptions struct {
	Essential bool  `json:"essential"`
	Value     any   `json:"value"`
	Values    []any `json:"values"`
}

// wanted returns the values requested, none if any will do.
func (o *claimOptions) wanted() []any {
	if o == nil {
		return nil
	}
	if o.Value != nil {
		return []any{o.Value}
	}
	return o.Values
}

const claimsParameterSize = 8 << 10 // bytes

// errUnmetAuthentication is defined by OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
var errUnmetAuthentication = ours("unmet_authentication_requirements", "This server supports none of the acr values that the client requires, or the member did not complete the step that it requires.")

// readClaims reads the claims parameter, and the assurance that the app requests. An essential acr that this server
// does not offer is an error.
func (s *Service) readClaims(r *authorizeRequest) (err error) {
	text := r.form.Get("claims")
	if text == "" {
		r.assurance, err = s.assuranceOf(r, nil, nil)
		return err
	}
	var asked struct {
		Userinfo map[string]*claimOptions `json:"userinfo"`
		IDToken  map[string]*claimOptions `json:"id_token"`
	}
	if len(text) > claimsParameterSize || !jws.Shallow([]byte(text)) || json.Unmarshal([]byte(text), &asked) != nil {
		return worded(fosite.ErrInvalidRequest, "The parameter claims is not JSON as defined in OpenID Connect Core 5.5.")
	}
	acr, essential, voluntary := asked.IDToken["acr"], []string(nil), []string(nil)
	for _, value := range acr.wanted() {
		text, _ := value.(string) // a value of another type matches no acr
		if acr.Essential {
			essential = append(essential, text)
		} else {
			voluntary = append(voluntary, text)
		}
	}
	if r.assurance, err = s.assuranceOf(r, essential, voluntary); err != nil {
		return err
	}
	for _, subject := range append(asked.IDToken["sub"].wanted(), asked.Userinfo["sub"].wanted()...) {
		text, ok := subject.(string)
		if !ok || r.hintSubject != "" && text != r.hintSubject {
			return worded(fosite.ErrInvalidRequest, "The parameters claims and id_token_hint name different members.")
		}
		r.hintSubject = text
	}
	r.claims = &claimsRequest{r.client.releasable(asked.Userinfo), r.client.releasable(asked.IDToken)}
	if len(r.claims.Userinfo)+len(r.claims.IDToken) == 0 {
		r.claims = nil
	}
	return nil
}

// releasable returns the requested names that belong to one of the client's scopes.
func (c *Client) releasable(asked map[string]*claimOptions) []string {
	var names []string
	for _, scope := range c.Metadata.Scope {
		for _, name := range scopeClaims[scope] {
			if _, ok := asked[name]; ok {
				names = append(names, name)
			}
		}
	}
	return names
}

// within keeps the claims whose scope is allowed.
func (q *claimsRequest) within(scopes []string) *claimsRequest {
	if q == nil {
		return nil
	}
	outside := func(name string) bool { return !slices.Contains(scopes, scopeOf(name)) }
	return &claimsRequest{
		slices.DeleteFunc(slices.Clone(q.Userinfo), outside),
		slices.DeleteFunc(slices.Clone(q.IDToken), outside),
	}
}

// sharedScopes returns the scopes whose data the app would get, which the member is asked to allow.
func (r *authorizeRequest) sharedScopes() []string {
	scopes := slices.Clone(r.scopes)
	if r.claims == nil {
		return scopes
	}
	for _, name := range slices.Concat(r.claims.Userinfo, r.claims.IDToken) {
		if scope := scopeOf(name); !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// scopeOf returns the scope that releases a claim.
func scopeOf(claim string) string {
	for scope, names := range scopeClaims {
		if slices.Contains(names, claim) {
			return scope
		}
	}
	return ""
}
