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
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// TestRotationUnderLoad rotates both signing keys while two instances serve: no request
// fails, what either signed verifies at the other, and both publish the same keys
// (S-45, R-13).
func TestRotationUnderLoad(t *testing.T) {
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
	time.Sleep(time.Second) // both have seen the client
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
	var served, signers sync.Map
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
				signers.Store(header(t, field(body, "access_token"), "kid"), true)
				signers.Store(header(t, field(body, "id_token"), "kid"), true)
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
		time.Sleep(300 * time.Millisecond)
		if _, err := b.keys.Rotate(ctx, alg, true); err != nil {
			t.Error(err)
		}
	}
	time.Sleep(1500 * time.Millisecond) // both instances sign with the new keys
	done.Store(true)
	group.Wait()

	kids := 0
	signers.Range(func(any, any) bool { kids++; return true })
	if kids != 4 {
		t.Errorf("%d keys signed under load, want two before and two after", kids)
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
