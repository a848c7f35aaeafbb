package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"huskyidp/internal/rig"
)

// probe repeatedly checks what both instances answer while the database is unavailable.
type probe struct {
	stage  *stage
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu      sync.Mutex
	n       int
	slowest time.Duration
	wrong   map[string]int
}

// due is how soon an answer is expected, with a margin for the machine.
const due = 2*time.Second + 300*time.Millisecond

// probed is what must be answered, and how.
type probed struct {
	method, path string
	private      bool
	status       int
}

var (
	keysGoOn        = []probed{{"GET", "/jwks", false, 200}, {"GET", "/.well-known/openid-configuration", false, 200}, {"GET", "/livez", true, 200}, {"GET", "/readyz", true, 503}}
	withoutDatabase = append([]probed{{"GET", "/account", false, 503}, {"POST", "/token", false, 503}, {"POST", "/revoke", false, 503}}, keysGoOn...)
	readOnly        = keysGoOn // reads may be answered; writes are covered by the tally of all requests
)

// outage begins a second after the fault, when every connection has been affected.
func (s *stage) outage(all []probed) *probe {
	ctx, cancel := context.WithCancel(s.ctx)
	p := &probe{stage: s, cancel: cancel, wrong: map[string]int{}}
	for _, i := range s.instances {
		for _, a := range all {
			p.group.Go(func() {
				for rig.Pause(ctx, 500*time.Millisecond) {
					p.ask(i, a.method, a.path, a.private, a.status)
				}
			})
		}
	}
	return p
}

func (p *probe) ask(i *rig.Instance, method, path string, private bool, want int) {
	address, body := i.Address, ""
	if private {
		address = i.Health
	}
	if method == "POST" {
		body = "grant_type=refresh_token&client_id=app&refresh_token=" + strings.Repeat("A", 43) + "&token=" + strings.Repeat("A", 43)
	}
	r, err := http.NewRequestWithContext(p.stage.ctx, method, "http://"+address+path, strings.NewReader(body))
	if err != nil {
		return
	}
	r.Host = issuer
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-For", "192.0.2.7")
	r.AddCookie(&http.Cookie{Name: "__Host-session", Value: strings.Repeat("A", 43)}) // so that the page asks the database
	began := time.Now()
	answer, err := p.stage.balancer.transport.RoundTrip(r)
	took := time.Since(began)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	p.slowest = max(p.slowest, took)
	if err != nil {
		p.wrong[fmt.Sprintf("%s breaks off", path)]++
		return
	}
	_, _ = io.Copy(io.Discard, answer.Body) // so that the connection is reused
	_ = answer.Body.Close()
	switch {
	case answer.StatusCode != want:
		p.wrong[fmt.Sprintf("%s = %d", path, answer.StatusCode)]++
	case want == 503 && !private && answer.Header.Get("Retry-After") == "":
		p.wrong[path+" has no Retry-After"]++
	case took > due:
		p.wrong[path+" takes longer than 2s"]++
	}
}

// end reports the outcome.
func (p *probe) end(r *result) {
	p.cancel()
	p.group.Wait()
	text := fmt.Sprintf("meanwhile %d probes, slowest %s", p.n, span(p.slowest))
	if len(p.wrong) == 0 {
		text += ", all as promised"
	}
	for what, n := range p.wrong {
		text += fmt.Sprintf(", %d × %s", n, what)
	}
	r.want(len(p.wrong) == 0, "%s", text)
}
