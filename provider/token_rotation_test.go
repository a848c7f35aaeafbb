package provider_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
)

// TestRotationUnderLoad rotates both signing keys while two instances serve: no request
// fails, what either signed verifies at the other, and both publish the same keys
// (S-45, R-13).
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	b := newBench(t, 16)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	one := b.instance()
	two := b.instance()
	id, secret := b.client(nil)
	for _, i := range []instance{one, two} {
		go i.keys.Run(ctx, slog.New(slog.DiscardHandler))
		go i.clients.Watch(ctx, slog.New(slog.DiscardHandler))
	}
	b.until("both instances know the client", func() bool {
		_, here := one.clients.Get(id)
		_, there := two.clients.Get(id)
		return here == nil && there == nil
	})
	host := strings.TrimPrefix(b.issuer, "https://")
	ask := func(i instance, method, path, authorization, body string) (int, string) {
		r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
		r.Host = host
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		} else {
			r.SetBasicAuth(id, secret)
		}
		w := httptest.NewRecorder()
		i.engine.ServeHTTP(w, r)
		answer, _ := io.ReadAll(w.Body)
		return w.Code, string(answer)
	}
	var done atomic.Bool
	var served, signers sync.Map // signers by instance and key
	var requests atomic.Int64
	var group sync.WaitGroup
	for worker := range 4 {
		code, verifier := b.code(b.signedIn(), id)
		first := b.redeem(id, secret, code, verifier)
		first.want(t, 200, "")
		group.Go(func() {
			signs, checks := one, two
			if worker%2 == 1 {
				signs, checks = two, one
			}
			refresh := first.text("refresh_token")
			for !done.Load() {
				status, body := ask(signs, http.MethodPost, "/token", "", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}.Encode())
				if status != 200 {
					t.Errorf("refresh: %d %s", status, body)
					return
				}
				refresh = field(body, "refresh_token")
				for _, token := range []string{"access_token", "id_token"} {
					signers.Store([2]any{worker % 2, header(t, field(body, token), "kid")}, true)
				}
				if status, body := ask(checks, http.MethodGet, "/userinfo", "Bearer "+field(body, "access_token"), ""); status != 200 {
					t.Errorf("userinfo at the other instance: %d %s", status, body)
					return
				}
				served.Store(field(body, "id_token"), true)
				requests.Add(2)
			}
		})
	}
	for _, alg := range []string{"ES256", "RS256"} {
		before := requests.Load()
		b.until("both instances are busy", func() bool { return requests.Load() > before+20 || t.Failed() })
		if _, err := b.keys.Rotate(ctx, alg, true); err != nil {
			t.Error(err)
		}
	}
	signed := func() (kids map[any]bool, pairs int) {
		kids = map[any]bool{}
		signers.Range(func(by, _ any) bool { kids[by.([2]any)[1]] = true; pairs++; return true })
		return kids, pairs
	}
	b.until("both instances sign with two keys before and two after", func() bool { _, pairs := signed(); return pairs == 8 || t.Failed() })
	done.Store(true)
	group.Wait()
	if kids, _ := signed(); len(kids) != 4 {
		t.Errorf("%d keys signed under load, want two before and two after", len(kids))
	}
	must(t, b.keys.Reload(t.Context()))
	keys := oidc.NewRemoteKeySet(oidc.ClientContext(t.Context(), b.server.Client()), b.issuer+"/jwks")
	served.Range(func(token, _ any) bool {
		if _, err := keys.VerifySignature(t.Context(), token.(string)); err != nil {
			t.Errorf("a token of before or after does not verify: %v", err)
			return false
		}
		return true
	})
	t.Logf("%d requests, none failed", requests.Load())
}
