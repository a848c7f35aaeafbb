package provider_test

import (
	"net/url"
	"testing"
)

// TestRoundTrips holds the numbers of performance.md section 2. The session look-up of
// package accounts is one of authorize's.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1) // a statement that left its unit would wait for ever
	one, _ := b.parties(signedOnly)
	id, secret := b.client(nil)
	server, serverSecret := b.fhirServer("records", nil)
	app, _ := b.smartApp(launchScope, nil)
	w := b.signedIn()
	measure := func(use func()) int64 {
		before := b.trips.Total()
		use()
		return b.trips.Total() - before
	}
	var first answer
	var code, verifier string
	var pushed answer
	object := url.Values{"request": {one.object()}}
	for _, step := range []struct {
		name string
		max  int64
		use  func()
	}{
		{"authorize, signed in (session, grant)", 2, func() { code, verifier = b.code(w, id) }},
		{"code exchange (load, write)", 2, func() { first = b.redeem(id, secret, code, verifier) }},
		{"refresh (load, write)", 2, func() { first = b.refresh(id, secret, first.text("refresh_token")) }},
		{"userinfo, openid alone", 1, func() { b.userinfo(first.text("access_token")).want(t, 200, "") }},
		{"push of a signed request (assertion, write)", 2, func() { pushed = one.push(object) }},
		{"authorize with a pushed request, signed in (request, session, grant)", 3, func() {
			one.answered(one.open(w, pushed.text("request_uri"), nil))
		}},
		{"revocation of an access token (look up, write)", 2, func() {
			if status, _, body := b.post("/revoke", id, secret, url.Values{"token": {first.text("access_token")}}); status != 200 {
				t.Errorf("revocation: %d %s", status, body)
			}
		}},
		{"discovery", 0, func() { w.get("/.well-known/openid-configuration") }},
		{"jwks", 0, func() { w.get("/jwks") }},
		{"a FHIR server's smart-configuration", 0, func() { w.get("/fhir/records/.well-known/smart-configuration") }},
		{"launch of an app (member, write)", 2, func() {
			if status, _, body := b.post("/smart/launch", server, serverSecret, url.Values{"app": {app}, "patient": {b.account.MemberID.String()}}); status != 201 {
				t.Errorf("launch: %d %s", status, body)
			}
		}},
	} {
		if got := measure(step.use); got > step.max {
			t.Errorf("%s: %d round trips, want at most %d", step.name, got, step.max)
		} else {
			t.Logf("%s: %d round trips", step.name, got)
		}
	}
	if first.status != 200 {
		t.Errorf("refresh answered %v", first.body)
	}
}
