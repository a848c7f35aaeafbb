package provider_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"huskyidp/provider"
)

const fhir = "https://fhir.example/r4"

func (b *bench) smartApp(scope string, change func(*provider.Metadata)) (id, secret string) {
	b.t.Helper()
	return b.client(func(m *provider.Metadata) {
		m.Profile, m.OperatorName, m.ClientName = provider.ProfileSmart, "Diario S. A.", "Mi Diario"
		m.Audience, m.Scope = []string{fhir}, strings.Fields(scope)
		if change != nil {
			change(m)
		}
	})
}

// boxes are the fields of a consent page, in order.
func (p page) boxes() []string {
	var names []string
	for _, m := range regexp.MustCompile(`<input id="(group_\w+)"`).FindAllStringSubmatch(p.body, -1) {
		names = append(names, strings.TrimPrefix(m[1], "group_"))
	}
	return names
}

// TestSmartLaunch follows SMART App Launch 2.2: standalone launch with patient context,
// consent by kinds of data, a token for the FHIR server alone.
func TestSmartLaunch(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.smartApp("openid fhirUser launch/patient offline_access profile patient/*.rs", nil)
	w := b.signedIn()
	ask := func(scope string) (page, string) {
		address, verifier := b.request(id, url.Values{"scope": {scope}, "aud": {fhir}})
		return w.get(address), verifier
	}
	p, verifier := ask("openid fhirUser launch/patient offline_access patient/Observation.rs patient/Patient.read patient/Coverage.rs patient/Claim.s patient/ExplanationOfBenefit.rs patient/Device.rs")
	if p.url.Path != "/consent" {
		t.Fatalf("led to %s (%d)\n%s", p.url, p.status, p.body)
	}
	want := "offline_access patient_person patient_coverage patient_claims patient_results patient_other_Device"
	if got := strings.Join(p.boxes(), " "); got != want {
		t.Errorf("boxes %s, want %s", got, want)
	}
	for _, words := range []string{say("scope.launch_patient.label"), say("scope.sensitive.title"), "Otros datos de su expediente: Device", say("scope.patient_claims.label")} {
		if !strings.Contains(p.body, words) {
			t.Errorf("the page lacks %q", words)
		}
	}
	if at := strings.Index(p.body, say("scope.sensitive.title")); at < strings.Index(p.body, "group_patient_coverage") || at > strings.Index(p.body, "group_patient_claims") {
		t.Error("sensitive data are not last under their title")
	}
	back := w.submit(p, url.Values{"act": {"accept"}, "duration": {"90d"}, "group_offline_access": {"yes"}, "group_patient_person": {"yes"}, "group_patient_claims": {"yes"}})
	tokens := b.redeem(id, secret, back.location.Query().Get("code"), verifier)
	tokens.want(t, 200, "")
	if got, want := tokens.text("scope"), "openid fhirUser launch/patient offline_access patient/Patient.read patient/Claim.s patient/ExplanationOfBenefit.rs"; got != want {
		t.Errorf("granted %q, want %q", got, want)
	}
	member := b.account.MemberID.String()
	access, _ := b.verified(tokens.text("access_token"))
	idToken, _ := b.verified(tokens.text("id_token"))
	if tokens.text("patient") != member || access["aud"] != fhir || access["patient"] != member || idToken["fhirUser"] != fhir+"/Patient/"+member ||
		access["sub"] == b.account.Subject || idToken["sub"] != access["sub"] {
		t.Errorf("answer %v\naccess token %v\nID token %v", tokens.body, access, idToken)
	}
	if text, err := json.Marshal([]any{tokens.body, access, idToken}); err != nil || strings.Contains(string(text), "012345678") {
		t.Errorf("the member number is released: %s", text)
	}
	b.userinfo(tokens.text("access_token")).want(t, 401, "invalid_token") // it is the FHIR server's
	again := b.refresh(id, secret, tokens.text("refresh_token"))
	if again.want(t, 200, ""); again.text("patient") != member {
		t.Errorf("refreshed %v", again.body)
	}
	narrow := b.token(id, secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {again.text("refresh_token")}, "scope": {"patient/ExplanationOfBenefit.r"}})
	if narrow.want(t, 200, ""); narrow.text("scope") != "patient/ExplanationOfBenefit.r" {
		t.Errorf("narrowed to %v", narrow.body)
	}

	wide, verifier := ask("openid launch/patient patient/*.rs")
	if wide.url.Path != "/consent" || !strings.Contains(wide.body, "La aplicación pide todo lo que hay en su expediente") || len(wide.boxes()) != 11 {
		t.Fatalf("the whole record: %s, boxes %v", wide.url, wide.boxes())
	}
	back = w.submit(wide, url.Values{"act": {"accept"}, "duration": {"90d"}, "group_patient_coverage": {"yes"}, "group_patient_medications": {"yes"}})
	part := b.redeem(id, secret, back.location.Query().Get("code"), verifier)
	if got, want := part.text("scope"), "openid launch/patient patient/Coverage.rs patient/MedicationRequest.rs patient/MedicationDispense.rs patient/Medication.rs"; got != want {
		t.Errorf("of the whole record %q, want %q", got, want)
	}
	same, verifier := ask("openid launch/patient patient/*.rs") // what was unticked is not asked again
	if same.location == nil {
		t.Fatalf("the same again led to %s", same.url)
	}
	if got := b.redeem(id, secret, same.location.Query().Get("code"), verifier).text("scope"); got != part.text("scope") {
		t.Errorf("the same again %q", got)
	}
	all, verifier := ask("openid launch/patient patient/*.rs patient/Device.r")
	_ = verifier
	if all.location == nil { // patient/*.rs was decided, and Device with it
		t.Errorf("a part of what was refused led to %s", all.url)
	}
}

