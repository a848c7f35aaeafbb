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
		"a code alone":       {"patient/Observation.rs?category=laboratory", "patient/Observation.rs?category=laboratory", ""},
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
		form := url.Values{"act": {"accept"}, "duration": {"90d"}, "group_patient_results": {"yes"}, "group_patient_conditions": {"yes"}, "group_observation_laboratory": {"yes"}}
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

// A part that the app asks for by itself, after the member narrowed the whole, is a new question; a part without its group is one at
// once.
func TestPartsAskedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	id, secret := b.smartApp("openid launch/patient patient/Observation.rs", nil)
	w := b.signedIn()
	ask := func(scope string) (page, string) {
		address, verifier := b.request(id, url.Values{"scope": {"openid launch/patient " + scope}, "aud": {fhir}})
		return w.get(address), verifier
	}
	p, _ := ask("patient/Observation.rs")
	part := url.Values{"act": {"accept"}, "duration": {"90d"}, "part_observation_laboratory": {"yes"}}
	if p = w.submit(p, part); p.status != 422 || !strings.Contains(p.body, `name="part_observation_laboratory" type="checkbox" value="yes" checked`) {
		t.Fatalf("a part without its group: %d", p.status)
	}
	part.Set("group_patient_results", "yes")
	w.submit(p, part).wantCode(t)
	for _, scope := range []string{"patient/Observation.rs?category=laboratory", "patient/Observation.rs?code=4548-4", categories + "survey"} {
		if p, _ := ask(scope); p.url.Path != "/consent" {
			t.Errorf("%s: %s (%d), want the page", scope, p.url, p.status)
		}
	}
	last, verifier := ask("patient/Observation.rs")
	if got, want := b.redeem(id, secret, last.wantCode(t), verifier).text("scope"), "openid launch/patient "+categories+"laboratory"; got != want {
		t.Errorf("granted %q, want %q", got, want)
	}
}
