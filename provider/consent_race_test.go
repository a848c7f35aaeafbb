package provider_test

import (
	"context"
	"net/url"
	"testing"
	"time"
)

// TestConsentWhileTheSessionEnds (S-39): a permission that is pressed while the owner sets another password is not given: the app of whoever
// pressed would have data with the owner's own sign-ins. The request waits for a sign-in.
func TestConsentWhileTheSessionEnds(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.partner(nil)
	w := b.signedIn()
	address, _ := b.request(id, url.Values{"scope": {"openid profile"}})
	consent := w.get(address)
	if consent.url.Path != "/consent" {
		t.Fatalf("at %s", consent.url)
	}
	done := make(chan page, 1)
	must(t, b.db.InTx(t.Context(), func(ctx context.Context) error {
		err := b.accounts.EndSessions(ctx, b.account.ID, "")
		go func() {
			done <- w.submit(consent, url.Values{"act": {"accept"}, "group_profile": {"yes"}, "duration": {"90d"}})
		}()
		select {
		case p := <-done:
			done <- p
		case <-time.After(300 * time.Millisecond):
		}
		return err
	}))
	if p := <-done; p.url.Path != "/login" {
		t.Errorf("led to %s (%d), %v", p.url, p.status, p.location)
	}
	var n int
	must(t, b.db.From(t.Context()).QueryRow(t.Context(), `select count(*) from consents where account_id = $1`, b.account.ID).Scan(&n))
	if n != 0 {
		t.Errorf("%d permissions", n)
	}
}
