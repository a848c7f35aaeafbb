package fhirdemo

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// parameters are the search parameters of each type, in the order of metadata.
var parameters = map[string][]string{
	"Patient":              {"_id"},
	"RelatedPerson":        {"_id", "patient"},
	"Coverage":             {"_id", "patient"},
	"ExplanationOfBenefit": {"_id", "patient", "type"},
	"Observation":          {"_id", "patient", "category", "code"},
}

// records returns the resources of a type that a token is about: of its patient, or, for a service, of everyone.
func (s *Server) records(ctx context.Context, a access, kind string) ([]resource, error) {
	var people []Person
	if a.Patient == "" {
		var err error
		if people, err = s.options.Source.Everyone(ctx); err != nil {
			return nil, err
		}
	} else {
		person, found, err := s.options.Source.Person(ctx, a.Patient)
		if err != nil {
			return nil, err
		}
		if found {
			people = []Person{person}
		}
	}
	var all []resource
	for _, person := range people {
		all = append(all, person.records(kind, s.options.Now())...)
	}
	return all, nil
}

// read returns one resource.
func (s *Server) read(ctx context.Context, a access, kind, id string) (any, error) {
	scopes, err := a.reading(kind, toRead)
	if err != nil {
		return nil, err
	}
	if kind == "Patient" {
		if err := a.onlyOf(id); err != nil {
			return nil, err
		}
	}
	all, err := s.records(ctx, a, kind)
	if err != nil {
		return nil, err
	}
	for _, r := range visible(scopes, all) {
		if r["id"] == id {
			return r, nil
		}
	}
	return nil, notFound("There is no such resource in what the access token opens.")
}

// search returns a Bundle. Parameters that this server does not know are ignored and missing from the self link (FHIR R4
// 3.1.1.4).
func (s *Server) search(ctx context.Context, a access, kind string, query url.Values) (any, error) {
	scopes, err := a.reading(kind, toSearch)
	if err != nil {
		return nil, err
	}
	used := url.Values{}
	for name, values := range query {
		if slices.Contains(parameters[kind], name) {
			used[name] = values
		}
	}
	named := used["patient"]
	if kind == "Patient" {
		named = used["_id"]
	}
	for _, value := range named {
		if err := a.onlyOf(strings.TrimPrefix(value, "Patient/")); err != nil {
			return nil, err
		}
	}
	all, err := s.records(ctx, a, kind)
	if err != nil {
		return nil, err
	}
	entries := []any{}
	for _, r := range visible(scopes, all) {
		if (scope{query: used}).includes(r) {
			entries = append(entries, map[string]any{"fullUrl": s.options.BaseURL + "/" + kind + "/" + r["id"].(string), "resource": r, "search": resource{"mode": "match"}})
		}
	}
	self := s.options.BaseURL + "/" + kind
	if len(used) > 0 {
		self += "?" + used.Encode()
	}
	return resource{"resourceType": "Bundle", "type": "searchset", "total": len(entries),
		"link": []any{resource{"relation": "self", "url": self}}, "entry": entries}, nil
}

// onlyOf refuses a request that names another patient than the token's, whether or not there is one.
func (a access) onlyOf(patient string) error {
	if a.Patient == "" || a.Patient == patient {
		return nil
	}
	return &refusal{http.StatusForbidden, "forbidden", "The access token is for another patient.", ""}
}

// matches reports whether the resource has one of the values of a search parameter, which are separated by commas.
func (r resource) matches(name, value string) (matches, known bool) {
	if !slices.Contains(parameters[r["resourceType"].(string)], name) {
		return false, false
	}
	return slices.ContainsFunc(strings.Split(value, ","), func(one string) bool {
		switch name {
		case "_id":
			return r["id"] == one
		case "patient":
			return r.patient() == strings.TrimPrefix(one, "Patient/")
		default:
			return r.coded(name, one)
		}
	}), true
}

// coded reports whether a CodeableConcept of the resource, or a list of them, has the code: system|code or code.
func (r resource) coded(name, value string) bool {
	concepts, list := r[name].([]any)
	if !list {
		concepts = []any{r[name]}
	}
	system, code, qualified := strings.Cut(value, "|")
	if !qualified {
		code = value
	}
	return slices.ContainsFunc(concepts, func(one any) bool {
		concept, _ := one.(resource)
		codings, _ := concept["coding"].([]any)
		return slices.ContainsFunc(codings, func(one any) bool {
			coding := one.(resource)
			return coding["code"] == code && (!qualified || coding["system"] == system)
		})
	})
}
