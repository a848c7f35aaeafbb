package provider_test

import (
	"net/url"
	"sync"
	"testing"
	"time"
)

// Members who have allowed partner apps something are reminded half a year later and then once a year, whatever the
// number of instances; who allows nothing any more is not.
func TestAppsReminder(t *testing.T) {
	t.Parallel()
	b := newBench(t, 8)
	w := b.signedIn()
	allow := func() string {
		t.Helper()
		id, _ := b.partner(nil)
		address, _ := b.request(id, url.Values{"scope": {"openid profile"}})
		if p := w.submit(w.get(address), url.Values{"act": {"accept"}, "group_profile": {"yes"}, "duration": {"13m"}}); p.location == nil {
			t.Fatalf("accept led to %s (%d)", p.url, p.status)
		}
		return id
	}
	mails := func() (n int) {
		t.Helper()
		must(t, b.db.From(t.Context()).QueryRow(t.Context(), `select count(*) from mails where kind = 'apps_reminder'`).Scan(&n))
		return n
	}
	remind := func(want int, when string) {
		t.Helper()
		var all sync.WaitGroup
		for range 4 { // instances
			all.Go(func() {
				if err := b.provider.RemindApps(t.Context()); err != nil {
					t.Errorf("RemindApps: %v", err)
				}
			})
		}
		all.Wait()
		if n := mails(); n != want {
			t.Errorf("%s: %d mails, want %d", when, n, want)
		}
	}
	one := allow()
	allow()
	remind(0, "at once")
	b.clock.advance(180 * 24 * time.Hour)
	remind(0, "before half a year")
	b.clock.advance(3 * 24 * time.Hour)
	remind(1, "after half a year")
	remind(1, "once more")
	b.clock.advance(360 * 24 * time.Hour)
	w = b.signedIn()
	two := allow()
	remind(1, "before a year")
	b.clock.advance(7 * 24 * time.Hour)
	remind(2, "after a year")
	must(t, b.provider.StopApp(t.Context(), b.account.ID, one))
	must(t, b.provider.StopApp(t.Context(), b.account.ID, two))
	b.clock.advance(366 * 24 * time.Hour)
	remind(2, "with no app")
	var rows int
	must(t, b.db.From(t.Context()).QueryRow(t.Context(), `select count(*) from app_reminders`).Scan(&rows))
	if rows != 0 {
		t.Errorf("%d rows are left", rows)
	}
}
