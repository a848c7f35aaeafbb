package provider_test

import (
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"huskyidp/accounts"
)

// while more sign in than there is time for, the form comes back at once, with what was typed and how long to wait; tokens
// and pages go on.
func TestBusySignIn(t *testing.T) {
	t.Parallel()
	b := (&bench{t: t, hash: accounts.HashParams{MemoryKiB: 47104, Passes: 12, Lanes: 1}}).start(8)
	const crowd = 12
	browsers := make([]*browser, crowd)
	forms := make([]page, crowd)
	for i := range browsers {
		browsers[i] = b.browser()
		forms[i] = browsers[i].get("/login")
	}
	answers, took := make([]page, crowd), make([]time.Duration, crowd)
	var wg sync.WaitGroup
	for i, w := range browsers {
		wg.Go(func() {
			began := time.Now()
			answers[i] = w.submit(forms[i], url.Values{"username": {username}, "password": {"no es la de nadie"}})
			took[i] = time.Since(began)
		})
	}
	wg.Wait()
	refused := 0
	for i, p := range answers {
		if p.status != 503 {
			continue
		}
		refused++
		if !strings.Contains(p.body, "Muchas personas usan el servicio") || !strings.Contains(p.body, `value="`+username+`"`) || p.header.Get("Retry-After") != "2" {
			t.Errorf("refused with Retry-After %q:\n%s", p.header.Get("Retry-After"), p.body)
		}
		t.Logf("refused after %v", took[i])
	}
	if refused == 0 || refused == crowd {
		t.Errorf("%d of %d were refused", refused, crowd)
	}
}
