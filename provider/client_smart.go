package provider

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// SmartMetadata are the members of a service that is a FHIR server, whose resource_server lists its base addresses, and
// of a portal that launches apps. The brand members are those of SMART App Launch 2.2, "User-access Brands".
type SmartMetadata struct {
	FHIRServer      string           `json:"fhir_server,omitempty"`     // short name, unique; part of the address of its smart-configuration
	SmartStyleURL   string           `json:"smart_style_url,omitempty"` // given to the apps that it launches
	BrandBundle     string           `json:"user_access_brand_bundle,omitempty"`
	BrandIdentifier *BrandIdentifier `json:"user_access_brand_identifier,omitempty"`
	SmartLaunch     []string         `json:"smart_launch,omitempty"` // FHIR servers, by name, for which it may launch apps
}

// BrandIdentifier names the server's primary entry in its brand bundle (FHIR Identifier).
type BrandIdentifier struct {
	System string `json:"system,omitempty"`
	Value  string `json:"value"`
}

var serverName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// checkFHIRServer checks the members of SmartMetadata. Whether the name is taken is checked by the statement that
// stores it.
func (m *Metadata) checkFHIRServer(insecureLocal bool) error {
	for _, name := range m.SmartLaunch {
		if !serverName.MatchString(name) {
			return &MetadataError{"smart_launch", fmt.Sprintf("%q is not the fhir_server of a client", name)}
		}
	}
	if len(m.SmartLaunch) > 0 && m.TokenEndpointAuthMethod == "none" {
		return &MetadataError{"smart_launch", "is for clients that authenticate"}
	}
	if m.FHIRServer == "" {
		if m.SmartStyleURL != "" || m.BrandBundle != "" || m.BrandIdentifier != nil {
			return &MetadataError{"fhir_server", "is needed: smart_style_url and user_access_brand_* describe a FHIR server"}
		}
		return nil
	}
	switch {
	case !serverName.MatchString(m.FHIRServer):
		return &MetadataError{"fhir_server", "is a name of 1 to 40 characters of a-z, 0-9 and -, which begins and ends with a letter or digit"}
	case m.Profile != ProfileService:
		return &MetadataError{"fhir_server", `needs the profile "service"`}
	case len(m.ResourceServer) == 0:
		return &MetadataError{"resource_server", "is needed: the base addresses of the FHIR server"}
	case m.BrandIdentifier != nil && (m.BrandIdentifier.Value == "" || m.BrandBundle == ""):
		return &MetadataError{"user_access_brand_identifier", "has a value, and comes with user_access_brand_bundle"}
	}
	for _, base := range m.ResourceServer {
		rule := redirectURIRule(base, insecureLocal)
		if rule == "" && strings.Contains(base, "?") {
			rule = "has a query"
		}
		if rule != "" {
			return &MetadataError{"resource_server", fmt.Sprintf("%q %s", base, rule)}
		}
	}
	return nil
}

// AsksForRecord reports whether scopes are those of an app of SMART App Launch.
func AsksForRecord(scopes []string) bool {
	return slices.ContainsFunc(scopes, func(scope string) bool {
		return strings.HasPrefix(scope, "patient/") || strings.HasPrefix(scope, "launch") || scope == "fhirUser"
	})
}

// checkServerName returns an error if another client has this one's fhir_server. The caller has raised the registry's
// version in the same transaction, which allows one change at a time.
func (r *Clients) checkServerName(ctx context.Context, c *Client) error {
	if c.Metadata.FHIRServer == "" {
		return nil
	}
	var taken bool
	err := r.DB.From(ctx).QueryRow(ctx, `select exists (select from clients where metadata ->> 'fhir_server' = $1 and client_id <> $2)`,
		c.Metadata.FHIRServer, c.ID).Scan(&taken)
	if err == nil && taken {
		return &MetadataError{"fhir_server", "is the name of another client"}
	}
	return err
}
