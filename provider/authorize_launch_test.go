package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/provider"
)

const launchScope = "openid launch fhirUser offline_access patient/Observation.rs"

// launchBench has a FHIR server and an app that it launches.
type launchBench struct {
	*bench
	server, serverSecret string
	app, appSecret       string
}

func newLaunchBench(t *testing.T) launchBench {
	t.Helper()
	l := launchBench{bench: newBench(t, 4)}
	l.server, l.serverSecret = l.fhirServer("records", func(m *provider.Metadata) { m.SmartStyleURL = "https://fhir.example/style.json" })
	l.app, l.appSecret = l.smartApp(launchScope+" launch/patient", nil)
	return l
}

// made is a launch of the app for the first member, with what change makes of it.
func (l launchBench) made(change url.Values) (status int, body map[string]any) {
	l.t.Helper()
	fields := url.Values{"app": {l.app}, "patient": {l.account.MemberID.String()}, "encounter": {"enc-1"}, "intent": {"summary"},
		"need_patient_banner": {"false"}, "fhirContext": {`[{"reference": "ImagingStudy/7"}, {"reference":"Patient/9","role":"https://fhir.example/sibling"}]`}}
	for name, values := range change {
		if fields[name] = values; values == nil {
			delete(fields, name)
		}
	}
	status, header, text := l.post("/smart/launch", l.server, l.serverSecret, fields)
	if header.Get("Cache-Control") != "no-store" {
		l.t.Errorf("a launch may be cached: %v", header)
	}
	must(l.t, json.Unmarshal([]byte(text), &body))
	return status, body
}

func (l launchBench) handle() string {
	l.t.Helper()
	status, body := l.made(nil)
	handle, _ := body["launch"].(string)
	if status != http.StatusCreated || handle == "" || body["iss"] != fhir || body["expires_in"] != 300.0 {
		l.t.Fatalf("launch: %d %v", status, body)
	}
	return handle
}

func (l launchBench) launched(handle string, change url.Values) (address, verifier string) {
	fields := url.Values{"scope": {launchScope}, "aud": {fhir}, "launch": {handle}}
	for name, values := range change {
		fields[name] = values
	}
	return l.request(l.app, fields)
}

func (w *browser) allow(p page) page {
	w.b.t.Helper()
	if p.url.Path != "/consent" {
		w.b.t.Fatalf("led to %s (%d) %v\n%s", p.url, p.status, p.location, p.body)
	}
	return w.submit(p, url.Values{"act": {"accept"}, "duration": {"90d"}, "group_offline_access": {"yes"}, "group_patient_results": {"yes"}})
}

// wantCode returns the code of an answer.
func (p page) wantCode(t testing.TB) string {
	t.Helper()
	if p.location == nil || p.location.Query().Get("code") == "" {
		t.Fatalf("no code: %s (%d) %v\n%s", p.url, p.status, p.location, p.body)
	}
	return p.location.Query().Get("code")
}

func (p page) wantError(t testing.TB, code string) {
	t.Helper()
	if p.location == nil || p.location.Query().Get("error") != code || p.location.Query().Get("state") != "s" {
		t.Errorf("led to %s (%d) %v, want %s at the app", p.url, p.status, p.location, code)
	}
}

