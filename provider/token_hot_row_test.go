package provider_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

// while one refresh token's row is held, and its client asks again and again, the tokens of others work; for the held one the client is
// asked to retry. Further parameters of such a request do not bypass this.
func TestHotRow(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(b *bench, id, secret, hot string) int{
		"refresh": func(b *bench, id, secret, hot string) int { return b.refresh(id, secret, hot).status },
		"revocation beside another token": func(b *bench, id, secret, hot string) int {
			status, _, _ := b.post("/revoke", id, secret, url.Values{"token": {hot}, "refresh_token": {rand.Text()}})
			return status
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testHotRow(t, ask)
		})
	}
}

func testHotRow(t *testing.T, ask func(b *bench, id, secret, hot string) int) {
	b := newBench(t, 8)
	id, secret := b.client(nil)
	w := b.signedIn()
	refreshToken := func() string {
		code, verifier := b.code(w, id)
		return b.redeem(id, secret, code, verifier).text("refresh_token")
	}
	hot, cold := refreshToken(), refreshToken()
	var all sync.WaitGroup
	release := make(chan struct{})
	holding := make(chan struct{})
	all.Go(func() {
		must(t, b.db.InTx(context.WithoutCancel(t.Context()), func(ctx context.Context) error {
			_, err := b.db.From(ctx).Exec(ctx, "set local idle_in_transaction_session_timeout = 0")
			must(t, err)
			_, err = b.db.From(ctx).Exec(ctx, "select from refresh_tokens r join grants g on g.id = r.grant_id where r.hash = $1 for update", seal.Digest(hot))
			close(holding)
			<-release
			return err
		}))
	})
	defer all.Wait()
	defer close(release)
	<-holding
	var asked atomic.Int32
	for range 60 {
		all.Go(func() {
			for {
				asked.Add(1)
				if status := ask(b, id, secret, hot); status != 503 && status != 200 {
					t.Errorf("the held token: %d", status)
				}
				select {
				case <-release:
					return
				default:
				}
			}
		})
	}
	owner := postgrestest.Owner(t, b.db) // others do not see what a connection waits for
	b.until("all ask, and some wait for the row", func() bool {
		var waits int
		must(t, owner.QueryRow(t.Context(), `
			select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).Scan(&waits))
		return asked.Load() >= 60 && waits > 0
	})
	for range 5 {
		a := b.refresh(id, secret, cold)
		if a.status != 200 {
			t.Fatalf("another token: %d %s", a.status, a.body)
		}
		cold = a.text("refresh_token")
	}
}
