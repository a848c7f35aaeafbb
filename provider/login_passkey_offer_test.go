package provider_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// Whose device can make a passkey is offered one after a sign-in, once, on a browser that is their own as far as can be
// notified; it can be declined. Nobody else sees the page, and its address alone redirects.
func TestPasskeyIsOffered(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(nil)
	signInAs := func(w *browser, name, platform string) page {
		t.Helper()
		b.clock.advance(time.Minute)
		address, _ := b.request(id, nil)
		return w.submit(w.get(address), url.Values{"username": {name}, "password": {password}, "platform": {platform}})
	}
	signIn := func(w *browser, platform string) page { t.Helper(); return signInAs(w, username, platform) }
	leave := func(w *browser) {
		t.Helper()
		w.submit(w.get("/logout"), url.Values{"act": {"confirm"}})
	}
	offered := func(p page) bool { return p.url.Path == "/login/passkey-offer" }
	own := b.browser()
	if p := signIn(own, "yes"); p.location == nil {
		t.Fatalf("a browser that was never used here led to %s (%d)", p.url, p.status)
	}
	leave(own)
	if p := signIn(own, ""); p.location == nil {
		t.Fatalf("a device without an authenticator led to %s", p.url)
	}
	if p := own.get("/login/passkey-offer"); p.url.Path != "/account" {
		t.Errorf("its address alone = %s", p.url)
	}
	leave(own)
	b.newAccount("juan", "012345679")
	family := b.browser()
	for _, name := range []string{username, "juan", username, "juan"} {
		if p := signInAs(family, name, "yes"); p.location == nil {
			t.Errorf("a family's browser led %s to %s (%d)", name, p.url, p.status)
		}
		leave(family)
	}
	p := signIn(own, "yes")
	if !offered(p) || !strings.Contains(p.body, say("provider.passkey_offer.title")) || !strings.Contains(p.body, "/account/factors/passkey?flow=") {
		t.Fatalf("the sign-in led to %s (%d)\n%s", p.url, p.status, p.body)
	}
	if later := own.get(b.issuer + "/authorize/resume?flow=" + p.url.Query().Get("flow")); later.location == nil || later.location.Query().Get("code") == "" {
		t.Errorf("not now led to %s (%d)", later.url, later.status)
	}
	if again := own.get(p.url.String()); offered(again) {
		t.Error("Back offers it again")
	}
	leave(own)
	if p := signIn(own, "yes"); p.location == nil {
		t.Errorf("the next sign-in led to %s", p.url)
	}
}
