package provider_test

import (
	"net/url"
	"testing"
	"time"

	"huskyidp/provider"
)

// TestAssertionsOfBeforeARestore: a restored database has forgotten which were used, so those made before its epoch count as
// used.
func TestAssertionsOfBeforeARestore(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	p := b.holder("ES256", func(m *provider.Metadata) {
		m.Profile, m.TokenEndpointAuthMethod = provider.ProfileOwn, "private_key_jwt"
	})
	now := b.clock.now()
	_, err := b.db.From(t.Context()).Exec(t.Context(), `update settings set raised_at = $1`, now)
	must(t, err)
	ask := func(faults ...fault) answer {
		t.Helper()
		return p.post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "client_assertion": {p.assertion(faults...)}})
	}
	ask(claimed("iat", now.Unix()-1)).want(t, 401, "invalid_client")
	ask(claimed("iat", nil)).want(t, 401, "invalid_client") // it may be of before
	ask(claimed("iat", now.Unix()+1)).want(t, 400, "invalid_grant")
	b.clock.advance(6 * time.Minute)
	ask(claimed("iat", nil)).want(t, 400, "invalid_grant")
}