// TestEHRLaunch follows SMART App Launch 2.2, EHR launch: the context of the launch is in the token response, in that
// of a refresh and at introspection, and tokens hold none of it (S-42).
func TestEHRLaunch(t *testing.T) {
	l := newLaunchBench(t)
	w := l.signedIn()
	handle := l.handle()
	address, verifier := l.launched(handle, nil)
	tokens := l.redeem(l.app, l.appSecret, w.allow(w.get(address)).wantCode(t), verifier)
	tokens.want(t, 200, "")
	member := l.account.MemberID.String()
	context := func(name string, got map[string]any) {
		t.Helper()
		entries, _ := got["fhirContext"].([]any)
		if got["patient"] != member || got["encounter"] != "enc-1" || got["intent"] != "summary" || got["need_patient_banner"] != false ||
			got["smart_style_url"] != "https://fhir.example/style.json" || len(entries) != 2 {
			t.Errorf("%s: %v", name, got)
		}
	}
	context("tokens", tokens.body)
	context("introspection", l.introspect(l.server, l.serverSecret, tokens.text("access_token")))
	access, _ := l.verified(tokens.text("access_token"))
	idToken, _ := l.verified(tokens.text("id_token"))
	if text, err := json.Marshal([]any{access, idToken}); err != nil || strings.Contains(string(text), "enc-1") || strings.Contains(string(text), "ImagingStudy") || strings.Contains(string(text), "summary") {
		t.Errorf("tokens hold the context: %s", text)
	}
	again := l.refresh(l.app, l.appSecret, tokens.text("refresh_token"))
	again.want(t, 200, "")
	context("refresh", again.body)
	kept, err := l.provider.Launches(t.Context(), l.account.ID)
	if must(t, err); len(kept) != 1 || kept[0].App == "" || kept[0].At.IsZero() || !strings.Contains(string(kept[0].With), `"encounter":"enc-1"`) {
		t.Errorf("the member's own data: %+v", kept)
	}
	narrow := l.token(l.app, l.appSecret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {again.text("refresh_token")}, "scope": {"patient/Observation.r"}})
	if narrow.want(t, 200, ""); narrow.body["encounter"] != nil || narrow.text("patient") != member {
		t.Errorf("without the scope launch: %v", narrow.body)
	}
	if got := l.introspect(l.server, l.serverSecret, narrow.text("access_token")); got["encounter"] != nil || got["active"] != true {
		t.Errorf("introspection without the scope launch: %v", got)
	}
	w.get(address).wantError(t, "invalid_request") // the handle is spent

	address, _ = l.launched(l.handle(), nil) // nothing to ask
	w.get(address).wantCode(t)
	w.get(address).wantError(t, "invalid_request")

	address, _ = l.request(l.app, url.Values{"scope": {"openid launch/patient patient/Observation.rs"}, "aud": {fhir}})
	w.get(address).wantCode(t) // whose record it is was decided

	var doc map[string]any
	must(t, json.Unmarshal([]byte(w.get("/fhir/records/.well-known/smart-configuration").body), &doc))
	for _, capability := range []string{"launch-ehr", "context-ehr-patient", "context-ehr-encounter", "context-banner", "context-style"} {
		if text, _ := json.Marshal(doc["capabilities"]); !strings.Contains(string(text), `"`+capability+`"`) {
			t.Errorf("the document lacks %s: %s", capability, text)
		}
	}
}

// TestLaunchSurvives: a handle that was live when the request arrived is good until somebody has signed in, and is
// spent by one request alone.
func TestLaunchSurvives(t *testing.T) {
	l := newLaunchBench(t)
	address, _ := l.launched(l.handle(), nil)
	w := l.browser()
	p := w.get(address)
	if p = w.submit(p, url.Values{"username": {username}, "password": {"otra cosa muy distinta"}}); p.status != 422 {
		t.Fatalf("a wrong password: %s (%d)", p.url, p.status)
	}
	other := w.get(address) // in another tab
	l.clock.advance(20 * time.Minute)
	consent := w.signIn(p)
	answered := w.allow(consent)
	answered.wantCode(t)
	flow := consent.url.Query().Get("flow")
	w.get("/authorize/resume?go=1&flow=" + flow).wantCode(t) // a second press
	w.get("/authorize/resume?go=1&flow="+other.url.Query().Get("flow")).wantError(t, "invalid_request")
	l.browser().get(address).wantError(t, "invalid_request") // and again from the start
}

