package provider_test

import (
	"net/url"
	"strings"
	"testing"
)

// A member narrows all observations to some categories: the granted scopes say it, whatever form the app asked in, and the
// choice holds for the next request.
func TestNarrowedScopes(t *testing.T) {
	t.Parallel()
	all := ""
	for _, category := range []string{"laboratory", "vital-signs", "exam", "imaging", "procedure", "therapy", "survey", "activity", "social-history"} {
		all += categories + category + " "
	}
	all = strings.TrimSpace(all)
	for name, test := range map[string]struct {
		asked, granted string
		parts          string // ticked
	}{
		"some":               {"patient/Observation.rs", categories + "laboratory " + categories + "vital-signs", "laboratory vital_signs"},
		"every one":          {"patient/Observation.rs", all, "laboratory vital_signs exam imaging procedure therapy survey activity social_history"},
		"none":               {"patient/Observation.rs", "patient/Observation.rs", ""},
		"version 1":          {"patient/Observation.read", "patient/Observation.read", "laboratory"},
		"beside its part":    {"patient/Observation.rs " + categories + "survey " + categories + "laboratory", categories + "laboratory", "laboratory"},
		"with other filters": {"patient/Observation.rs?date=gt2020", strings.Replace(categories, "?", "?date=gt2020&", 1) + "laboratory", "laboratory"},
		"the whole record":   {"patient/*.rs", "patient/Condition.rs " + categories + "laboratory patient/DiagnosticReport.rs", "laboratory"},
	} {
		b := newBench(t, 2)
		id, secret := b.smartApp("openid launch/patient "+test.asked, nil)
		w := b.signedIn()
		ask := func() (page, string) {
			address, verifier := b.request(id, url.Values{"scope": {"openid launch/patient " + test.asked}, "aud": {fhir}})
			return w.get(address), verifier
		}
		p, verifier := ask()
		form := url.Values{"act": {"accept"}, "duration": {"30d"}, "group_patient_results": {"yes"}, "group_patient_conditions": {"yes"}}
		for _, part := range strings.Fields(test.parts) {
			if has := strings.Contains(p.body, `name="part_observation_`+part+`" type="checkbox" value="yes">`); has != (name != "version 1") {
				t.Errorf("%s: the page has an open box for %s: %t", name, part, has)
			}
			form.Set("part_observation_"+part, "yes")
		}
		tokens := b.redeem(id, secret, w.submit(p, form).wantCode(t), verifier)
		if got, want := tokens.text("scope"), "openid launch/patient "+test.granted; got != want {
			t.Errorf("%s: granted %q, want %q", name, got, want)
		}
		again, verifier := ask() // the choice was made
		if got, want := b.redeem(id, secret, again.wantCode(t), verifier).text("scope"), "openid launch/patient "+test.granted; got != want {
			t.Errorf("%s, once more: granted %q, want %q", name, got, want)
		}
	}
}
