package provider_test

import (
	"net/url"
	"strings"
	"testing"

	"huskyidp/accounts"
)

// TestSecondStepAfterAnotherPassword: a sign-in that waits for its second step ends with the password that began it, by
// whichever door of its pages somebody looks.
func TestSecondStepAfterAnotherPassword(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	app := b.enrolApp()
	theirs := b.browser()
	waits := theirs.signIn(theirs.get("/login"))
	if waits.url.Path != "/login/factor/totp" {
		t.Fatalf("the sign-in is at %s", waits.url)
	}
	refused := theirs.submit(waits, url.Values{"code": {"000000"}})
	const fresh = "seis gatos duermen en la mesa"
	must(t, b.accounts.ChangePassword(t.Context(), accounts.PasswordChange{PasswordProof: accounts.PasswordProof{Session: accounts.Session{SID: "sid", AccountID: b.account.ID, Username: username}, Current: password, Source: "192.0.2.1/32"}, New: fresh}))
	for name, open := range map[string]func() page{
		"a reload":         func() page { return theirs.get(waits.url.String()) },
		"the refused form": func() page { return theirs.get(refused.url.String()) },
		"the step":         func() page { return theirs.get("/login/factor") },
		"its code":         func() page { return theirs.submit(waits, url.Values{"code": {app.code()}}) },
		"a malformed code": func() page { return theirs.submit(waits, url.Values{"code": {"12"}}) },
		"whose is it":      func() page { return theirs.get("/login/open") },
	} {
		if p := open(); p.url.Path != "/login" || !strings.Contains(p.body, say("provider.login.given_up")) {
			t.Errorf("%s leads to %s (%d), without the words:\n%s", name, p.url, p.status, p.body)
		}
	}
}
