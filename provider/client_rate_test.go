package provider_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"huskyidp/provider"
)

// TestClientRate (S-09): a client that proved itself has so many calls a second, whatever the
// endpoint; a public one has them by source; a stranger cannot use up anybody's.
func TestClientRate(t *testing.T) {
	t.Parallel()
	b := (&bench{t: t}).start(4, func(_ *bench, d *provider.Deps) { d.ClientRate = 1 }) // ten in ten seconds
	id, secret := b.client(nil)
	other, otherSecret := b.client(nil)
	for range 12 {
		b.refresh(id, "wrong", "x").want(t, 401, "invalid_client")
	}
	limited := func(a answer) bool {
		if a.status == http.StatusTooManyRequests && a.header.Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
		return a.status == http.StatusTooManyRequests
	}
	calls := 0
	for ; calls < 20; calls++ {
		path := []string{"/token", "/introspect", "/revoke", "/par"}[calls%4]
		if limited(b.send(b.server.Client(), http.MethodPost, path, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "token": {"x"}}, basic(id, secret))) {
			break
		}
	}
	if calls != 10 {
		t.Errorf("%d calls at once, want 10", calls)
	}
	b.refresh(other, otherSecret, "x").want(t, 400, "invalid_grant")
	b.clock.advance(time.Second)
	b.refresh(id, secret, "x").want(t, 400, "invalid_grant")
	if !limited(b.refresh(id, secret, "x")) {
		t.Error("two calls after a second, want one")
	}
}

// TestDeviceRows: who knows a public client's id can have no more than so many codes stored.
func TestDeviceRows(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	public, _ := b.client(func(m *provider.Metadata) {
		m.TokenEndpointAuthMethod, m.RedirectURIs = "none", []string{"https://spa.example/cb"}
		m.GrantTypes = []string{"urn:ietf:params:oauth:grant-type:device_code", "authorization_code"}
	})
	stopped := 0
	for range 400 {
		a := b.send(b.server.Client(), http.MethodPost, "/device_authorization", url.Values{"client_id": {public}}, nil)
		if a.status == http.StatusTooManyRequests && a.header.Get("Retry-After") != "" {
			stopped++
		}
	}
	var rows int
	must(t, b.db.Pool().QueryRow(t.Context(), `select count(*) from device_codes`).Scan(&rows))
	if rows > 300 || stopped != 400-rows {
		t.Errorf("%d rows, %d of 400 stopped, want at most 300 rows", rows, stopped)
	}
}
