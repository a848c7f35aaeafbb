package provider

import (
	"slices"
	"strings"
)

// consentGroup is one kind of data on the consent page.
type consentGroup struct {
	Key       string // of its texts: scope.<Key>.label and .hint
	ID        string // the form's field; "" if a sign-in needs it
	Name      string // of a resource type that has no texts of its own
	Sensitive bool   // may reveal what a member would rather keep private; listed last
	Changes   bool   // the app may also change this data
	Ticked    bool
	New       bool
	Parts     []consentGroup // categories to which the member may limit it
	scopes    []string
}

// scopeWords are the text keys of the scopes that are not about the record.
var scopeWords = map[string]string{"openid": "openid", "profile": "profile", "email": "email", "husky.member": "member",
	"offline_access": "offline_access", scopeLaunchPatient: "launch_patient", scopeLaunch: "launch_patient", scopeFHIRUser: "launch_patient"}

// needed are the scopes without which a sign-in makes no sense; they have no checkbox.
var needed = []string{"openid", scopeLaunchPatient, scopeLaunch, scopeFHIRUser}

type recordGroup struct {
	key       string
	sensitive bool
	kinds     []string
}

// recordGroups lists the FHIR resource types in the order of the page.
var recordGroups = []recordGroup{
	{"patient_person", false, []string{"Patient", "RelatedPerson"}},
	{"patient_coverage", false, []string{"Coverage"}},
	{"patient_allergies", false, []string{"AllergyIntolerance"}},
	{"patient_immunizations", false, []string{"Immunization"}},
	{"patient_providers", false, []string{"Practitioner", "Organization", "Location"}},
	{"patient_claims", true, []string{"ExplanationOfBenefit", "Claim", "ClaimResponse"}},
	{"patient_conditions", true, []string{"Condition"}},
	{"patient_medications", true, []string{"MedicationRequest", "MedicationDispense", "Medication"}},
	{"patient_results", true, []string{"Observation", "DiagnosticReport"}},
	{"patient_care", true, []string{"Encounter", "Procedure", "CarePlan", "CareTeam", "Goal"}},
	{"patient_documents", true, []string{"DocumentReference", "Binary", "QuestionnaireResponse"}},
}

// groupsOf groups the scopes that an app requests by kind of data: plain ones in the app's order, then the record's,
// sensitive ones last.
func groupsOf(asked []string) []consentGroup {
	var groups []consentGroup
	for _, scope := range asked {
		key, plain := scopeWords[scope]
		if !plain || slices.ContainsFunc(groups, func(g consentGroup) bool { return g.Key == key }) {
			continue
		}
		g := consentGroup{Key: key, scopes: []string{scope}}
		if !slices.Contains(needed, scope) {
			g.ID = "group_" + key
		}
		groups = append(groups, g)
	}
	for _, kinds := range recordGroups {
		g := consentGroup{Key: kinds.key, ID: "group_" + kinds.key, Sensitive: kinds.sensitive}
		for _, scope := range asked {
			record, ok := parseRecordScope(scope)
			switch {
			case !ok || ownCategory(asked, record) != "":
				continue
			case record.kind == "*":
				for _, kind := range kinds.kinds {
					g.scopes = append(g.scopes, strings.Replace(scope, "*", kind, 1))
				}
			case slices.Contains(kinds.kinds, record.kind):
				g.scopes = append(g.scopes, scope)
			default:
				continue
			}
			g.Changes = g.Changes || record.changes()
		}
		if g.scopes != nil {
			g.Parts = partsOf(g.scopes)
			groups = append(groups, g)
		}
		if slices.Contains(kinds.kinds, "Observation") {
			groups = append(groups, categoryGroups(asked)...)
		}
	}
	return append(groups, otherGroups(asked)...)
}

// ownCategory returns the category of observations under which a scope is shown. It is "" if the scope names none, or
// if the app also asks for a scope without a category that covers it.
func ownCategory(asked []string, record recordScope) string {
	wider := func(scope string) bool {
		other, ok := parseRecordScope(scope)
		return ok && other.category() == "" && other.covers(record)
	}
	if slices.ContainsFunc(asked, wider) {
		return ""
	}
	return record.category()
}

// categoryGroups are the categories of observations that the app asks for by themselves, in the order of the page.
func categoryGroups(asked []string) (groups []consentGroup) {
	for _, category := range observationCategories {
		key := categoryKey(category)
		g := consentGroup{Key: key, ID: "group_" + key, Sensitive: true}
		for _, scope := range asked {
			if record, ok := parseRecordScope(scope); ok && ownCategory(asked, record) == category {
				g.scopes, g.Changes = append(g.scopes, scope), g.Changes || record.changes()
			}
		}
		if g.scopes != nil {
			groups = append(groups, g)
		}
	}
	return groups
}

const otherKind = "patient_other"

// otherGroups are the resource types that have no texts of their own.
func otherGroups(asked []string) (groups []consentGroup) {
	for _, scope := range asked {
		record, ok := parseRecordScope(scope)
		known := slices.ContainsFunc(recordGroups, func(g recordGroup) bool { return slices.Contains(g.kinds, record.kind) })
		if !ok || record.kind == "*" || known {
			continue
		}
		i := slices.IndexFunc(groups, func(g consentGroup) bool { return g.Name == record.kind })
		if i < 0 {
			i = len(groups)
			groups = append(groups, consentGroup{Key: otherKind, ID: "group_" + otherKind + "_" + record.kind, Name: record.kind, Sensitive: true})
		}
		groups[i].Changes = groups[i].Changes || record.changes()
		groups[i].scopes = append(groups[i].scopes, scope)
	}
	return groups
}

// asksForAll reports whether an app requests the whole record.
func asksForAll(asked []string) bool {
	return slices.ContainsFunc(asked, func(scope string) bool {
		record, ok := parseRecordScope(scope)
		return ok && record.kind == "*"
	})
}

// allowed returns the scopes of the groups that stayed ticked. A scope on the whole record, or on all observations, is kept
// only if none of its parts was left out.
func allowed(asked []string, groups []consentGroup) []string {
	var ticked, unticked []string
	for _, g := range groups {
		if g.ID == "" || g.Ticked {
			kept, left := g.narrowed()
			ticked, unticked = append(ticked, kept...), append(unticked, left...)
		} else {
			unticked = append(unticked, g.scopes...)
		}
	}
	scopes := []string{}
	for _, scope := range asked {
		record, inRecord := parseRecordScope(scope)
		within := func(one string) bool {
			part, ok := parseRecordScope(one)
			return ok && record.covers(part)
		}
		switch {
		case slices.Contains(needed, scope), slices.Contains(ticked, scope), inRecord && record.kind == "*" && !slices.ContainsFunc(unticked, within):
			scopes = append(scopes, scope)
		case inRecord:
			for _, one := range ticked {
				if within(one) && !slices.Contains(scopes, one) {
					scopes = append(scopes, one)
				}
			}
		}
	}
	return scopes
}
