package fhirdemo

import (
	"context"
	"maps"
	"slices"
)

// capabilities returns the CapabilityStatement. Its security names the provider's endpoints as SMART App Launch 1 did,
// for clients that do not read the SMART configuration.
func (s *Server) capabilities(ctx context.Context) (any, error) {
	c, err := s.smart(ctx)
	if err != nil {
		return nil, err
	}
	uri := func(name, address string) resource { return resource{"url": name, "valueUri": address} }
	var types []any
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		var search []any
		for _, name := range parameters[kind] {
			form := "token"
			if name == "patient" {
				form = "reference"
			}
			search = append(search, resource{"name": name, "type": form})
		}
		types = append(types, resource{"type": kind, "interaction": []any{resource{"code": "read"}, resource{"code": "search-type"}}, "searchParam": search})
	}
	return resource{
		"resourceType": "CapabilityStatement", "status": "active", "date": "2026-11-29", "kind": "instance", "fhirVersion": "4.0.1", "format": []any{"json"},
		"software":       resource{"name": "huskyidp demo"},
		"implementation": resource{"description": "Invented records of sample members", "url": s.options.BaseURL},
		"rest": []any{resource{"mode": "server", "resource": types, "security": resource{
			"cors":    true,
			"service": []any{concept("http://terminology.hl7.org/CodeSystem/restful-security-service", "SMART-on-FHIR", "SMART-on-FHIR")},
			"extension": []any{resource{"url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris", "extension": []any{
				uri("authorize", c.Authorize), uri("token", c.Token), uri("introspect", c.Introspect), uri("revoke", c.Revoke), uri("manage", c.Manage)}}},
		}}},
	}, nil
}
