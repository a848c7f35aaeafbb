package main

import (
	"context"
	"sync"
	"time"

	"huskyidp/internal/rig"

	"github.com/jackc/pgx/v5"
)

// rowLocked locks the grant of one member while their app refreshes continuously, and measures everybody else.
func rowLocked(s *stage, r *result) error {
	lasts := 30 * time.Second
	if s.short {
		lasts = 5 * time.Second
	}
	people, err := s.signedIn(12)
	if err != nil {
		return err
	}
	calm := s.refreshers(people[1:], 25, 5*time.Second)
	r.say("before: %d refreshes, p99 %s", len(calm), span(calm.part(0.99)))
	conn, err := pgx.Connect(s.ctx, s.cluster.primary.server.DSN("idp"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(s.ctx))
	tx, err := conn.Begin(s.ctx)
	if err != nil {
		return err
	}
	// The row that each refresh of that family has to lock: its grant.
	if _, err := tx.Exec(s.ctx, `select id from grants where account_id = (select id from accounts where username = $1) for update`, people[0].Username); err != nil {
		return err
	}
	hot, stop := context.WithTimeout(s.ctx, lasts)
	defer stop()
	var group sync.WaitGroup
	for range 40 { // waiters on the one row, all the time
		group.Go(func() {
			for hot.Err() == nil {
				s.journeys.askRefresh(hot, people[0], people[0].families[0].token)
				rig.Pause(hot, 50*time.Millisecond)
			}
		})
	}
	people[0].families[0].doubt = true
	others := s.refreshers(people[1:], 25, lasts-time.Second)
	stop()
	group.Wait()
	if err := tx.Rollback(s.ctx); err != nil {
		return err
	}
	for _, p := range people {
		s.ledger.back(p)
	}
	bad := len(others) - len(others.good())
	r.want(bad == 0 && others.part(0.99) <= 250*time.Millisecond, "others while it is locked %s and 40 wait for it: %d refreshes, %d not answered, p99 %s",
		span(lasts), len(others), bad, span(others.part(0.99)))
	r.noFaults(s.tally.now())
	return nil
}

// signedIn takes people out of the load, each with tokens.
func (s *stage) signedIn(n int) (people []*person, err error) {
	s.populate(n)
	for len(people) < n {
		p := s.ledger.take(true)
		if p == nil {
			return nil, errNobody
		}
		if s.journeys.signIn(s.ctx, p) == nil {
			people = append(people, p)
		}
		if s.ctx.Err() != nil {
			return nil, s.ctx.Err()
		}
	}
	return people, nil
}

// refreshers has the people's apps refresh by turns, at a total rate, and returns their answers.
func (s *stage) refreshers(people []*person, rate int, lasts time.Duration) answers {
	watched := &tally{}
	var group sync.WaitGroup
	end := time.Now().Add(lasts)
	for n, p := range people {
		group.Go(func() {
			each := time.Duration(len(people)) * time.Second / time.Duration(rate)
			rig.Pause(s.ctx, each*time.Duration(n)/time.Duration(len(people)))
			for ; time.Now().Before(end) && s.ctx.Err() == nil; rig.Pause(s.ctx, each) {
				f := p.families[len(p.families)-1]
				began, spent := time.Now(), len(f.spent)
				_ = s.journeys.refresh(s.ctx, p, f) // the ledger has the outcome
				status := 200
				if len(f.spent) == spent {
					status = 503
				}
				watched.add("/token", status, began)
				if f.doubt { // as an app that signs in again
					_ = s.journeys.signIn(s.ctx, p)
				}
			}
		})
	}
	group.Wait()
	return watched.take()
}
