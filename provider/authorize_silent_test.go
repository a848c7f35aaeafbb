package provider_test

import (
	"net/url"
	"testing"
	"time"
)

// TestSilentIsNoUse (S-23): an app that asks with prompt=none does so by itself. It keeps no session
// open that nobody uses.
func TestSilentIsNoUse(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(nil)
	w := b.signedIn()
	ask := func() url.Values {
		address, _ := b.request(id, url.Values{"prompt": {"none"}})
		p := w.get(address)
		if p.location == nil {
			t.Fatalf("no answer: %s (%d)\n%s", p.url, p.status, p.body)
		}
		return p.location.Query()
	}
	for range 7 {
		b.clock.advance(2 * time.Minute)
		if q := ask(); q.Get("code") == "" {
			t.Fatalf("while the session lasts: %v", q)
		}
	}
	b.clock.advance(2 * time.Minute)
	if q := ask(); q.Get("error") != "login_required" {
		t.Errorf("after 16 minutes without use: %v", q)
	}
}
