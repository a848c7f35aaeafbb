package provider_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"huskyidp/provider"
)

const (
	reports = "https://reports.example"
	letters = "https://letters.example/v1?kind=all"
)

// targets are what no resource may be, each with an invalid_target.
var targets = map[string][]string{
	"unknown":           {"https://other.example"},
	"a longer path":     {reports + "/x"},
	"not absolute":      {"/reports"},
	"a fragment":        {reports + "#a"},
	"an empty fragment": {reports + "#"},
	"one of two":        {reports, "https://other.example"},
	"no URI":            {"https://[reports"},
}

// TestResources covers RFC 8707 for a member's tokens: several at the authorization
// endpoint, one at the token endpoint.
func TestResources(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(func(m *provider.Metadata) { m.Audience = []string{reports, letters, "https://third.example"} })
	w := b.signedIn()
	grant := func(asked []string) (code, verifier string) {
		t.Helper()
		address, verifier := b.request(id, url.Values{"resource": asked})
		p := w.get(address)
		if p.location == nil || p.location.Query().Get("code") == "" {
			t.Fatalf("resource %q: no code (%d) %v", asked, p.status, p.location)
		}
		return p.location.Query().Get("code"), verifier
	}
	redeem := func(asked, picked []string) answer {
		t.Helper()
		code, verifier := grant(asked)
		return b.token(id, secret, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback},
			"code_verifier": {verifier}, "resource": picked})
	}
	for _, test := range []struct {
		name          string
		asked, picked []string
		want          string // the token's aud; "" is invalid_target
	}{
		{"none", nil, nil, b.issuer},
		{"empty", []string{""}, []string{""}, b.issuer},
		{"one", []string{reports}, nil, reports},
		{"the same twice", []string{reports, reports}, nil, reports},
		{"the first of two", []string{letters, reports}, nil, letters},
		{"the second of two", []string{letters, reports}, []string{reports}, reports},
		{"both at once", []string{letters, reports}, []string{letters, reports}, ""},
		{"not granted", []string{letters, reports}, []string{"https://third.example"}, ""},
		{"none granted", nil, []string{reports}, ""},
		{"unknown", []string{reports}, targets["unknown"], ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := redeem(test.asked, test.picked)
			if test.want == "" {
				a.want(t, 400, "invalid_target")
			} else if aud := claim(t, a.text("access_token"), "aud"); aud != test.want {
				t.Errorf("aud %v, want %s", aud, test.want)
			}
		})
	}
	t.Run("a refresh picks another", func(t *testing.T) {
		token := redeem([]string{letters, reports}, nil).text("refresh_token")
		for _, resource := range []string{reports, letters} {
			a := b.token(id, secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "resource": {resource}})
			a.want(t, 200, "")
			if aud := claim(t, a.text("access_token"), "aud"); aud != resource {
				t.Errorf("aud %v, want %s", aud, resource)
			}
			token = a.text("refresh_token")
		}
		b.token(id, secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token},
			"resource": {"https://third.example"}}).want(t, 400, "invalid_target")
		b.refresh(id, secret, token).want(t, 200, "") // a slip ends nothing
	})
	for name, values := range targets {
		t.Run(name, func(t *testing.T) {
			address, _ := b.request(id, url.Values{"resource": values})
			if q := w.get(address).location.Query(); q.Get("error") != "invalid_target" || q.Get("state") != "s" || q.Get("iss") != b.issuer {
				t.Errorf("answer %v", q)
			}
		})
	}
	t.Run("through sign-in", func(t *testing.T) {
		address, verifier := b.request(id, url.Values{"resource": {letters, reports}})
		late := b.browser()
		p := late.signIn(late.get(address))
		a := b.token(id, secret, url.Values{"grant_type": {"authorization_code"}, "code": {p.location.Query().Get("code")}, "redirect_uri": {callback},
			"code_verifier": {verifier}, "resource": {reports}})
		if aud := claim(t, a.text("access_token"), "aud"); aud != reports {
			t.Errorf("aud %v", aud)
		}
	})
	t.Run("other repeats are refused", func(t *testing.T) {
		address, _ := b.request(id, url.Values{"resource": {letters, reports}, "scope": {"openid", "openid"}})
		if p := w.get(address); !p.errorPage() || !strings.Contains(p.body, "invalid_request") {
			t.Errorf("led to %s (%d)", p.url, p.status)
		}
		if status, _, body := b.post("/introspect", id, secret, url.Values{"token": {"x"}, "resource": {letters, reports}}); status != 400 {
			t.Errorf("introspection: %d %s", status, body)
		}
	})
}

