package provider_test

import (
	"context"
	"net/url"
	"slices"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/provider"
)

// A browser that the member had remembered is asked for the password alone, and the tokens say so (S-19); an app that asks
// for a fresh or a stronger proof gets it, and so does a sensitive change (S-20). Another member there, and another
// browser, prove both.
func TestRememberedBrowser(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	app := b.enrolApp()
	id, secret := b.client(nil)
	strict, _ := b.client(func(m *provider.Metadata) { m.MinimumACR = accounts.ACRFactor })
	w := b.browser()
	signIn := func(w *browser, client string, change url.Values) (page, string) {
		t.Helper()
		address, verifier := b.request(client, change)
		return w.signIn(w.get(address)), verifier
	}
	p, _ := signIn(w, id, nil)
	p = w.submit(p, url.Values{"code": {app.code()}, "remember": {"yes"}})
	if p.location == nil || w.cookie("remembered") == "" {
		t.Fatalf("after the second step at %s (%d), cookie %q", p.url, p.status, w.cookie("remembered"))
	}
	leave := func() {
		t.Helper()
		b.clock.advance(time.Minute)
		w.submit(w.get("/logout"), url.Values{"act": {"confirm"}})
		if w.cookie("session") != "" {
			t.Fatal("the member is not signed out")
		}
	}
	leave()
	p, verifier := signIn(w, id, nil)
	if p.location == nil {
		t.Fatalf("remembered, after the password at %s (%d)\n%s", p.url, p.status, p.body)
	}
	claims, _ := b.verified(b.redeem(id, secret, p.location.Query().Get("code"), verifier).text("id_token"))
	if claims["acr"] != accounts.ACRPassword || !slices.Equal(claims["amr"].([]any), []any{"pwd"}) {
		t.Errorf("S-19: acr %v, amr %v", claims["acr"], claims["amr"])
	}
	if p := w.get("/account/password"); p.url.Path != "/login/factor/totp" {
		t.Errorf("S-20: a sensitive change after the password alone = %s", p.url)
	}
	leave()
	for name, change := range map[string]url.Values{
		"prompt=login": {"prompt": {"login"}}, "max_age": {"max_age": {"3600"}}, "acr_values": {"acr_values": {accounts.ACRFactor}},
		"an essential acr": {"claims": {`{"id_token":{"acr":{"essential":true,"value":"` + accounts.ACRFactor + `"}}}`}},
	} {
		if p, _ := signIn(w, id, change); p.url.Path != "/login/factor/totp" {
			t.Errorf("%s: after the password at %s (%d), want the second step", name, p.url, p.status)
		}
	}
	if p, _ := signIn(w, strict, nil); p.url.Path != "/login/factor/totp" {
		t.Errorf("an app that always asks for more: after the password at %s (%d)", p.url, p.status)
	}
	if p, _ := signIn(b.browser(), id, nil); p.url.Path != "/login/factor/totp" {
		t.Errorf("another browser: after the password at %s (%d)", p.url, p.status)
	}
	b.clock.advance(30 * 24 * time.Hour)
	if p, _ := signIn(w, id, nil); p.url.Path != "/login/factor/totp" {
		t.Errorf("after 30 days: after the password at %s (%d)", p.url, p.status)
	}
}

// A browser that is forgotten while it signs in is asked for the second step, and loses nothing of the app's request.
func TestBrowserForgottenWhileItSignsIn(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	app := b.enrolApp()
	id, _ := b.client(nil)
	w := b.browser()
	address, _ := b.request(id, nil)
	p := w.submit(w.signIn(w.get(address)), url.Values{"code": {app.code()}, "remember": {"yes"}})
	b.clock.advance(time.Minute)
	w.submit(w.get("/logout"), url.Values{"act": {"confirm"}})
	address, _ = b.request(id, nil)
	form := w.get(address)
	var signedIn <-chan page
	err := b.db.InTx(t.Context(), func(ctx context.Context) error {
		err := b.accounts.EndSessions(ctx, b.account.ID, "")
		signedIn = postgrestest.Beside(t, b.db, func() page { return w.signIn(form) })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if p = <-signedIn; p.url.Path != "/login/factor/totp" {
		t.Fatalf("after the password at %s (%d)\n%s", p.url, p.status, p.body)
	}
	b.clock.advance(time.Minute)
	if p = w.submit(p, url.Values{"code": {app.code()}}); p.location == nil || p.location.Query().Get("code") == "" {
		t.Errorf("after the second step at %s (%d), want the app", p.url, p.status)
	}
}
