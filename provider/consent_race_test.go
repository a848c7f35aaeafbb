package provider_test

import (
	"context"
	"net/url"
	"testing"

	"huskyidp/internal/postgres/postgrestest"
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
	var done <-chan page
	must(t, b.db.InTx(t.Context(), func(ctx context.Context) error {
		err := b.accounts.EndSessions(ctx, b.account.ID, "")
		done = postgrestest.Beside(t, b.db, func() page {
			return w.submit(consent, url.Values{"act": {"accept"}, "group_profile": {"yes"}, "duration": {"90d"}})
		})
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
