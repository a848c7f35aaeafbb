package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"huskyidp/internal/rig"
)

// backIn is how soon after an instant a sign-in or token succeeds.
func backIn(s *stage, since time.Time) (time.Duration, error) {
	var first time.Duration
	err := rig.Eventually(s.ctx, 40*time.Second, "answer of the service", func() bool {
		for _, a := range s.tally.now().since(since).good() {
			if a.what == "token" || a.what == "sign-in" || a.what == "registration" {
				first = a.began.Add(a.took).Sub(since)
				return true
			}
		}
		return false
	})
	return first, err
}

// databaseStopped crashes PostgreSQL repeatedly.
func databaseStopped(s *stage, r *result) error {
	times := 10
	if s.short {
		times = 1
	}
	var slowest time.Duration
	err := s.during(6, func() error {
		for range times {
			if err := s.wait(2 * time.Second); err != nil {
				return err
			}
			if err := s.cluster.primary.stopAtOnce(); err != nil {
				return err
			}
			if err := s.cluster.primary.start(s.ctx); err != nil {
				return err
			}
			took, err := backIn(s, time.Now())
			if err != nil {
				return err
			}
			slowest = max(slowest, took)
		}
		return s.wait(time.Second)
	})
	if err != nil {
		return err
	}
	r.want(slowest <= 5*time.Second, "stopped %d times, back %s after its return at most", times, span(slowest))
	r.noFaults(s.tally.now())
	return nil
}

// away takes the database away for a while, under load.
func away(lasts time.Duration, probed []probed, take, give func(*stage) error) func(*stage, *result) error {
	return func(s *stage, r *result) error {
		lasts := lasts
		if s.short {
			lasts = min(lasts, 6*time.Second)
		}
		err := s.during(6, func() error {
			if err := s.wait(2 * time.Second); err != nil {
				return err
			}
			if err := take(s); err != nil {
				return err
			}
			if err := s.wait(time.Second); err != nil { // every connection has been affected
				return errors.Join(err, give(s))
			}
			p := s.outage(probed)
			waited := s.wait(lasts - time.Second)
			p.end(r)
			if err := errors.Join(waited, give(s)); err != nil {
				return err
			}
			took, err := backIn(s, time.Now())
			r.want(took <= 5*time.Second, "away %s, back %s after its return", lasts, span(took))
			return errors.Join(err, s.wait(time.Second))
		})
		if err != nil {
			return err
		}
		r.noFaults(s.tally.now())
		return nil
	}
}

var (
	databaseAway = away(time.Minute, withoutDatabase,
		func(s *stage) error { return s.cluster.primary.stopAtOnce() },
		func(s *stage) error { return s.cluster.primary.start(context.WithoutCancel(s.ctx)) })
	databaseFrozen = away(time.Minute, withoutDatabase,
		func(s *stage) error { return s.cluster.primary.freeze() },
		func(s *stage) error { return s.cluster.primary.thaw() })
	databaseReadOnly = away(15*time.Second, readOnly,
		func(s *stage) error { return s.readOnly("on") },
		func(s *stage) error { return s.readOnly("off") })
)

func (s *stage) readOnly(value string) error {
	return s.cluster.primary.superuser(context.WithoutCancel(s.ctx), `set default_transaction_read_only = off`,
		`alter system set default_transaction_read_only = `+value, `select pg_reload_conf()`)
}

// connectionsCut resets all connections to the database every 200 ms.
func connectionsCut(s *stage, r *result) error {
	lasts := 15 * time.Second
	if s.short {
		lasts = 3 * time.Second
	}
	err := s.during(6, func() error {
		for end := time.Now().Add(lasts); time.Now().Before(end); {
			if err := s.wait(200 * time.Millisecond); err != nil {
				return err
			}
			s.cluster.primary.tap.Reset()
		}
		return s.wait(2 * time.Second)
	})
	if err != nil {
		return err
	}
	r.noFaults(s.tally.now())
	return nil
}

// databaseFar puts 300 ms between the service and its database.
func databaseFar(s *stage, r *result) error {
	s.cluster.primary.tap.Delay(300 * time.Millisecond)
	defer s.cluster.primary.tap.Delay(0)
	if err := s.during(6, func() error { return s.wait(25 * time.Second) }); err != nil {
		return err
	}
	a := s.tally.now()
	r.say("half of the answers within %s, all within %s", span(a.part(0.5)), span(a.slowest()))
	r.want(len(a.refused()) == 0, "refused: %d %s", len(a.refused()), a.refused().kinds())
	r.noFaults(a)
	return nil
}

// forgotten lists the mails that arrived, while the promoted database does not know it: they are sent again.
func (s *stage) forgotten() error {
	sent, err := one[string](s.ctx, s.cluster.primary, `select coalesce(string_agg(id::text, ' '), '') from mails where state <> 'queued'`)
	if err != nil {
		return err
	}
	known := strings.Fields(sent)
	for id := range s.mails.Arrivals() {
		if !slices.Contains(known, id) {
			s.unsent = append(s.unsent, id)
		}
	}
	return nil
}

// failover kills the primary for good. The standby is promoted, as an operator's tool does, and a new one is made.
func failover(synchronous bool) func(*stage, *result) error {
	return func(s *stage, r *result) error {
		if err := s.cluster.synchronous(s.ctx, synchronous); err != nil {
			return err
		}
		r.lossy = !synchronous
		err := s.during(6, func() error {
			if err := s.wait(3 * time.Second); err != nil {
				return err
			}
			if err := s.cluster.failover(s.ctx); err != nil {
				return err
			}
			promoted := time.Now()
			if !synchronous {
				if err := s.forgotten(); err != nil {
					return err
				}
			}
			took, err := backIn(s, promoted)
			r.want(took <= 5*time.Second, "back %s after the promotion", span(took))
			return errors.Join(err, s.wait(3*time.Second))
		})
		if err != nil {
			return err
		}
		r.noFaults(s.tally.now())
		return s.cluster.follow(s.ctx)
	}
}
