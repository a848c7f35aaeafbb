package provider

import (
	"net/url"
	"slices"
	"strings"

	"huskyidp/internal/web"
)

// resources returns the resource indicators of a request (RFC 8707 2), without duplicates. Each is an audience that the
// client is registered for, compared exactly, or the issuer, which means userinfo; the error is invalid_target.
func (c *Client) resources(form url.Values, issuer string) ([]string, error) {
	var named []string
	for _, resource := range form["resource"] {
		u, err := url.Parse(resource)
		switch {
		case resource == "": // treated as not sent (RFC 6749 3.1)
			continue
		case err != nil || !u.IsAbs() || strings.Contains(resource, "#"):
			return nil, invalidTarget("A resource is an absolute URI without a fragment, not " + web.Clip(resource, repeatedMax) + ".")
		case resource != issuer && !slices.Contains(c.Metadata.Audience, resource):
			return nil, invalidTarget("The client is not registered for the resource " + web.Clip(resource, repeatedMax) + ".")
		case !slices.Contains(named, resource):
			named = append(named, resource)
		}
	}
	return named, nil
}

// readResources sets the request's audiences to the resources that it names. If it names several, each access token is
// for one of them.
func (r *authorizeRequest) readResources(issuer string) error {
	named, err := r.client.resources(r.form, issuer)
	r.audience = named
	return err
}

// pickResource returns the one resource that a token request names, "" without one. It must be in the member's grant
// or, for a service, whose grant is nil, in its registration. After a member's sign-in, userinfo is always allowed.
func (c *Client) pickResource(g *grant, form url.Values, issuer string) (string, error) {
	named, err := c.resources(form, issuer)
	switch {
	case err != nil || len(named) == 0:
		return "", err
	case len(named) > 1:
		return "", invalidTarget("An access token is for one resource: ask once for each.")
	case g == nil && named[0] == issuer:
		return "", invalidTarget("A service has no userinfo.")
	case g != nil && named[0] == issuer && g.has("openid"):
	case g != nil && !slices.Contains(g.Audience, named[0]):
		return "", invalidTarget("The resource " + web.Clip(named[0], repeatedMax) + " has not been granted.")
	}
	return named[0], nil
}

func invalidTarget(rule string) error {
	return ours("invalid_target", rule)
}

// refuseDetails refuses rich authorization requests: no type of them is supported (RFC 9396 5).
func refuseDetails(form url.Values) error {
	if form.Get("authorization_details") == "" {
		return nil
	}
	return ours("invalid_authorization_details", "This server knows no types of authorization_details.")
}
