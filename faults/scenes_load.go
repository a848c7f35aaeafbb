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

// The rated load is for two machines with four cores each: 50 sign-ins and 200 token requests a second.
const (
	ratedSignIns = 50.0 / 8 // per second and core
	ratedTokens  = 200 / 8
)

// ratedLoad is the rated load for the cores of this machine, which the load program, the database and both instances
// share.
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
	c := s.crowd(members, ratedSignIns*float64(cores), lasts)
	refreshed, fetched := <-tokens, <-keys
	for _, p := range people {
		s.ledger.back(p)
	}
	r.want(len(c.turns)+len(c.refused)+len(c.others) == 0 && c.signed.part(0.99) <= time.Second, "for %d cores %.1f sign-ins a second: %d, and %d that waited for a turn, %d refused, %d lost; p99 %s",
		cores, ratedSignIns*float64(cores), len(c.signed), len(c.turns), len(c.refused), len(c.others), span(c.signed.part(0.99)))
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
			_, _ = io.Copy(io.Discard, answer.Body) // so that the connection is reused
			_ = answer.Body.Close()
			status = answer.StatusCode
		}
		watched.add("/jwks", status, began)
	}
	return watched.take()
}

// overload signs in three times as fast as one instance can. The other one is stopped: an instance usually has a
// machine of its own, and leaves one of its cores to everything but sign-ins.
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
	c := s.crowd(members, 3*rated, lasts)
	ended := time.Now()
	during := <-tokens
	goodput := float64(len(c.signed)+len(c.turns)) / c.span.Seconds()
	r.want(goodput >= 0.8*rated, "asked for three times that: %.1f a second (%.0f %%), %d by a turn, %d refused, %d lost", goodput, 100*goodput/rated, len(c.turns), len(c.refused), len(c.others))
	r.want(c.signed.part(0.99) <= 2*time.Second, "admitted within the request p99 %s", span(c.signed.part(0.99)))
	r.want(len(c.turns) > 0 && c.turns.part(0.99) <= 13*time.Second, "admitted by a turn: half within %s, p99 %s", span(c.turns.part(0.5)), span(c.turns.part(0.99)))
	first := append(c.told, c.refused...)
	r.want(first.part(0.99) <= 100*time.Millisecond, "told so: half within %s, nine of ten within %s, p99 %s", span(first.part(0.5)), span(first.part(0.9)), span(first.part(0.99)))
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

// capacity is how many sign-ins a second the service completes when enough are requested concurrently.
func (s *stage) capacity(people []*person, lasts time.Duration) float64 {
	var n atomic.Int64
	var group sync.WaitGroup
	end := time.Now().Add(lasts)
	for k := range 16 { // as many as keep all slots of the hash busy
		group.Go(func() {
			for time.Now().Before(end) && s.ctx.Err() == nil {
				if is := s.press(people[(k+int(n.Load()))%len(people)]); is.status == http.StatusSeeOther && is.took < 2*time.Second {
					n.Add(1)
				}
			}
		})
	}
	group.Wait()
	return float64(n.Load()) / lasts.Seconds()
}

// pressed is the outcome of a sign-in: the status of its last answer, 0 if there was none, and the time from the press
// to the first answer and to the last. In between the person may have waited for a turn.
type pressed struct {
	status      int
	first, took time.Duration
	waited      bool
}

// press is a sign-in by somebody at an address of their own: the form, name and password, then the page of a refusal or
// the turn, as a browser follows them; not the account's page.
func (s *stage) press(p *person) (is pressed) {
	b := s.journeys.visitor(p)
	n := s.presses.Add(1)
	b.Source = fmt.Sprintf("172.%d.%d.%d", 16+n>>16&15, n>>8&255, n&255)
	if b.Get(s.ctx, "/login") != nil || b.Status != http.StatusOK {
		return is
	}
	began, isOver := time.Now(), false
	b.Send = func(r *http.Request) (*http.Response, error) {
		answer, err := s.balancer.Send(r)
		if err != nil || isOver {
			return answer, err
		}
		is.status, is.took = answer.StatusCode, time.Since(began)
		if is.first == 0 {
			is.first = is.took
		}
		to := answer.Header.Get("Location")
		isTurn := strings.HasPrefix(to, "/login/turn") || answer.Header.Get("Refresh") != ""
		is.waited = is.waited || isTurn
		isOver = !isTurn && !strings.Contains(to, "refused=")
		return answer, nil
	}
	_ = b.Submit(s.ctx, url.Values{"username": {p.Username}, "password": {p.Password}}) // is has its outcome
	return is
}

// crowded is the outcome of a crowd: signed in within the request, signed in by a turn, refused, anything else.
type crowded struct {
	signed, turns, refused, others answers
	told                           answers // the first answers of turns
	span                           time.Duration
}

// crowd starts sign-ins at an even rate, whether or not earlier ones are done.
func (s *stage) crowd(people []*person, rate float64, lasts time.Duration) (c crowded) {
	var group sync.WaitGroup
	var mu sync.Mutex
	ticks := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer ticks.Stop()
	began := time.Now()
	end := time.After(lasts)
	for n := 0; ; n++ {
		select {
		case <-end:
			group.Wait()
			c.span = time.Since(began)
			return c
		case <-ticks.C:
			group.Go(func() {
				is := s.press(people[n%len(people)])
				one := answer{status: is.status, took: is.took}
				mu.Lock()
				defer mu.Unlock()
				switch {
				case is.status == http.StatusSeeOther && is.waited:
					c.turns, c.told = append(c.turns, one), append(c.told, answer{took: is.first})
				case is.status == http.StatusSeeOther:
					c.signed = append(c.signed, one)
				case is.status == http.StatusServiceUnavailable:
					c.refused = append(c.refused, one)
				default:
					c.others = append(c.others, one)
				}
			})
		}
	}
}

// normalAgain is how soon after an instant a sign-in takes less than a second.
func (s *stage) normalAgain(p *person, since time.Time) (took time.Duration, err error) {
	err = rig.Eventually(s.ctx, 30*time.Second, "sign-in within a second", func() bool {
		is := s.press(p)
		took = time.Since(since)
		return is.status == http.StatusSeeOther && is.took < time.Second
	})
	return took, err
}

// slowConnections are a thousand clients that send a byte now and then.
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
