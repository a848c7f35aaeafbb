package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"huskyidp/provider"
)

// TestClientErrors: the page of a wrong address shows what was sent, and its number leads
// the operator to the request; no secret is kept, and no more than a hundred requests are.
func TestClientErrors(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	address, _ := b.request(id, url.Values{"redirect_uri": {`https://app.example/wrong?a=<b>`}, "state": {"member-state"}, "login_hint": {"maria"}})
	p := b.browser().get(address)
	if p.status != http.StatusBadRequest || !strings.Contains(p.body, "https://app.example/wrong?a=&lt;b&gt;") {
		t.Errorf("page %d does not show the address: %s", p.status, p.body)
	}
	refused, err := b.clients.Errors(t.Context(), id)
	must(t, err)
	if len(refused) != 1 {
		t.Fatalf("%d refused requests, want one", len(refused))
	}
	if e := refused[0]; !strings.Contains(p.body, e.RequestID) || e.Endpoint != "/authorize" || !strings.Contains(e.Sent, "wrong?a=<b>") ||
		!strings.Contains(e.Sent, "login_hint") || strings.Contains(e.Sent, "maria") || strings.Contains(e.Sent, "member-state") {
		t.Errorf("kept %+v", e)
	}

	b.redeem(id, "secret-of-mine", "code-of-mine", "verifier-of-mine").want(t, 401, "invalid_client")
	b.redeem(id, secret, "code-of-mine", "verifier-of-mine").want(t, 400, "invalid_grant")
	refused, err = b.clients.Errors(t.Context(), id)
	must(t, err)
	if len(refused) != 3 || refused[0].Error != "invalid_grant" || refused[1].Error != "invalid_client" || refused[1].Endpoint != "/token" {
		t.Fatalf("kept %+v", refused)
	}
	for _, e := range refused {
		if strings.Contains(e.Sent, "of-mine") || strings.Contains(e.Sent, secret) {
			t.Errorf("a secret is kept: %s", e.Sent)
		}
	}

	none, _ := b.request(id, url.Values{"prompt": {"none"}})
	b.browser().get(none) // login_required is not the app's fault
	for range 105 {
		b.refresh(id, secret, "x")
	}
	refused, err = b.clients.Errors(t.Context(), id)
	must(t, err)
	if len(refused) > 100 || refused[0].Description == "" {
		t.Errorf("%d are kept, the newest is %+v", len(refused), refused[0])
	}
	for _, e := range refused {
		if e.Error == "login_required" {
			t.Errorf("an everyday answer is kept: %+v", e)
		}
	}
	if _, err := b.clients.Errors(t.Context(), "nobody"); err != provider.ErrNoClient {
		t.Errorf("errors of nobody: %v", err)
	}
}