// TestSmartRequests are the refusals: another server, scopes that were not registered.
func TestSmartRequests(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.smartApp("openid launch/patient patient/Observation.rs", nil)
	plain, _ := b.client(nil)
	w := b.signedIn()
	for name, test := range map[string]struct {
		client string
		change url.Values
		code   string // "" leads to /consent
	}{
		"good":                       {id, url.Values{"scope": {"openid launch/patient patient/Observation.r"}, "aud": {fhir}}, ""},
		"good with a slash":          {id, url.Values{"scope": {"openid patient/Observation.read"}, "aud": {fhir + "/"}}, ""},
		"without aud":                {id, url.Values{"scope": {"openid patient/Observation.rs"}}, "invalid_request"},
		"another server":             {id, url.Values{"scope": {"openid patient/Observation.rs"}, "aud": {"https://evil.example/r4"}}, "invalid_request"},
		"more than registered":       {id, url.Values{"scope": {"openid patient/Observation.cruds"}, "aud": {fhir}}, "invalid_scope"},
		"another kind":               {id, url.Values{"scope": {"openid patient/Condition.rs"}, "aud": {fhir}}, "invalid_scope"},
		"everything":                 {id, url.Values{"scope": {"openid patient/*.rs"}, "aud": {fhir}}, "invalid_scope"},
		"actions out of order":       {id, url.Values{"scope": {"openid patient/Observation.sr"}, "aud": {fhir}}, ""},
		"of a user":                  {id, url.Values{"scope": {"openid user/Observation.rs"}, "aud": {fhir}}, ""},
		"an app without the profile": {plain, url.Values{"scope": {"openid patient/Observation.rs launch/patient"}, "aud": {fhir}}, "code"},
	} {
		t.Run(name, func(t *testing.T) {
			address, _ := b.request(test.client, test.change)
			p := w.get(address)
			switch {
			case test.code == "" && p.url.Path != "/consent":
				t.Errorf("led to %s (%d) %v", p.url, p.status, p.location)
			case test.code == "code" && (p.location == nil || !p.location.Query().Has("code")):
				t.Errorf("led to %s (%d) %v", p.url, p.status, p.location)
			case test.code != "" && test.code != "code" && (p.location == nil || p.location.Query().Get("error") != test.code):
				t.Errorf("led to %s (%d) %v, want %s", p.url, p.status, p.location, test.code)
			}
		})
	}
	for member, m := range map[string]provider.Metadata{
		"audience": {}, "scope": {Audience: []string{fhir}, Scope: provider.Scopes{"user/Observation.rs"}},
		"operator_name": {Audience: []string{fhir}, Scope: provider.Scopes{"openid"}},
	} {
		m.ClientName, m.Profile, m.RedirectURIs = "x", provider.ProfileSmart, []string{callback}
		if member != "operator_name" {
			m.OperatorName = "x"
		}
		if _, _, err := b.clients.Create(t.Context(), "", m); err == nil || !strings.HasPrefix(err.Error(), member+":") {
			t.Errorf("registering %v: %v, want %s", m.Scope, err, member)
		}
	}
	partner := provider.Metadata{ClientName: "x", OperatorName: "x", Profile: provider.ProfilePartner, RedirectURIs: []string{callback}, Scope: provider.Scopes{"patient/Observation.rs"}}
	if _, _, err := b.clients.Create(t.Context(), "", partner); err == nil {
		t.Error("a partner registered scopes of the record")
	}
	var doc map[string]any
	must(t, json.Unmarshal([]byte(w.get("/.well-known/smart-configuration").body), &doc))
	capabilities, _ := doc["capabilities"].([]any)
	for _, capability := range []any{"launch-standalone", "context-standalone-patient", "permission-patient", "permission-v1", "permission-v2"} {
		if !slices.Contains(capabilities, capability) {
			t.Errorf("smart-configuration %v lacks %s", doc, capability)
		}
	}
	for _, member := range []string{"issuer", "jwks_uri", "authorization_endpoint", "token_endpoint", "grant_types_supported", "code_challenge_methods_supported"} { // SMART App Launch 4.1
		if doc[member] == nil {
			t.Errorf("smart-configuration lacks %s", member)
		}
	}
}

