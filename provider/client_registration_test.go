package provider_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

func (b *bench) registration(method, path, token, body string) (int, http.Header, map[string]any) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, path, strings.NewReader(body))
	must(b.t, err)
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	p := (&browser{b: b, client: b.server.Client()}).do(r)
	var got map[string]any
	if p.body != "" {
		must(b.t, json.Unmarshal([]byte(p.body), &got))
	}
	return p.status, p.header, got
}

// TestRegistrationTries: who holds the initial access token registers as often as a test
// plan needs; who does not, waits after a few tries.
func TestRegistrationTries(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	endpoint, good := b.issuer+"/connect/register", `{"redirect_uris":["https://app.example/callback"]}`
	for i := range 25 {
		if status, _, got := b.registration(http.MethodPost, endpoint, "initial-token", good); status != 201 {
			t.Fatalf("registration %d: %d %v", i, status, got)
		}
	}
	for i, want := range []int{401, 401, 401, 429, 429} {
		status, header, got := b.registration(http.MethodPost, endpoint, "wrong", good)
		if status != want || (want == 429) != (header.Get("Retry-After") != "") {
			t.Errorf("try %d without the token: %d %v %v", i, status, header, got)
		}
	}
	if status, _, _ := b.registration(http.MethodPost, endpoint, "initial-token", good); status != 201 {
		t.Errorf("with the token, after others' tries: %d", status)
	}
}

// TestDynamicRegistration covers conformance 3.2 and 7, RFC 7591 and 7592.
func TestDynamicRegistration(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	endpoint := b.issuer + "/connect/register"
	good := `{"client_name":"Diario","redirect_uris":["https://app.example/callback?keep=1"],"grant_types":["authorization_code","refresh_token"],
		"initiate_login_uri":"https://app.example/start","unknown_member":{"a":1},"operator_verified":true,"profile":"own","resource_server":["https://x"]}`
	for _, token := range []string{"", "wrong"} {
		if status, header, _ := b.registration(http.MethodPost, endpoint, token, good); status != 401 || header.Get("WWW-Authenticate") == "" {
			t.Errorf("with the initial access token %q: %d", token, status)
		}
	}
	status, header, got := b.registration(http.MethodPost, endpoint, "initial-token", good)
	if status != 201 || header.Get("Cache-Control") != "no-store" {
		t.Fatalf("registration: %d %v", status, got)
	}
	if got["client_secret"] == nil || got["client_secret_expires_at"] != 0.0 || got["initiate_login_uri"] != "https://app.example/start" ||
		got["profile"] != "partner" || got["operator_verified"] != nil || got["resource_server"] != nil || got["scope"] != "openid profile email offline_access" {
		t.Errorf("registered as %v", got)
	}
	id, secret, token, uri := got["client_id"].(string), got["client_secret"].(string), got["registration_access_token"].(string), got["registration_client_uri"].(string)
	if !strings.HasPrefix(uri, "https://") {
		t.Errorf("registration_client_uri %q", uri)
	}
	address, _ := b.request(id, nil)
	if p := b.signedIn().get(address); p.url.Path != "/consent" || !strings.Contains(p.body, "Salud HUSKY no la ha verificado") {
		t.Errorf("its request led to %s (%d)", p.url, p.status)
	}
	b.refresh(id, secret, "x").want(t, 400, "invalid_grant") // it is authenticated

	if status, _, got := b.registration(http.MethodGet, uri, token, ""); status != 200 || got["client_name"] != "Diario" ||
		got["client_secret"] != nil || got["initiate_login_uri"] != "https://app.example/start" {
		t.Errorf("reading: %d %v", status, got)
	}
	if status, _, _ := b.registration(http.MethodGet, uri, "wrong", ""); status != 401 {
		t.Errorf("reading with a wrong token: %d", status)
	}
	if status, _, got := b.registration(http.MethodPut, uri, token, `{"client_id":"`+id+`","client_name":"Otro","redirect_uris":["https://app.example/b"]}`); status != 200 || got["client_name"] != "Otro" {
		t.Errorf("updating: %d %v", status, got)
	}
	if status, _, _ := b.registration(http.MethodDelete, uri, token, ""); status != 204 {
		t.Errorf("deleting: %d", status)
	}
	if status, _, _ := b.registration(http.MethodGet, uri, token, ""); status != 401 {
		t.Errorf("after deleting: %d", status)
	}
	b.refresh(id, secret, "x").want(t, 401, "invalid_client")

	for name, test := range map[string][2]string{
		"fragment":                {`{"redirect_uris":["https://app.example/#foobar"]}`, "invalid_redirect_uri"},
		"http":                    {`{"redirect_uris":["http://app.example/"]}`, "invalid_redirect_uri"},
		"no redirect_uri":         {`{}`, "invalid_redirect_uri"},
		"http initiate_login_uri": {`{"redirect_uris":["https://app.example/"],"initiate_login_uri":"http://app.example/"}`, "invalid_client_metadata"},
		"password grant":          {`{"redirect_uris":["https://app.example/"],"grant_types":["password"]}`, "invalid_client_metadata"},
		"no JSON":                 {`redirect_uris=x`, "invalid_client_metadata"},
		"husky.member":            {`{"redirect_uris":["https://app.example/"],"scope":"openid husky.member"}`, "invalid_client_metadata"},
	} {
		if status, _, got := b.registration(http.MethodPost, endpoint, "initial-token", test[0]); status != 400 || got["error"] != test[1] {
			t.Errorf("%s: %d %v, want %s", name, status, got, test[1])
		}
	}
}

