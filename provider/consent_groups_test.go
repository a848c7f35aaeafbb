package provider_test

import (
	"net/url"
	"strings"
	"testing"
)

const categories = "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|"

// TestGranularScopes: categories of observations are boxes of their own, in words; what is granted keeps its search
// parameters.
func TestGranularScopes(t *testing.T) {
	b := newBench(t, 4)
	id, secret := b.smartApp("openid launch/patient offline_access patient/Observation.rs patient/Condition.rs patient/Device.rs", nil)
	w := b.signedIn()
	ask := func(scope string) (page, string) {
		address, verifier := b.request(id, url.Values{"scope": {scope}, "aud": {fhir}})
		return w.get(address), verifier
	}
	const condition = "patient/Condition.rs?category=http://terminology.hl7.org/CodeSystem/condition-category|problem-list-item"
	asked := "openid launch/patient offline_access " + categories + "laboratory " + categories + "vital-signs " + condition + " patient/Device.r patient/Device.s?type=x"
	p, verifier := ask(asked)
	if got, want := strings.Join(p.boxes(), " "), "offline_access patient_conditions observation_laboratory observation_vital_signs patient_other_Device"; got != want {
		t.Errorf("boxes %s, want %s", got, want)
	}
	for _, words := range []string{"Sus análisis de laboratorio", "Sus signos vitales", "Son de usted, y de nadie más."} { // nobody may choose another person
		if !strings.Contains(p.body, words) {
			t.Errorf("the page lacks %q", words)
		}
	}
	back := w.submit(p, url.Values{"act": {"accept"}, "duration": {"90d"}, "group_offline_access": {"yes"}, "group_observation_laboratory": {"yes"}, "group_patient_conditions": {"yes"}})
	tokens := b.redeem(id, secret, back.wantCode(t), verifier)
	if got, want := tokens.text("scope"), "openid launch/patient offline_access "+categories+"laboratory "+condition; got != want {
		t.Errorf("granted %q, want %q", got, want)
	}
	access, _ := b.verified(tokens.text("access_token"))
	if access["scope"] != tokens.text("scope") {
		t.Errorf("the access token says %v", access["scope"])
	}
	again, _ := ask(asked) // both were decided
	again.wantCode(t)
	wide, verifier := ask("openid launch/patient patient/Observation.rs " + categories + "laboratory") // more than was allowed
	if got, want := strings.Join(wide.boxes(), " "), "patient_results"; got != want {
		t.Errorf("boxes %s, want %s", got, want)
	}
	back = w.submit(wide, url.Values{"act": {"accept"}, "duration": {"90d"}, "group_patient_results": {"yes"}})
	if got, want := b.redeem(id, secret, back.wantCode(t), verifier).text("scope"), "openid launch/patient patient/Observation.rs "+categories+"laboratory"; got != want {
		t.Errorf("granted %q, want %q", got, want)
	}
	part, verifier := ask("openid launch/patient " + categories + "survey") // a part of what was allowed
	if got, want := b.redeem(id, secret, part.wantCode(t), verifier).text("scope"), "openid launch/patient "+categories+"survey"; got != want {
		t.Errorf("granted %q, want %q", got, want)
	}
	narrow, _ := b.smartApp("openid launch/patient "+categories+"laboratory", nil)
	for scope, code := range map[string]string{"patient/Observation.rs": "invalid_scope", categories + "survey": "invalid_scope", categories + "laboratory&date=gt2020": ""} {
		address, _ := b.request(narrow, url.Values{"scope": {"openid " + scope}, "aud": {fhir}})
		p := w.get(address)
		if code == "" && p.url.Path != "/consent" || code != "" && (p.location == nil || p.location.Query().Get("error") != code) {
			t.Errorf("%s: %s (%d) %v", scope, p.url, p.status, p.location)
		}
	}
}
