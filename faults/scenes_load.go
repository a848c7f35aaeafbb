package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"huskyidp/internal/rig"
)

// The rated load is of two machines with four cores each: 50 sign-ins and 200 requests for tokens a second.
const (
	ratedSignIns = 50.0 / 8 // a second and core
	ratedTokens  = 200 / 8
)

// ratedLoad is the rated load by the cores of this machine, though the load program, the database and both instances share them.
func ratedLoad(s *stage, r *result) error {
	people, err := s.signedIn(40)
	if err != nil {
		return err
	}
	holders, members := people[:20], people[20:]
	const lasts = 30 * time.Second
	cores := runtime.NumCPU()
	end := time.Now().Add(lasts)
	tokens, keys := make(chan answers), make(chan answers)
	go func() { tokens <- s.refreshers(holders, ratedTokens*cores, lasts) }()
	go func() { keys <- s.keysUntil(end) }()
	signed, refused, others := s.crowd(members, ratedSignIns*float64(cores), lasts)
	refreshed, fetched := <-tokens, <-keys
	for _, p := range people {
		s.ledger.back(p)
	}
	r.want(len(refused)+len(others) == 0 && signed.part(0.99) <= time.Second, "for %d cores %.1f sign-ins a second: %d, of them %d refused, %d lost; p99 %s",
		cores, ratedSignIns*float64(cores), len(signed)+len(refused)+len(others), len(refused), len(others), span(signed.part(0.99)))
	r.want(len(refreshed) == len(refreshed.good()) && refreshed.part(0.99) <= 250*time.Millisecond, "%d tokens a second, each also tried at userinfo: %d, of them %d refused, p99 of both %s",
		ratedTokens*cores, len(refreshed), len(refreshed)-len(refreshed.good()), span(refreshed.part(0.99)))
	r.want(fetched.part(0.99) <= 50*time.Millisecond, "JWKS p99 %s of %d", span(fetched.part(0.99)), len(fetched))
	r.noFaults(s.tally.now())
	return nil
}

// keysUntil fetches the JWK Set ten times a second.
func (s *stage) keysUntil(end time.Time) answers {
	watched := &tally{}
	for time.Now().Before(end) && rig.Pause(s.ctx, 100*time.Millisecond) {
		r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, "http://"+issuer+"/jwks", nil)
		if err != nil {
			break
		}
		r.Host = issuer
		began, status := time.Now(), 0
		if answer, err := s.balancer.Send(r); err == nil {
			_, _ = io.Copy(io.Discard, answer.Body) // so that the connection is used again
			_ = answer.Body.Close()
			status = answer.StatusCode
		}
		watched.add("/jwks", status, began)
	}
	return watched.take()
}

// overload signs in three times as fast as one instance can. The other one is stopped: an instance has a machine of its own as a
// rule, and leaves one of its cores to what is no sign-in.
func overload(s *stage, r *result) error {
	if _, err := s.instances[1].Stop(); err != nil {
		return err
	}
	s.populate(30)
	people, err := s.signedIn(30)
	if err != nil {
		return err
	}
	holders, members := people[:10], people[10:]
	rated := s.capacity(members, 8*time.Second)
	r.say("rated here: %.1f sign-ins a second", rated)
	calm := s.refreshers(holders, 20, 4*time.Second)
	const lasts = 15 * time.Second
	tokens := make(chan answers)
	go func() { tokens <- s.refreshers(holders, 20, lasts) }()
	signed, refused, others := s.crowd(members, 3*rated, lasts)
	ended := time.Now()
	during := <-tokens
	goodput := float64(len(signed)) / lasts.Seconds()
	r.want(goodput >= 0.8*rated, "asked for three times that: %.1f a second (%.0f %%), %d refused, %d lost", goodput, 100*goodput/rated, len(refused), len(others))
	r.want(signed.part(0.99) <= 2*time.Second, "admitted p99 %s", span(signed.part(0.99)))
	r.want(refused.part(0.99) <= 100*time.Millisecond, "refusals: half within %s, nine of ten within %s, p99 %s", span(refused.part(0.5)), span(refused.part(0.9)), span(refused.part(0.99)))
	r.want(during.part(0.99) <= 250*time.Millisecond, "token p99 %s before, %s meanwhile, %d of %d refused", span(calm.part(0.99)), span(during.part(0.99)), len(during)-len(during.good()), len(during))
	normal, err := s.normalAgain(members[0], ended)
	if err != nil {
		return err
	}
	r.want(normal <= 5*time.Second, "normal %s after it", span(normal))
	for _, p := range people {
		s.ledger.back(p)
	}
	r.noFaults(s.tally.now())
	return nil
}

