package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// load are members at work, a few at a time, until stop.
type load struct {
	end    chan struct{}
	cancel context.CancelFunc
	group  sync.WaitGroup
}

// pace is the pause of a worker between two journeys: it leaves CPU to the service.
const pace = 40 * time.Millisecond

// work starts n workers.
func (s *stage) work(n int) *load {
	ctx, cancel := context.WithCancel(s.ctx)
	l := &load{end: make(chan struct{}), cancel: cancel}
	for range n {
		l.group.Go(func() {
			for {
				select {
				case <-l.end:
					return
				case <-ctx.Done():
					return
				case <-time.After(pace):
				}
				s.journey(ctx)
			}
		})
	}
	return l
}

// stop lets running journeys finish.
func (l *load) stop() {
	close(l.end)
	late := time.AfterFunc(30*time.Second, l.cancel)
	l.group.Wait()
	late.Stop()
	l.cancel()
}

// during keeps n workers busy while fn runs.
func (s *stage) during(n int, happens func() error) error {
	l := s.work(n)
	defer l.stop()
	return happens()
}

// journey runs one of a person's journeys.
func (s *stage) journey(ctx context.Context) {
	dice := rand.IntN(100)
	p := s.ledger.take(dice >= 20)
	if p == nil {
		p = s.ledger.take(dice < 20)
	}
	if p == nil {
		return
	}
	defer s.ledger.back(p)
	if p.account != yes {
		_ = s.journeys.register(ctx, p) // the ledger has the outcome
		return
	}
	if p.browser == nil || len(p.families) == 0 || dice < 40 {
		if p.app != nil && !p.app.ready() {
			return // the next code is half a minute away
		}
		if s.journeys.signIn(ctx, p) != nil {
			return
		}
	}
	f := p.families[len(p.families)-1]
	switch {
	case dice < 27 && !p.secured && !p.recovered:
		_ = s.journeys.secure(ctx, p)
	case dice < 70:
		for range 3 {
			if s.journeys.refresh(ctx, p, f) != nil {
				return
			}
		}
	case dice < 80:
		_ = s.journeys.revoke(ctx, p, f)
	case dice < 90:
		_ = s.journeys.signOut(ctx, p)
	case dice < 94:
		_ = s.journeys.recover(ctx, p)
	case dice < 97:
		s.call(ctx, p)
	default:
		_ = s.journeys.refresh(ctx, p, f)
	}
}

// call is a person's call to the desk, if an agent is free.
func (s *stage) call(ctx context.Context, p *person) {
	select {
	case a := <-s.journeys.agents:
		if s.journeys.signIn(ctx, p) == nil {
			_ = s.journeys.signedOutByDesk(ctx, a, p)
		}
		if a.acts < agentActs {
			s.journeys.agents <- a
		}
	default:
	}
}

// populate creates accounts for scenes that need some.
func (s *stage) populate(n int) {
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for s.accounts() < n && s.ctx.Err() == nil {
				p := s.ledger.take(false)
				if p == nil {
					return
				}
				_ = s.journeys.register(s.ctx, p)
				s.ledger.back(p)
			}
		})
	}
	group.Wait()
}

func (s *stage) accounts() int {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	return len(s.ledger.idle)
}
