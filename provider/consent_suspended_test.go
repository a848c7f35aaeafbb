package provider_test

import (
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"huskyidp/provider"
)

// Members are notified once, by name, each time an app that they have allowed something is disabled; their list says so, and the
// permission can still be stopped.
func TestSuspendedApps(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.partner(nil)
	other, _ := b.partner(func(m *provider.Metadata) { m.ClientName = "Otra" })
	w := b.signedIn()
	for _, app := range []string{id, other} {
		address, _ := b.request(app, url.Values{"scope": {"openid profile"}})
		w.submit(w.get(address), url.Values{"act": {"accept"}, "group_profile": {"yes"}, "duration": {"13m"}}).wantCode(t)
	}
	notify := func(want int, when string) {
		t.Helper()
		var instances sync.WaitGroup
		for range 4 {
			instances.Go(func() {
				if err := b.provider.NotifySuspended(t.Context()); err != nil {
					t.Errorf("NotifySuspended: %v", err)
				}
			})
		}
		instances.Wait()
		var n int
		must(t, b.db.From(t.Context()).QueryRow(t.Context(), `select count(*) from mails where kind = 'app_suspended'`).Scan(&n))
		if n != want {
			t.Errorf("%s: %d mails, want %d", when, n, want)
		}
	}
	notify(0, "before")
	b.clock.advance(time.Minute)
	must(t, b.clients.Disable(t.Context(), id, "sells data"))
	notify(1, "disabled")
	notify(1, "once more")
	if text := b.mailed("app_suspended"); !strings.Contains(text, "«Mi Diario». Por ahora no puede pedir") || strings.Contains(text, "sells data") {
		t.Errorf("the mail:\n%s", text)
	}
	apps, err := b.provider.ConnectedApps(t.Context(), b.account.ID)
	must(t, err)
	for _, app := range apps {
		if app.Suspended != (app.ClientID == id) || app.Name == app.ClientID || app.Operator != "Diario S. A." {
			t.Errorf("the list has %+v", app)
		}
	}
	b.clock.advance(time.Minute)
	must(t, b.clients.Enable(t.Context(), id, ""))
	notify(1, "given back")
	b.clock.advance(time.Minute)
	must(t, b.clients.Disable(t.Context(), id, "again"))
	notify(2, "disabled again")
	must(t, b.provider.StopApp(t.Context(), b.account.ID, id))
	if text := b.mailed("app_stopped"); !strings.Contains(text, "«Mi Diario»") {
		t.Errorf("the mail of a stopped app that is suspended:\n%s", text)
	}
	b.clock.advance(time.Minute)
	must(t, b.clients.Enable(t.Context(), id, ""))
	must(t, b.clients.Disable(t.Context(), id, "a third time"))
	notify(2, "without a permission")
}
