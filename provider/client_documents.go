package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"huskyidp/internal/jws"
	"huskyidp/internal/outbound"
)

// Fetcher fetches a client's document from the public network; outbound.Client is one.
type Fetcher interface {
	Check(address string) error // why an address is never called
	Get(ctx context.Context, address, accept string) (outbound.Answer, error)
}

// Signers makes a signing key for an algorithm that has none yet.
type Signers interface {
	Want(ctx context.Context, alg string) error
}

// check completes and checks the metadata, and fetches the documents that they name. It is slow: call it before a
// transaction.
func (r *Clients) check(ctx context.Context, m *Metadata) (map[string]*logo, error) {
	if err := m.complete(r.Rules); err != nil {
		return nil, err
	}
	if err := r.checkCalled(m); err != nil {
		return nil, err
	}
	if err := r.makeKeys(ctx, m); err != nil {
		return nil, err
	}
	if err := r.checkSector(ctx, m); err != nil {
		return nil, err
	}
	return r.fetchLogos(ctx, m)
}

// checkCalled refuses addresses that this service would never call (S-66): keys, notices of sign-outs and of security
// events would be missing for ever. Sector files and logos are fetched at once.
func (r *Clients) checkCalled(m *Metadata) error {
	if r.Fetcher == nil {
		return nil
	}
	called := []struct{ member, address string }{
		{"jwks_uri", m.JWKSURI}, {"backchannel_logout_uri", m.BackchannelLogoutURI}, {"signals_endpoint", m.SignalsEndpoint},
	}
	for _, address := range m.RequestURIs {
		called = append(called, struct{ member, address string }{"request_uris", address})
	}
	for _, c := range called {
		if c.address == "" {
			continue
		}
		if err := r.Fetcher.Check(c.address); err != nil {
			return &MetadataError{c.member, fmt.Sprintf("%q cannot be called from here: %v", c.address, err)}
		}
	}
	return nil
}

// makeKeys makes the EdDSA key when the first client wants one.
func (r *Clients) makeKeys(ctx context.Context, m *Metadata) error {
	for _, alg := range m.signsWith() {
		switch {
		case alg != "EdDSA":
		case r.Keys == nil:
			return &MetadataError{"id_token_signed_response_alg", "EdDSA is not offered here"}
		default:
			if err := r.Keys.Want(ctx, alg); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkSector compares the redirect URIs with the file that lists who shares subjects (OpenID Connect Core 8.1, Dynamic
// Client Registration 5).
func (r *Clients) checkSector(ctx context.Context, m *Metadata) error {
	if m.SectorIdentifierURI == "" {
		return nil
	}
	body, err := r.fetch(ctx, m.SectorIdentifierURI, "application/json")
	if err != nil {
		return &MetadataError{"sector_identifier_uri", "could not be fetched"}
	}
	var listed []string
	if !jws.Shallow(body) || json.Unmarshal(body, &listed) != nil {
		return &MetadataError{"sector_identifier_uri", "is not a JSON array of redirect URIs"}
	}
	for _, uri := range m.RedirectURIs {
		if !slices.Contains(listed, uri) {
			return &MetadataError{"sector_identifier_uri", fmt.Sprintf("does not list %q", uri)}
		}
	}
	return nil
}

func (r *Clients) fetch(ctx context.Context, address, accept string) ([]byte, error) {
	if r.Fetcher == nil {
		return nil, outbound.ErrUnavailable
	}
	answer, err := r.Fetcher.Get(ctx, address, accept)
	return answer.Body, err
}

// registeredRequestURI reports whether the client registered uri. Fragments are ignored: they only distinguish versions
// (OpenID Connect Core 6.2), and each request fetches the object again.
func (c *Client) registeredRequestURI(uri string) bool {
	plain, _, _ := strings.Cut(uri, "#")
	return slices.ContainsFunc(c.Metadata.RequestURIs, func(registered string) bool {
		registered, _, _ = strings.Cut(registered, "#")
		return registered == plain
	})
}

// fetchObject fetches a request object from an address that the client registered. Only clients of the profile
// certification have any (S-35).
func (r *Clients) fetchObject(ctx context.Context, uri string) (string, error) {
	plain, _, _ := strings.Cut(uri, "#")
	body, err := r.fetch(ctx, plain, "application/oauth-authz-req+jwt, application/jwt")
	object := strings.TrimSpace(string(body))
	if err == nil && object == "" { // must not pass for a request without one
		err = outbound.ErrUnavailable
	}
	return object, err
}
