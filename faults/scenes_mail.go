package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"huskyidp/internal/rig"

	"github.com/emersion/go-smtp"
)

var errNobody = errors.New("nobody is left on the roster")

// enrol has n people register at once; wait returns how long the slowest took.
func (s *stage) enrol(n int) (people []*person, wait func() time.Duration) {
	began := time.Now()
	var group sync.WaitGroup
	for range n {
		p := s.ledger.take(false)
		if p == nil {
			break
		}
		people = append(people, p)
		group.Go(func() {
			_ = s.journeys.register(s.ctx, p) // the ledger has the outcome
			s.ledger.back(p)
		})
	}
	return people, func() time.Duration { group.Wait(); return time.Since(began) }
}

func acknowledged(people []*person) (n int) {
	for _, p := range people {
		if p.account == yes {
			n++
		}
	}
	return n
}

// mailServer disturbs the mail server while eight people register, restores it, and requires all of them to finish.
func mailServer(lasts time.Duration, do, undo func(*rig.Mails) error) func(*stage, *result) error {
	return func(s *stage, r *result) error {
		s.journeys.patience = lasts + 60*time.Second
		defer func() { s.journeys.patience = mailWait }()
		if err := do(s.mails); err != nil {
			return err
		}
		people, wait := s.enrol(8)
		err := s.wait(lasts)
		if err := errors.Join(err, undo(s.mails)); err != nil {
			return err
		}
		back := time.Now()
		wait()
		r.want(acknowledged(people) == len(people), "%d of %d registrations came to their end, the last %s after the mail server was well", acknowledged(people), len(people), span(time.Since(back)))
		r.noFaults(s.tally.now())
		return nil
	}
}

var (
	mailDown = mailServer(12*time.Second,
		func(m *rig.Mails) error { m.Stop(); return nil },
		func(m *rig.Mails) error { return m.Start() })
	mailSlow = mailServer(10*time.Second,
		func(m *rig.Mails) error { m.Slow.Store(int64(4 * time.Second)); return nil },
		func(m *rig.Mails) error { m.Slow.Store(0); return nil })
	mailLater = mailServer(8*time.Second,
		func(m *rig.Mails) error {
			m.Refuse.Store(&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"})
			return nil
		},
		func(m *rig.Mails) error { m.Refuse.Store(nil); return nil })
)

// mailRefused is a server that refuses the mail of some people for good: it is given up at once, and the others are
// sent.
func mailRefused(s *stage, r *result) error {
	s.journeys.patience = 4 * time.Second
	defer func() { s.journeys.patience = mailWait }()
	s.mails.Refuse.Store(&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"})
	before, err := one[int](s.ctx, s.cluster.primary, `select count(*) from mails where state = 'failed'`)
	if err != nil {
		return err
	}
	_, wait := s.enrol(4)
	wait()
	s.mails.Refuse.Store(nil)
	failed, err := one[int](s.ctx, s.cluster.primary, `select count(*) from mails where state = 'failed'`)
	if err != nil {
		return err
	}
	s.refused = failed
	s.journeys.patience = mailWait
	began := time.Now()
	people, wait := s.enrol(4)
	wait()
	r.want(failed-before >= 4, "%d mails given up within %s", failed-before, span(4*time.Second))
	r.want(acknowledged(people) == len(people), "%d of %d registrations after it came to their end in %s", acknowledged(people), len(people), span(time.Since(began)))
	return nil
}

// mailPoison is one mail that the server never takes; the others are sent.
func mailPoison(s *stage, r *result) error {
	s.journeys.patience = 60 * time.Second
	defer func() { s.journeys.patience = mailWait }()
	poisoned, waitPoisoned := s.enrol(1)
	if len(poisoned) == 0 {
		return errNobody
	}
	s.mails.Poison.Store(&poisoned[0].Email)
	people, wait := s.enrol(8)
	took := wait()
	s.mails.Poison.Store(nil)
	back := time.Now()
	waitPoisoned()
	r.want(acknowledged(people) == len(people) && took < 15*time.Second, "%d of %d others came to their end in %s", acknowledged(people), len(people), span(took))
	r.want(acknowledged(poisoned) == 1, "the one whose mail was not taken, %s after it was", span(time.Since(back)))
	r.noFaults(s.tally.now())
	return nil
}

// arrived counts the mails that arrived, those that arrived again, and those that did because of a failover.
func (s *stage) arrived() (all, repeats, forgotten int) {
	for id, n := range s.mails.Arrivals() {
		all += n
		if slices.Contains(s.unsent, id) {
			forgotten += n - 1
		} else {
			repeats += n - 1
		}
	}
	return all, repeats, forgotten
}

// mailsArrive accounts for all mails of the whole run.
func mailsArrive(s *stage, r *result) error {
	began := time.Now()
	const rescued = 120 * time.Second
	err := rig.Eventually(s.ctx, rescued+10*time.Second, "end of the mails in the queue", func() bool {
		left, err := one[int](s.ctx, s.cluster.primary, `select count(*) from mails where state = 'queued'`)
		return err == nil && left == 0
	})
	if err != nil {
		r.want(false, "%v", err)
	}
	sent, err := one[string](s.ctx, s.cluster.primary, `select coalesce(string_agg(id::text, ' '), '') from mails where state = 'sent'`)
	if err != nil {
		return err
	}
	ids := strings.Fields(sent)
	missing := 0
	for _, id := range ids {
		if s.mails.Arrived(id) == 0 {
			missing++
		}
	}
	lost, err := one[string](s.ctx, s.cluster.primary, `select coalesce(string_agg(format('%s %s: %s', n, state, what), ', '), '') from
		(select state, kind || ' ' || last_error as what, count(*) as n from mails where state in ('failed', 'expired') and last_error <> 'the mail server answers 550' group by 1, 2) f`)
	if err != nil {
		return err
	}
	all, repeats, forgotten := s.arrived()
	r.want(missing == 0, "%d mails sent, %d of them not arrived; the last %s after the load", len(ids), missing, span(time.Since(began)))
	r.want(lost == "", "given up or too late: %s", map[bool]string{true: "none", false: lost}[lost == ""])
	r.want(repeats*100 < all, "%d of %d arrived again (%s)", repeats, all, fmt.Sprintf("%.2f %%", 100*float64(repeats)/float64(max(all, 1))))
	if forgotten > 0 {
		r.say("%d more because a failover lost that they were sent", forgotten)
	}
	return nil
}
