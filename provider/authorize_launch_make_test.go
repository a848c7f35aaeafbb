package provider_test

import (
	"net/url"
	"strings"
	"testing"

	"huskyidp/provider"
)

// TestMakeLaunch are the rules of /smart/launch; each wrong request makes nothing.
func TestMakeLaunch(t *testing.T) {
	l := newLaunchBench(t)
	standalone, _ := l.smartApp("openid launch/patient", nil)
	elsewhere, _ := l.smartApp(launchScope, func(m *provider.Metadata) { m.Audience = []string{"https://two.example/r4"} })
	plain, _ := l.client(nil)
	for name, change := range map[string]url.Values{
		"no app":                  {"app": nil},
		"an unknown app":          {"app": {"nobody"}},
		"an app without launch":   {"app": {standalone}},
		"an app of another kind":  {"app": {plain}},
		"an app of other records": {"app": {elsewhere}},
		"another server":          {"aud": {"https://two.example/r4"}},
		"no patient":              {"patient": nil},
		"a member number":         {"patient": {"012345678"}},
		"an unknown patient":      {"patient": {"00000000-0000-4000-8000-000000000000"}},
		"encounter":               {"encounter": {"Encounter/1"}},
		"a long intent":           {"intent": {strings.Repeat("x", 129)}},
		"an intent of words":      {"intent": {"two words"}},
		"banner":                  {"need_patient_banner": {"yes"}},
		"fhirContext, text":       {"fhirContext": {"ImagingStudy/1"}},
		"fhirContext, an object":  {"fhirContext": {`{"reference":"ImagingStudy/1"}`}},
		"fhirContext, empty":      {"fhirContext": {`[]`}},
		"fhirContext, nothing":    {"fhirContext": {`[{}]`}},
		"fhirContext, a patient":  {"fhirContext": {`[{"reference":"Patient/1"}]`}},
		"fhirContext, twice":      {"fhirContext": {`[{"reference":"A/1","reference":"Patient/1"}]`}},
		"fhirContext, deep":       {"fhirContext": {`[{"identifier":` + strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat(`}`, 40) + `}]`}},
		"fhirContext, long":       {"fhirContext": {`[{"reference":"` + strings.Repeat("x", 4<<10) + `"}]`}},
	} {
		if status, body := l.made(change); status != 400 || body["error"] != "invalid_request" || body["error_description"] == "" {
			t.Errorf("%s: %d %v", name, status, body)
		}
	}
	if status, body := l.made(url.Values{"aud": {fhir + "/"}, "encounter": nil, "intent": nil, "fhirContext": nil, "need_patient_banner": nil}); status != 201 {
		t.Errorf("the least: %d %v", status, body)
	}
	ask := func(id, secret string, change url.Values) (int, string) {
		fields := url.Values{"app": {l.app}, "patient": {l.account.MemberID.String()}}
		for name, values := range change {
			fields[name] = values
		}
		status, _, body := l.post("/smart/launch", id, secret, fields)
		return status, body
	}
	portal := func(change func(*provider.Metadata)) (string, string) { return l.client(change) }
	allowed, allowedSecret := portal(func(m *provider.Metadata) { m.SmartLaunch = []string{"records", "unknown"} })
	if status, body := ask(allowed, allowedSecret, nil); status != 201 {
		t.Errorf("a portal that may: %d %s", status, body)
	}
	other, otherSecret := portal(func(m *provider.Metadata) { m.SmartLaunch = []string{"unknown"} })
	public, _ := portal(func(m *provider.Metadata) { m.TokenEndpointAuthMethod = "none" })
	for name, test := range map[string]struct {
		id, secret string
		status     int
		code       string
	}{
		"a portal that may elsewhere": {other, otherSecret, 400, "unauthorized_client"},
		"the app itself":              {l.app, l.appSecret, 400, "unauthorized_client"},
		"a public client":             {public, "", 401, "invalid_client"},
		"a wrong secret":              {l.server, "wrong", 401, "invalid_client"},
	} {
		if status, body := ask(test.id, test.secret, nil); status != test.status || !strings.Contains(body, test.code) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	two, twoSecret := l.fhirServer("two", func(m *provider.Metadata) { m.ResourceServer = []string{"https://two.example/r4", fhir + "/v5"} })
	if status, _ := ask(two, twoSecret, url.Values{"app": {elsewhere}}); status != 400 {
		t.Errorf("one of two servers without aud: %d", status)
	}
	if status, body := ask(two, twoSecret, url.Values{"app": {elsewhere}, "aud": {"https://two.example/r4"}}); status != 201 || !strings.Contains(body, "two.example") {
		t.Errorf("one of two servers: %d %s", status, body)
	}
	for name, change := range map[string]func(*provider.Metadata){
		"a public launcher": func(m *provider.Metadata) { m.SmartLaunch, m.TokenEndpointAuthMethod = []string{"records"}, "none" },
		"an address":        func(m *provider.Metadata) { m.SmartLaunch = []string{fhir} },
	} {
		m := provider.Metadata{ClientName: "x", RedirectURIs: []string{callback}}
		change(&m)
		if _, _, err := l.clients.Create(t.Context(), "", m); err == nil || !strings.HasPrefix(err.Error(), "smart_launch:") {
			t.Errorf("%s: %v", name, err)
		}
	}
	var text string
	must(t, l.db.From(t.Context()).QueryRow(t.Context(), `select string_agg(s::text, ' ') from smart_launches s`).Scan(&text))
	if strings.Contains(text, "enc-1") || strings.Contains(text, "summary") {
		t.Errorf("the context is stored in the clear: %s", text)
	}
}