// TestRegistrationUpdateChecksWhatWasIssued: RFC 7592 2.2.
func TestRegistrationUpdateChecksWhatWasIssued(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	endpoint, uris := b.issuer+"/connect/register", `"redirect_uris":["https://app.example/callback"]`
	register := func(more string) (id, secret, uri, token string) {
		_, _, made := b.registration(http.MethodPost, endpoint, "initial-token", `{`+uris+more+`}`)
		secret, _ = made["client_secret"].(string)
		return made["client_id"].(string), secret, made["registration_client_uri"].(string), made["registration_access_token"].(string)
	}
	id, secret, uri, token := register("")
	public, _, publicURI, publicToken := register(`,"token_endpoint_auth_method":"none"`)
	for _, test := range []struct{ name, uri, token, issued, says string }{
		{"no client_id", uri, token, ``, "client_id: "},
		{"another client_id", uri, token, `"client_id":"` + public + `",`, "client_id: "},
		{"client_id is null", uri, token, `"client_id":null,`, "client_id: "},
		{"client_id is a number", uri, token, `"client_id":7,`, "client_id: "},
		{"wrong secret", uri, token, `"client_id":"` + id + `","client_secret":"wrong",`, "client_secret: "},
		{"empty secret", uri, token, `"client_id":"` + id + `","client_secret":"",`, "client_secret: "},
		{"secret of a public client", publicURI, publicToken, `"client_id":"` + public + `","client_secret":"",`, "client_secret: "},
		{"its client_id", uri, token, `"client_id":"` + id + `",`, ""},
		{"its client_id and secret", uri, token, `"client_id":"` + id + `","client_secret":"` + secret + `",`, ""},
	} {
		b.clock.advance(time.Hour) // the limit of updates
		status, _, got := b.registration(http.MethodPut, test.uri, test.token, `{`+test.issued+uris+`}`)
		text, _ := got["error_description"].(string)
		if want := map[bool]int{true: 200, false: 400}[test.says == ""]; status != want || want == 400 && (got["error"] != "invalid_client_metadata" || !strings.HasPrefix(text, test.says)) {
			t.Errorf("%s: %d %v, want %q", test.name, status, got, test.says)
		}
	}
}
