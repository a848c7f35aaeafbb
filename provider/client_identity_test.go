package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/provider"
)

// TestAnotherIdentityAsksAgain (RFC 7592 2.2): an app that registered itself and becomes another one to members has to ask them again;
// one that changes what they do not see keeps what they allowed.
func TestAnotherIdentityAsksAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		update string
		ends   bool
	}{
		"the same":        {`"client_name":"Diario"`, false},
		"contacts":        {`"client_name":"Diario","contacts":["it@app.example"]`, false},
		"name":            {`"client_name":"Corredor de datos"`, true},
		"name in English": {`"client_name":"Diario","client_name#en":"Data Broker"`, true},
		"operator":        {`"client_name":"Diario","operator_name":"Otra S. A."`, true},
		"policy":          {`"client_name":"Diario","policy_uri":"https://app.example/other"`, true},
	} {
		b := newBench(t, 4)
		_, _, made := b.registration(http.MethodPost, b.issuer+"/connect/register", "initial-token",
			`{"client_name":"Diario","grant_types":["authorization_code","refresh_token"],"redirect_uris":["`+callback+`"]}`)
		id, secret, uri, token := made["client_id"].(string), made["client_secret"].(string), made["registration_client_uri"].(string), made["registration_access_token"].(string)
		w := b.signedIn()
		address, verifier := b.request(id, nil)
		back := w.submit(w.get(address), url.Values{"act": {"accept"}, "group_offline_access": {"yes"}, "duration": {"13m"}})
		got := b.redeem(id, secret, back.location.Query().Get("code"), verifier)
		got.want(t, 200, "")
		b.clock.advance(time.Hour)
		if status, _, body := b.registration(http.MethodPut, uri, token,
			`{"client_id":"`+id+`","grant_types":["authorization_code","refresh_token"],"redirect_uris":["`+callback+`"],`+c.update+`}`); status != 200 {
			t.Fatalf("%s: %d %v", name, status, body)
		}
		address, _ = b.request(id, url.Values{"prompt": {"none"}})
		if asks := b.signedIn().get(address).location.Query().Get("error") == "consent_required"; asks != c.ends {
			t.Errorf("%s: members are asked again: %t", name, asks)
		}
		if ended := b.refresh(id, secret, got.text("refresh_token")).status == 400; ended != c.ends {
			t.Errorf("%s: tokens ended: %t", name, ended)
		}
	}
}

// TestNamesOfOthers: an app that registers itself takes neither the service's name nor another app's, in any spelling.
func TestNamesOfOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	b.partner(func(m *provider.Metadata) { m.ClientName = "Mi Diario" })
	for name, taken := range map[string]bool{
		`"client_name":"HUSKY Health"`: true, `"client_name":"husky-health app"`: true, `"client_name":"H U S K Y  HEALTH"`: true, `"operator_name":"Sálud Húsky"`: true,
		`"client_name":"Salud HU5KY"`: true, `"client_name":"MI DIARIO"`: true, `"client_name#en":"Mi diario."`: true, `"client_name":"НUSKY Health"`: true, // the first letter is Cyrillic
		`"client_name":"Mi Diario de salud"`: false, `"client_name":"Añoranza 24"`: false,
	} {
		status, _, got := b.registration(http.MethodPost, b.issuer+"/connect/register", "initial-token", `{"redirect_uris":["https://app.example/"],`+name+`}`)
		if refused := status == 400 && got["error"] == "invalid_client_metadata"; refused != taken {
			t.Errorf("%s: %d %v", name, status, got)
		}
	}
}

// TestOwnSubjectOfEachApp: an app that registers itself gets a subject of its own whatever it asks for, and members see its site.
func TestOwnSubjectOfEachApp(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	_, _, made := b.registration(http.MethodPost, b.issuer+"/connect/register", "initial-token", `{"client_name":"Diario","subject_type":"public","redirect_uris":["https://diario.example/cb"]}`)
	if made["subject_type"] != "pairwise" {
		t.Errorf("registered as %v", made)
	}
	address, _ := b.request(made["client_id"].(string), url.Values{"redirect_uri": {"https://diario.example/cb"}, "scope": {"openid profile"}})
	if p := b.signedIn().get(address); !strings.Contains(p.body, "Su sitio es diario.example.") {
		t.Errorf("the page of the permission:\n%s", p.body)
	}
	// S-42: a redirect URI that nobody proved does not make it share the subject of the app that is at home there.
	other, _ := b.partner(func(m *provider.Metadata) {
		m.SubjectType, m.RedirectURIs = "pairwise", []string{"https://diario.example/app"}
	})
	for id, redirect := range map[string]string{made["client_id"].(string): "https://diario.example/cb", other: "https://diario.example/app"} {
		address, _ := b.request(id, url.Values{"redirect_uri": {redirect}, "scope": {"openid profile"}})
		w := b.signedIn()
		w.submit(w.get(address), url.Values{"act": {"accept"}, "group_profile": {"yes"}, "duration": {"13m"}})
	}
	var subjects int
	if err := b.db.From(t.Context()).QueryRow(t.Context(), `select count(distinct subject) from consents`).Scan(&subjects); err != nil || subjects != 2 {
		t.Errorf("%d subjects of two apps, %v", subjects, err)
	}
}

// TestLimitsStayThroughUpdates: what the operator limited, an app that registered itself does not take away, and it never goes without PKCE.
func TestLimitsStayThroughUpdates(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	_, _, made := b.registration(http.MethodPost, b.issuer+"/connect/register", "initial-token", `{"client_name":"Diario","require_pkce":false,"redirect_uris":["`+callback+`"]}`)
	id, uri, token := made["client_id"].(string), made["registration_client_uri"].(string), made["registration_access_token"].(string)
	if made["require_pkce"] != nil {
		t.Errorf("registered without PKCE: %v", made)
	}
	client, err := b.clients.Get(id)
	must(t, err)
	m := client.Metadata
	m.ConsentMaxDays, m.MinimumACR, m.RequirePAR = 30, accounts.ACRFactor, true
	_, err = b.clients.Update(t.Context(), id, m)
	must(t, err)
	for _, days := range []string{"", `"consent_max_days":365,`, `"consent_max_days":7,`} {
		b.clock.advance(time.Hour)
		status, _, got := b.registration(http.MethodPut, uri, token, `{"client_id":"`+id+`","client_name":"Diario",`+days+`"redirect_uris":["`+callback+`"]}`)
		want := 30.0
		if strings.Contains(days, ":7,") {
			want = 7
		}
		if status != 200 || got["consent_max_days"] != want || got["minimum_acr"] != accounts.ACRFactor || got["require_pushed_authorization_requests"] != true {
			t.Errorf("%s: %d %v", days, status, got)
		}
	}
	if status, _, got := b.registration(http.MethodPost, b.issuer+"/connect/register", "initial-token", `{"contacts":["a@b.example\r\nBcc: c@d.example"],"redirect_uris":["`+callback+`"]}`); status != 400 {
		t.Errorf("contacts with a line break: %d %v", status, got)
	}
}
