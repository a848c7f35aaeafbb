package main

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"huskyidp/internal/rig"
)

// killed kills the two instances alternately, without warning, and starts them again.
func killed(s *stage, r *result) error {
	times := 100
	if s.short {
		times = 5
	}
	err := s.during(6, func() error {
		for n := range times {
			if err := s.wait(time.Duration(200+rand.IntN(600)) * time.Millisecond); err != nil {
				return err
			}
			i := s.instances[n%2]
			if err := i.Kill(); err != nil {
				return err
			}
			if err := i.Start(); err != nil {
				return err
			}
			if err := s.balancer.allReady(s.ctx, 20*time.Second); err != nil {
				return err
			}
		}
		return s.wait(time.Second)
	})
	if err != nil {
		return err
	}
	r.say("killed %d times", times)
	r.noFaults(s.tally.now())
	return nil
}

// restart restarts an instance as an operator does: SIGTERM, and an orderly exit.
func (s *stage) restart(i *rig.Instance) (took time.Duration, err error) {
	began := time.Now()
	code, err := i.Stop()
	took = time.Since(began)
	if err != nil {
		return took, err
	}
	if code != 0 {
		return took, errors.New("an instance left with another code than 0: " + i.LogFile)
	}
	if err := i.Start(); err != nil {
		return took, err
	}
	return took, s.balancer.allReady(s.ctx, 20*time.Second)
}

// restartAll restarts one instance after the other.
func (s *stage) restartAll() (slowest time.Duration, err error) {
	for _, i := range s.instances {
		took, err := s.restart(i)
		if err != nil {
			return took, err
		}
		slowest = max(slowest, took)
	}
	return slowest, nil
}

// rollingRestart has apps refresh at a hundred requests a second while both instances are restarted, twice.
func rollingRestart(s *stage, r *result) error {
	people, err := s.signedIn(20)
	if err != nil {
		return err
	}
	s.tally.take()
	done := make(chan answers)
	const lasts = 24 * time.Second
	go func() { done <- s.refreshers(people, 100, lasts) }()
	began := time.Now()
	var slowest time.Duration
	for range 2 {
		took, err := s.restartAll()
		if err != nil {
			return err
		}
		slowest = max(slowest, took)
	}
	finished := time.Since(began)
	got := <-done
	for _, p := range people {
		s.ledger.back(p)
	}
	a := s.tally.now().of("token")
	r.want(slowest <= 30*time.Second, "4 restarts in %s, each leaves with 0, within %s", span(finished), span(slowest))
	r.want(len(a.good()) == len(a), "%.0f a second, %d of %d failed", float64(len(got))/lasts.Seconds(), len(a)-len(a.good()), len(a))
	r.noFaults(s.tally.now())
	return nil
}

// otherInstance sends consecutive requests of a person to different instances.
func otherInstance(s *stage, r *result) error {
	var turn atomic.Int64
	send := s.journeys.send
	s.journeys.send = func(r *http.Request) (*http.Response, error) {
		began := time.Now()
		answer, err := s.balancer.ask(s.instances[turn.Add(1)%2], r)
		if err == nil {
			s.tally.add(r.URL.Path, answer.StatusCode, began)
		}
		return answer, err
	}
	defer func() { s.journeys.send = send }()
	began := time.Now()
	for n := 0; time.Since(began) < 12*time.Second && s.ctx.Err() == nil; n++ { // alone, so that requests alternate
		s.journey(s.ctx)
	}
	a := s.tally.now()
	r.want(len(a.refused()) == 0, "%d requests by turns, %d refused", len(a), len(a.refused()))
	r.noFaults(a)
	return s.elsewhere(r)
}

// elsewhere revokes at one instance and asks the other at once (cached for a second at most).
func (s *stage) elsewhere(r *result) error {
	people, err := s.signedIn(4)
	if err != nil {
		return err
	}
	lived := 0
	for _, p := range people {
		f := p.families[len(p.families)-1]
		if err := s.journeys.revoke(s.ctx, p, f); err != nil {
			return err
		}
		if status, _ := s.journeys.askRefresh(s.ctx, p, f.token); status == http.StatusOK {
			lived++
		}
		s.ledger.back(p)
	}
	r.want(lived == 0, "%d tokens revoked at one and refused at the other at once, %d not", len(people)-lived, lived)
	return nil
}
