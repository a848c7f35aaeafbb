package fhirdemo

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// scope is a SMART scope on resources: patient/Observation.rs?category=laboratory, patient/*.read, system/Patient.s.
type scope struct {
	kind    string     // "*" for any
	actions string     // of "cruds"
	query   url.Values // search parameters that a resource must match
}

// scopesOf returns the scopes of a token that concern whose records: patient or system. user/ is not supported.
func scopesOf(text, whose string) (all []scope) {
	for word := range strings.FieldsSeq(text) {
		rest, ok := strings.CutPrefix(word, whose+"/")
		if !ok {
			continue
		}
		rest, search, searched := strings.Cut(rest, "?")
		kind, actions, _ := strings.Cut(rest, ".")
		switch actions { // of version 1
		case "read":
			actions = "rs"
		case "write":
			actions = "cud"
		case "*":
			actions = "cruds"
		}
		query, err := url.ParseQuery(search)
		if err != nil || searched && len(query) == 0 {
			continue
		}
		all = append(all, scope{kind, actions, query})
	}
	return all
}

const (
	toRead   = "r"
	toSearch = "s"
)

// reading are the scopes of a token that let it read or search a type. The error is the 403 of a token without any (RFC
// 6750 3.1).
func (a access) reading(kind, action string) ([]scope, error) {
	whose := "patient"
	if a.Patient == "" {
		whose = "system"
	}
	scopes := slices.DeleteFunc(scopesOf(a.Scope, whose), func(s scope) bool {
		return s.kind != kind && s.kind != "*" || !strings.Contains(s.actions, action)
	})
	if len(scopes) > 0 {
		return scopes, nil
	}
	needed := fmt.Sprintf("%s/%s.%s", whose, kind, action)
	return nil, &refusal{http.StatusForbidden, "forbidden", "The access token lacks the scope " + needed + ".",
		fmt.Sprintf(`Bearer realm="fhir", error="insufficient_scope", scope="%s"`, needed)}
}

// includes reports whether a resource matches the search parameters of the scope. A parameter that this server does not
// know matches nothing.
func (s scope) includes(r resource) bool {
	for name, values := range s.query {
		for _, value := range values {
			if matches, known := r.matches(name, value); !known || !matches {
				return false
			}
		}
	}
	return true
}

// visible returns the resources that at least one of the scopes includes.
func visible(scopes []scope, all []resource) []resource {
	return slices.DeleteFunc(slices.Clone(all), func(r resource) bool {
		return !slices.ContainsFunc(scopes, func(s scope) bool { return s.includes(r) })
	})
}