// capacity is how many sign-ins a second the service does when enough are asked for at a time.
func (s *stage) capacity(people []*person, lasts time.Duration) float64 {
	var n atomic.Int64
	var group sync.WaitGroup
	end := time.Now().Add(lasts)
	for k := range 16 { // as many as keep every slot of the hash busy
		group.Go(func() {
			for time.Now().Before(end) && s.ctx.Err() == nil {
				if status, took := s.press(people[(k+int(n.Load()))%len(people)]); status == http.StatusSeeOther && took < 2*time.Second {
					n.Add(1)
				}
			}
		})
	}
	group.Wait()
	return float64(n.Load()) / lasts.Seconds()
}

// press is a sign-in that somebody begins anew, from an address of their own: the form, then the name and the password. The
// answer is that to the latter; 0 where it was not reached.
func (s *stage) press(p *person) (status int, took time.Duration) {
	b := s.journeys.visitor(p)
	n := s.presses.Add(1)
	b.Source = fmt.Sprintf("172.%d.%d.%d", 16+n>>16&15, n>>8&255, n&255)
	if b.Get(s.ctx, "/login") != nil || b.Status != http.StatusOK {
		return 0, 0
	}
	at, refused := b.At, false
	var began time.Time
	b.Send = func(r *http.Request) (*http.Response, error) { // the answer to the post, and the page of a refusal behind it, not the account's
		if began.IsZero() {
			began = time.Now()
		}
		answer, err := s.balancer.Send(r)
		if err == nil && (status == 0 || refused) {
			status, took = answer.StatusCode, time.Since(began)
			refused = !refused && strings.Contains(answer.Header.Get("Location"), "refused=")
		}
		return answer, err
	}
	b.At = at
	_ = b.Submit(s.ctx, url.Values{"username": {p.Username}, "password": {p.Password}}) // status has it
	return status, took
}

// crowd begins sign-ins at an even rate, whether or not those before are done.
func (s *stage) crowd(people []*person, rate float64, lasts time.Duration) (signed, refused, others answers) {
	var group sync.WaitGroup
	all := &tally{}
	ticks := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer ticks.Stop()
	end := time.After(lasts)
	for n := 0; ; n++ {
		select {
		case <-end:
			group.Wait()
			a := all.take()
			others = a.where(func(one answer) bool {
				return one.status != http.StatusSeeOther && one.status != http.StatusServiceUnavailable
			})
			return a.good(), a.refused(), others
		case <-ticks.C:
			group.Go(func() {
				status, took := s.press(people[n%len(people)])
				all.add("/login", status, time.Now().Add(-took))
			})
		}
	}
}

// normalAgain is how soon after an instant a sign-in takes less than a second.
func (s *stage) normalAgain(p *person, since time.Time) (took time.Duration, err error) {
	err = rig.Eventually(s.ctx, 30*time.Second, "sign-in within a second", func() bool {
		status, one := s.press(p)
		took = time.Since(since)
		return status == http.StatusSeeOther && one < time.Second
	})
	return took, err
}

// slowConnections has a thousand clients that send a byte now and then.
func slowConnections(s *stage, r *result) error {
	people, err := s.signedIn(10)
	if err != nil {
		return err
	}
	s.tally.take()
	var opened, alive atomic.Int64
	var group sync.WaitGroup
	end := make(chan struct{})
	for n := range 1000 {
		group.Go(func() {
			conn, err := net.DialTimeout("tcp", s.instances[n%2].Address, 5*time.Second)
			if err != nil {
				return
			}
			defer conn.Close()
			opened.Add(1)
			alive.Add(1)
			defer alive.Add(-1)
			_, _ = fmt.Fprintf(conn, "POST /token HTTP/1.1\r\nHost: %s\r\nContent-Length: 5000\r\nX-Slow: ", issuer) // whoever hangs up, the loop sees it
			go func() { _, _ = io.Copy(io.Discard, conn); _ = conn.Close() }()
			for {
				select {
				case <-end:
					return
				case <-time.After(time.Second):
				}
				if _, err := conn.Write([]byte("a")); err != nil {
					return
				}
			}
		})
	}
	time.Sleep(500 * time.Millisecond)
	most := alive.Load()
	a := s.refreshers(people, 40, 15*time.Second)
	left := alive.Load()
	close(end)
	group.Wait()
	for _, p := range people {
		s.ledger.back(p)
	}
	if most == 0 {
		return errors.New("no slow connection was had")
	}
	r.want(most >= 950, "%d slow connections at once, %d of them left after 15 s", most, left)
	r.want(a.part(0.99) <= 500*time.Millisecond && len(a) == len(a.good()), "%d token requests meanwhile, %d failed, p99 %s", len(a), len(a)-len(a.good()), span(a.part(0.99)))
	r.noFaults(s.tally.now())
	return nil
}
