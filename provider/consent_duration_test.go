package provider_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"huskyidp/provider"
)

// A member chooses how long an app may use the data, within the client's maximum; what ends by itself is suggested.
func TestConsentDurations(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		most      int
		offered   []string
		suggested string
	}{
		{0, []string{"once", "90d", "13m", "stop"}, "13m"},
		{1, []string{"once", "1d"}, "1d"},
		{30, []string{"once", "30d"}, "30d"},
		{90, []string{"once", "90d"}, "90d"},
		{200, []string{"once", "90d", "200d"}, "200d"},
	} {
		b := newBench(t, 2)
		id, _ := b.partner(func(m *provider.Metadata) { m.ConsentMaxDays = test.most })
		address, _ := b.request(id, url.Values{"scope": {"openid profile"}})
		p := b.signedIn().get(address)
		var found []string
		for _, value := range []string{"once", "1d", "30d", "90d", "200d", "13m", "stop"} {
			if strings.Contains(p.body, `name="duration" type="radio" value="`+value+`"`) {
				found = append(found, value)
			}
		}
		if !slices.Equal(found, test.offered) || !strings.Contains(p.body, `value="`+test.suggested+`" checked`) {
			t.Errorf("at most %d days: offered %v, want %v with %s ticked", test.most, found, test.offered, test.suggested)
		}
	}
}

// A permission without an end is not asked for again, says so in the mail and on the member's page, and is stopped like any.
func TestConsentUntilStopped(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	id, _ := b.partner(nil)
	w := b.signedIn()
	address, _ := b.request(id, url.Values{"scope": {"openid profile"}})
	allow := url.Values{"act": {"accept"}, "group_profile": {"yes"}, "duration": {"stop"}}
	asked := w.get(address)
	w.submit(asked, allow).wantCode(t)
	w.submit(asked, allow).wantCode(t)
	if text := b.mailed("app_allowed_no_end"); !strings.Contains(text, "hasta que usted la detenga") || strings.Contains(text, "9999") {
		t.Errorf("the mail does not say that the permission has no end:\n%s", text)
	}
	apps, err := b.provider.ConnectedApps(t.Context(), b.account.ID)
	must(t, err)
	if len(apps) != 1 || !apps[0].ExpiresAt.IsZero() {
		t.Errorf("connected apps: %+v, want one without an end", apps)
	}
	b.clock.advance(4 * 366 * 24 * time.Hour)
	w = b.signedIn()
	w.get(address).wantCode(t)
	must(t, b.provider.StopApp(t.Context(), b.account.ID, id))
	if p := w.get(address); p.url.Path != "/consent" {
		t.Errorf("after stopping: %s", p.url)
	}
	narrow, _ := b.partner(func(m *provider.Metadata) { m.ConsentMaxDays = 90 })
	address, _ = b.request(narrow, url.Values{"scope": {"openid profile"}})
	if p := w.submit(w.get(address), allow); p.status != 422 {
		t.Errorf("a duration that is not offered: %d", p.status)
	}
}