// TestPushedResources pushes them, as parameters and as an array in a request object.
func TestPushedResources(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	both := []string{letters, reports}
	plain := b.party(callback, func(m *provider.Metadata) { m.Audience = both })
	signed := b.party(callback, func(m *provider.Metadata) { signedOnly(m); m.Audience = both })
	object := func(resource any) url.Values {
		return url.Values{"client_id": {signed.id}, "request": {signed.object(claimed("resource", resource))}}
	}
	for name, values := range targets {
		fields, _ := plain.request(url.Values{"resource": values})
		if a := plain.push(fields); a.status != 400 || a.text("error") != "invalid_target" {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
		signed.push(object(values)).want(t, 400, "invalid_target")
	}
	signed.push(object([]any{1})).want(t, 400, "invalid_request_object")
	signed.push(object(both)).want(t, 201, "")
	signed.push(object(reports)).want(t, 201, "")

	uri, verifier := plain.pushed(url.Values{"resource": both})
	code := plain.answered(plain.open(b.signedIn(), uri, url.Values{"resource": {"https://other.example"}})).Get("code")
	a := plain.post("/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback},
		"code_verifier": {verifier}, "resource": {reports}}, plain.proof("POST", "/token", ""))
	a.want(t, 200, "")
	if aud := claim(t, a.text("access_token"), "aud"); aud != reports {
		t.Errorf("aud %v", aud)
	}
}

// TestServiceResources covers RFC 8707 where no member is: client_credentials; and the
// device authorization endpoint.
func TestServiceResources(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(func(m *provider.Metadata) {
		*m = provider.Metadata{ClientName: "Batch", Profile: provider.ProfileService, Audience: []string{reports, letters}}
	})
	device, deviceSecret := b.client(func(m *provider.Metadata) {
		*m = provider.Metadata{ClientName: "Quiosco", GrantTypes: []string{deviceGrant}, Audience: []string{reports, letters}}
	})
	ask := func(resource ...string) answer {
		return b.token(id, secret, url.Values{"grant_type": {"client_credentials"}, "resource": resource})
	}
	for _, resource := range []string{reports, letters} {
		a := ask(resource)
		a.want(t, 200, "")
		if aud := claim(t, a.text("access_token"), "aud"); aud != resource {
			t.Errorf("aud %v, want %s", aud, resource)
		}
	}
	ask(reports, letters).want(t, 400, "invalid_target")
	for name, values := range targets {
		ask(values...).want(t, 400, "invalid_target")
		if status, _, body := b.post("/device_authorization", device, deviceSecret, url.Values{"resource": values}); status != 400 || !strings.Contains(body, "invalid_target") {
			t.Errorf("device, %s: %d %s", name, status, body)
		}
	}
	if status, _, body := b.post("/device_authorization", device, deviceSecret, url.Values{"resource": {letters, reports}}); status != 200 {
		t.Errorf("device: %d %s", status, body)
	}
	var stored []string
	must(t, b.db.Pool().QueryRow(t.Context(), "select audience from device_codes").Scan(&stored))
	if len(stored) != 2 || stored[0] != letters || stored[1] != reports {
		t.Errorf("the device code is for %v", stored)
	}
}

// TestAuthorizationDetails covers RFC 9396 5: no type is known, so each is refused, and
// the metadata names none.
func TestAuthorizationDetails(t *testing.T) {
	t.Parallel()
	const details, code = `[{"type":"payment_initiation"}]`, "invalid_authorization_details"
	b := newBench(t, 4)
	id, secret := b.client(nil)
	p := b.party(callback, nil)
	address, _ := b.request(id, url.Values{"authorization_details": {details}})
	if q := b.browser().get(address).location.Query(); q.Get("error") != code || q.Get("state") != "s" {
		t.Errorf("authorize answered %v", q)
	}
	fields, _ := p.request(url.Values{"authorization_details": {details}})
	p.push(fields).want(t, 400, code)
	b.token(id, secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "authorization_details": {details}}).want(t, 400, code)
	if status, _, body := b.post("/device_authorization", id, secret, url.Values{"authorization_details": {details}}); status != 400 || !strings.Contains(body, code) {
		t.Errorf("device authorization: %d %s", status, body)
	}
	fields, _ = p.request(url.Values{"authorization_details": {""}}) // as if it were not sent
	p.push(fields).want(t, 201, "")
	var doc map[string]any
	must(t, json.Unmarshal([]byte(b.browser().get("/.well-known/openid-configuration").body), &doc))
	if doc["authorization_details_types_supported"] != nil {
		t.Errorf("the metadata names %v", doc["authorization_details_types_supported"])
	}
}
