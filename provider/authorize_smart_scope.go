package provider

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// recordScope is a scope on the resources of a type (SMART App Launch 2.2, "Scopes and Launch Context"):
// patient/Observation.rs, or in version 1 patient/Observation.read, of one patient's record, and system/Observation.rs
// of what a service may read. Search parameters narrow it: patient/Observation.rs?category=…|laboratory.
type recordScope struct {
	whose   string   // patient or system
	kind    string   // resource type, "*" for all
	actions string   // of "cruds", in that order
	query   []string // name=value as sent, all of which apply; nil for none
	first   bool     // written as in version 1, which has no search parameters
}

const (
	ofPatient = "patient"
	ofSystem  = "system"
)

var (
	recordPattern = regexp.MustCompile(`^(patient|system)/(\*|[A-Z][A-Za-z]{1,63})\.(read|write|\*|c?r?u?d?s?)(?:\?(.{1,500}))?$`)
	searchPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.:-]*=[!#-%'-\[\]-~]+$`) // without & and what no scope may have (RFC 6749 3.3)
	firstVersion  = map[string]string{"read": "rs", "write": "cud", "*": "cruds"}
)

// parseRecordScope reads a scope. Only those of version 2 on one type can have search parameters.
func parseRecordScope(scope string) (recordScope, bool) {
	m := recordPattern.FindStringSubmatch(scope)
	if m == nil || m[3] == "" {
		return recordScope{}, false
	}
	r := recordScope{whose: m[1], kind: m[2], actions: m[3]}
	actions, old := firstVersion[r.actions]
	if r.first = old; old {
		r.actions = actions
	}
	if m[4] == "" {
		return r, true
	}
	r.query = strings.Split(m[4], "&")
	return r, !old && r.kind != "*" && !slices.ContainsFunc(r.query, func(part string) bool { return !searchPattern.MatchString(part) })
}

// covers reports whether r includes all of other. A scope with search parameters covers only those that have the same
// and maybe more.
func (r recordScope) covers(other recordScope) bool {
	return r.whose == other.whose && (r.kind == "*" || r.kind == other.kind) &&
		!strings.ContainsFunc(other.actions, func(action rune) bool { return !strings.ContainsRune(r.actions, action) }) &&
		!slices.ContainsFunc(r.query, func(part string) bool { return !slices.Contains(other.query, part) })
}

// changes reports whether it lets an app do more than read.
func (r recordScope) changes() bool { return strings.ContainsAny(r.actions, "cud") }

// observationCategories are those of http://terminology.hl7.org/CodeSystem/observation-category.
var observationCategories = []string{"laboratory", "vital-signs", "exam", "imaging", "procedure", "therapy", "survey", "activity", "social-history"}

const categorySystem = "http://terminology.hl7.org/CodeSystem/observation-category"

// category returns the category of observations to which the scope is restricted, "" if it is not, or not to a known
// one.
func (r recordScope) category() string {
	if r.kind != "Observation" {
		return ""
	}
	for _, part := range r.query {
		value, found := strings.CutPrefix(part, "category=")
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		code := strings.TrimPrefix(value, categorySystem+"|") // a code alone is of any system
		if found && slices.Contains(observationCategories, code) {
			return code
		}
	}
	return ""
}

// isSystemScope reports whether a scope is a system/ scope: about what a service may read, not one patient's record.
func isSystemScope(scope string) bool {
	r, ok := parseRecordScope(scope)
	return ok && r.whose == ofSystem
}

// inPatientRecord reports whether a scope is on one patient's record.
func inPatientRecord(scope string) bool {
	r, ok := parseRecordScope(scope)
	return ok && r.whose == ofPatient
}

// coversScope reports whether scopes include the one, by name or, in the record, by a wider one.
func coversScope(scopes []string, one string) bool {
	if slices.Contains(scopes, one) {
		return true
	}
	asked, ok := parseRecordScope(one)
	return ok && slices.ContainsFunc(scopes, func(scope string) bool {
		wide, ok := parseRecordScope(scope)
		return ok && wide.covers(asked)
	})
}
