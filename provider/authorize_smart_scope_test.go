package provider

import "testing"

const laboratory = "category=" + categorySystem + "|laboratory"

// TestRecordScopes: which scopes are read, and which a scope covers.
func TestRecordScopes(t *testing.T) {
	for scope, known := range map[string]bool{
		"patient/Observation.rs": true, "patient/*.cruds": true, "patient/*.*": true, "patient/Patient.read": true, "system/Group.r": true,
		"patient/Observation.rs?" + laboratory: true, "patient/Observation.rs?a=b&c=d": true, "patient/Observation.rs?code:in=http://x.example/v": true,
		"patient/Observation.rs?_id=1": true, "patient/Observation.rs?a=b%26c": true,
		"patient/Observation.": false, "patient/Observation.sr": false, "user/Observation.rs": false, "patient/observation.rs": false, "patient/Observation": false,
		"patient/Observation.rs?": false, "patient/Observation.rs?a": false, "patient/Observation.rs?a=": false, "patient/Observation.rs?=b": false,
		"patient/Observation.rs?a=b&": false, "patient/Observation.rs?a=b&&c=d": false, "patient/Observation.rs?a=b\"": false, "patient/Observation.rs?a=b\\": false,
		"patient/Observation.read?a=b": false, "patient/*.rs?a=b": false, "patient/Observation.*?a=b": false,
	} {
		if _, ok := parseRecordScope(scope); ok != known {
			t.Errorf("%s is read: %v", scope, ok)
		}
	}
	for _, test := range []struct {
		wide, narrow string
		covers, back bool
	}{
		{"patient/Observation.rs", "patient/Observation.rs?" + laboratory, true, false},
		{"patient/*.rs", "patient/Observation.rs?" + laboratory, true, false},
		{"patient/Observation.read", "patient/Observation.r?a=b", true, false},
		{"patient/Observation.rs?a=b", "patient/Observation.r?c=d&a=b", true, false},
		{"patient/Observation.rs?a=b&c=d", "patient/Observation.rs?c=d&a=b", true, true},
		{"patient/Observation.r?a=b", "patient/Observation.rs?a=b", false, true},
		{"patient/Observation.rs?a=b", "patient/Observation.rs?a=B", false, false},
		{"patient/Condition.rs?a=b", "patient/Observation.rs?a=b", false, false},
		{"patient/Observation.rs", "system/Observation.rs", false, false},
		{"system/*.rs", "system/Observation.rs", true, false},
	} {
		if got := coversScope([]string{test.wide}, test.narrow); got != test.covers {
			t.Errorf("%s covers %s: %v", test.wide, test.narrow, got)
		}
		if got := coversScope([]string{test.narrow}, test.wide); got != test.back {
			t.Errorf("%s covers %s: %v", test.narrow, test.wide, got)
		}
	}
	for scope, category := range map[string]string{
		"patient/Observation.rs?" + laboratory: "laboratory", "patient/Observation.rs?date=gt2020&" + laboratory: "laboratory",
		"patient/Observation.rs?category=http%3A%2F%2Fterminology.hl7.org%2FCodeSystem%2Fobservation-category%7Cvital-signs": "vital-signs",
		"patient/Observation.rs?category=laboratory": "laboratory", "patient/Observation.rs?category=other": "", "patient/Observation.rs?category=" + categorySystem + "|other": "",
		"patient/Condition.rs?" + laboratory: "", "patient/Observation.rs?x" + laboratory: "",
	} {
		if r, ok := parseRecordScope(scope); !ok || r.category() != category {
			t.Errorf("%s is of %q, %v", scope, r.category(), ok)
		}
	}
}
