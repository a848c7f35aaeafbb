package provider_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestNoticesOnlyAfterTheEvent: a page shows a notice only right after the event, in the browser where it happened. Opening its address shows none.
func TestNoticesOnlyAfterTheEvent(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	for _, address := range []string{"/device/done", "/device/done?allowed=1"} {
		if p := b.browser().get(address); p.url.Path != "/device" {
			t.Errorf("%s, opened by its address, leads to %s", address, p.url)
		}
	}
	for _, note := range []string{"passkey", "ended", "agreement", "declined"} {
		if p := b.browser().get("/login?note=" + note); p.status != 200 || strings.Contains(p.body, `class="notice`) {
			t.Errorf("/login?note=%s, opened by its address, says what never happened:\n%s", note, p.body)
		}
	}
	if p := b.browser().get("/login/factor"); p.url.Path != "/login" || strings.Contains(p.body, "mucho tiempo") {
		t.Errorf("/login/factor in a fresh browser leads to %s, which says that it was open for long", p.url)
	}
	if p := b.signedIn().get("/logout/done"); p.url.Path != "/logout" {
		t.Errorf("/logout/done leads whoever is signed in to %s", p.url)
	}
	w := b.browser()
	p := w.submit(w.get("/login"), url.Values{"credential": {"{}"}})
	if p.url.Path != "/login" || !strings.Contains(p.body, `class="notice error`) {
		t.Errorf("a passkey that could not be read: %s (%d) does not say so", p.url, p.status)
	}
}