// TestLaunchOnce: of many requests with one handle at the same moment, one gets a code.
func TestLaunchOnce(t *testing.T) {
	l := newLaunchBench(t)
	w := l.signedIn()
	address, _ := l.launched(l.handle(), nil)
	w.allow(w.get(address)).wantCode(t) // nothing is left to ask
	address, _ = l.launched(l.handle(), nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	must(t, err)
	got := race(16, func() answer {
		switch p := w.do(r.Clone(t.Context())); {
		case p.location == nil:
			return answer{status: p.status}
		case p.location.Query().Has("code"):
			return answer{status: 1}
		}
		return answer{}
	})
	if got[1] != 1 || got[0] != 15 {
		t.Errorf("16 requests: %v, want one code and 15 errors", got)
	}
	if n := l.refusals()["used"]; n != 15 {
		t.Errorf("%d refusals are audited", n)
	}
}

// TestLaunchOfAnother: only the person whom the app was launched for gets it.
func TestLaunchOfAnother(t *testing.T) {
	l := newLaunchBench(t)
	l.another("tomas.ruiz")
	tomas := url.Values{"username": {"tomas.ruiz"}, "password": {password}}
	w := l.browser()
	w.submit(w.get("/login"), tomas)
	handle := l.handle()
	address, verifier := l.launched(handle, nil)
	silent, _ := l.launched(handle, url.Values{"prompt": {"none"}})
	w.get(silent).wantError(t, "login_required")
	p := w.get(address)
	if p.url.Path != "/login" {
		t.Fatalf("another's session led to %s (%d) %v", p.url, p.status, p.location)
	}
	w.submit(p, tomas).wantError(t, "access_denied")
	if p = w.get(address); p.url.Path != "/login" {
		t.Fatalf("after another's sign-in: %s (%d) %v", p.url, p.status, p.location)
	}
	code := w.allow(w.signIn(p)).wantCode(t)
	if tokens := l.redeem(l.app, l.appSecret, code, verifier); tokens.text("patient") != l.account.MemberID.String() {
		t.Errorf("%d %v", tokens.status, tokens.body)
	}
}

// TestLaunchRefused: each wrong handle is an error at the app, and is audited.
func TestLaunchRefused(t *testing.T) {
	l := newLaunchBench(t)
	w := l.signedIn()
	foreign, _ := l.smartApp(launchScope, nil)
	elsewhere, _ := l.smartApp(launchScope, func(m *provider.Metadata) { m.Audience = []string{fhir, "https://two.example/r4"} })
	_, body := l.made(url.Values{"app": {elsewhere}})
	used := l.handle()
	address, _ := l.launched(used, nil)
	w.allow(w.get(address)).wantCode(t)
	for name, test := range map[string]struct {
		client string
		change url.Values
		reason string // in the audit; "" for a request that is wrong as such
	}{
		"unknown":                 {l.app, url.Values{"launch": {"nothing"}}, "unknown"},
		"used":                    {l.app, url.Values{"launch": {used}}, "used"},
		"of another app":          {foreign, url.Values{"launch": {l.handle()}}, "unknown"},
		"of another server":       {elsewhere, url.Values{"launch": {body["launch"].(string)}, "aud": {"https://two.example/r4"}}, "audience"},
		"the scope alone":         {l.app, url.Values{"launch": nil}, ""},
		"the handle alone":        {l.app, url.Values{"launch": {l.handle()}, "scope": {"openid launch/patient"}}, ""},
		"the server without aud":  {l.app, url.Values{"launch": {l.handle()}, "aud": nil}, ""},
		"an empty handle, scoped": {l.app, url.Values{"launch": {""}}, ""},
	} {
		fields := url.Values{"scope": {launchScope}, "aud": {fhir}}
		for name, values := range test.change {
			fields[name] = values
		}
		before := l.refusals()
		address, _ := l.request(test.client, fields)
		p := w.get(address)
		if p.location == nil || p.location.Query().Get("error") != "invalid_request" {
			t.Errorf("%s: led to %s (%d) %v", name, p.url, p.status, p.location)
		}
		if after := l.refusals(); after[test.reason] != before[test.reason]+1 && test.reason != "" {
			t.Errorf("%s: audited %v after %v", name, after, before)
		}
	}
	late, _ := l.launched(l.handle(), nil)
	l.clock.advance(5*time.Minute + time.Second)
	w.get(late).wantError(t, "invalid_request")
	if l.refusals()["expired"] != 1 {
		t.Errorf("audited %v", l.refusals())
	}
	partner, _ := l.partner(nil) // knows no launches, so ignores the parameter
	address, _ = l.request(partner, url.Values{"launch": {"x"}, "scope": {"openid"}})
	if p := w.get(address); p.url.Path != "/consent" {
		t.Errorf("another profile: %s (%d) %v", p.url, p.status, p.location)
	}
	pushed := func(handle string) answer {
		fields := url.Values{"client_id": {l.app}, "client_secret": {l.appSecret}}
		address, _ := l.launched(handle, nil)
		u, err := url.Parse(address)
		must(t, err)
		for name, values := range u.Query() {
			fields[name] = values
		}
		status, header, text := l.post("/par", l.app, l.appSecret, without(fields, "client_secret"))
		a := answer{status: status, header: header}
		must(t, json.Unmarshal([]byte(text), &a.body))
		return a
	}
	pushed(used).want(t, 400, "invalid_request")
	good := pushed(l.handle())
	good.want(t, 201, "")
	w.get("/authorize?" + url.Values{"client_id": {l.app}, "request_uri": {good.text("request_uri")}}.Encode()).wantCode(t)

	l.clock.advance(4 * 24 * time.Hour)
	must(t, l.provider.Sweep(t.Context()))
	var left int
	must(t, l.db.From(t.Context()).QueryRow(t.Context(), `select count(*) from smart_launches`).Scan(&left))
	if left != 0 {
		t.Errorf("%d launches are left", left)
	}
}

func without(fields url.Values, name string) url.Values {
	delete(fields, name)
	return fields
}

// refusals are the audited ones, by reason.
func (l launchBench) refusals() map[string]int {
	l.t.Helper()
	rows, err := l.db.From(l.t.Context()).Query(l.t.Context(), `select reason, count(*) from audit_events where kind = 'grant.launch_refused' group by 1`)
	must(l.t, err)
	defer rows.Close()
	all := map[string]int{}
	for rows.Next() {
		var reason string
		var n int
		must(l.t, rows.Scan(&reason, &n))
		all[reason] = n
	}
	must(l.t, rows.Err())
	return all
}