// TestPublicSmartRefresh: a public app of the record may leave client_id out of a refresh (SMART App Launch 2.2, "Refresh
// access token"), nobody else may (S-37), and a used token still ends its family (S-38).
func TestPublicSmartRefresh(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	const scope = "openid launch/patient offline_access patient/Observation.rs"
	w := b.signedIn()
	public := func(m *provider.Metadata) { m.TokenEndpointAuthMethod = "none" }
	tokens := func(id, secret string, asked url.Values) answer {
		address, verifier := b.request(id, asked)
		p := w.get(address)
		if p.location == nil {
			p = w.allow(p)
		}
		fields := url.Values{"grant_type": {"authorization_code"}, "code": {p.wantCode(t)}, "redirect_uri": {callback}, "code_verifier": {verifier}}
		if secret == "" {
			fields.Set("client_id", id)
		}
		a := b.token(id, secret, fields)
		a.want(t, 200, "")
		return a
	}
	record := url.Values{"scope": {scope}, "aud": {fhir}}
	app, _ := b.smartApp(scope, public)
	first := tokens(app, "", record)
	second := b.refresh("", "", first.text("refresh_token"))
	if second.want(t, 200, ""); second.text("patient") != b.account.MemberID.String() {
		t.Errorf("%v", second.body)
	}
	b.clock.advance(time.Minute)
	b.refresh("", "", first.text("refresh_token")).want(t, 400, "invalid_grant")
	b.refresh("", "", second.text("refresh_token")).want(t, 400, "invalid_grant")

	closed, _ := b.smartApp(scope, public)
	of := tokens(closed, "", record)
	must(t, b.clients.Disable(t.Context(), closed, ""))
	secret, key := b.smartApp(scope, nil)
	plain, _ := b.client(public)
	for name, token := range map[string]string{
		"of an app with a secret": tokens(secret, key, record).text("refresh_token"), "of a disabled app": of.text("refresh_token"),
		"of another profile": tokens(plain, "", url.Values{"scope": {"openid offline_access"}}).text("refresh_token"), "unknown": "nothing", "missing": "",
	} {
		if a := b.refresh("", "", token); a.status < 400 || token != "" && a.text("error") != "invalid_client" {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
	}
	b.token("", "", url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "refresh_token": {tokens(app, "", record).text("refresh_token")}}).want(t, 401, "invalid_client")
}

// TestResourceAndUserinfo: an app that calls an API and userinfo names each when it asks
// for a token, out of one sign-in.
func TestResourceAndUserinfo(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	const api = "https://api.example/v1"
	id, secret := b.client(func(m *provider.Metadata) { m.Audience = []string{api} })
	address, verifier := b.request(id, url.Values{"resource": {api}})
	first := b.token(id, secret, url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {callback}, "code_verifier": {verifier},
		"code": {b.signedIn().get(address).location.Query().Get("code")}})
	for _, test := range []struct {
		resource, aud string
		status        int
	}{{api, api, 401}, {b.issuer, b.issuer, 200}, {"", api, 401}} {
		fields := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.text("refresh_token")}}
		if test.resource != "" {
			fields.Set("resource", test.resource)
		}
		first = b.token(id, secret, fields)
		first.want(t, 200, "")
		if claims, _ := b.verified(first.text("access_token")); claims["aud"] != test.aud {
			t.Errorf("resource %q: aud %v", test.resource, claims["aud"])
		}
		if a := b.userinfo(first.text("access_token")); a.status != test.status {
			t.Errorf("resource %q: userinfo %d %v", test.resource, a.status, a.body)
		}
	}
	service, serviceSecret := b.client(func(m *provider.Metadata) { m.Profile, m.RedirectURIs = provider.ProfileService, nil })
	b.token(service, serviceSecret, url.Values{"grant_type": {"client_credentials"}, "resource": {b.issuer}}).want(t, 400, "invalid_target")
}
