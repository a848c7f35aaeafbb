package main

import (
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// hashOf asks the floor for bare hashes for a while, one after another.
func (s *stage) hashOf(length time.Duration, memory, passes int) (turn, error) {
	u, err := s.newFloorUser()
	if err != nil {
		return turn{}, err
	}
	defer u.Close()
	path := fmt.Sprintf("/hash?m=%d&t=%d", memory, passes)
	return s.turn(s.floor.Process.Pid, []*user{u}, length, func(u *user) error { return u.get(path) })
}

// bareHashes are those of both settings of S-04.
func (s *stage) bareHashes(t *table) error {
	_, each := s.turns()
	for _, p := range []struct{ memory, passes int }{{47104, 1}, {19456, 2}} {
		one, err := s.hashOf(each, p.memory, p.passes)
		if err != nil {
			return err
		}
		t.add(fmt.Sprintf("bare hash, %d MiB t=%d", p.memory>>10, p.passes), fmt.Sprintf("%.1f/s", one.rate()), one.perOp(), "", "")
	}
	return nil
}

// signIns are sixteen people who sign in again and again; the floor is the bare hash.
func (s *stage) signIns(t *table) error {
	if err := s.needUsers(); err != nil {
		return err
	}
	n, each := s.turns()
	var ours, floors []turn
	highest, refused := 0, 0
	for range n {
		wait := s.keepProfile("profile", "sign-in", each+time.Second)
		one, err := s.turn(s.service.PID(), s.users, each+time.Second, (*user).signIn)
		if err != nil {
			return err
		}
		if err := wait(); err != nil {
			return err
		}
		two, err := s.hashOf(each, 47104, 1)
		if err != nil {
			return err
		}
		highest, refused = max(highest, one.rss), refused+one.refused
		ours, floors = append(ours, one), append(floors, two)
	}
	s.users = nil // whose sessions ended with the eleventh sign-in
	_, cost := median(ours)
	_, hash := median(floors)
	t.rate("password sign-in, whole flow", ours, floors)
	t.add("of it beside the hash", "", cost-hash, "", "")
	t.add("memory under 16 sign-ins", fmt.Sprintf("%d MiB", highest), 0, "", "")
	if refused > 0 {
		t.note("in addition to the sign-ins, %d were asked to come back later", refused)
	}
	return nil
}

// visitors are people who sign in, with nothing else.
func (s *stage) visitors(count int) (all []*user) {
	for n := range count {
		all = append(all, &user{stage: s, n: n, browser: s.browser(n)})
	}
	return all
}

// beside is how refreshing fares while others sign in.
func (s *stage) beside(t *table) error {
	if err := s.needUsers(); err != nil {
		return err
	}
	n, each := s.turns()
	var quiet, beside, people []turn
	for range n {
		one, err := s.turn(s.service.PID(), s.users, each, (*user).refreshed)
		if err != nil {
			return err
		}
		var crowded turn
		var group errgroup.Group
		group.Go(func() (err error) {
			crowded, err = s.turn(s.service.PID(), s.visitors(crowd), each+time.Second, (*user).signIn)
			return err
		})
		time.Sleep(500 * time.Millisecond) // until they are at their passwords
		wait := s.keepProfile("profile", "beside", each)
		two, err := s.turn(s.service.PID(), s.users, each, (*user).refreshed)
		if err != nil {
			return err
		}
		if err := group.Wait(); err != nil {
			return err
		}
		if err := wait(); err != nil {
			return err
		}
		quiet, beside, people = append(quiet, one), append(beside, two), append(people, crowded)
	}
	was, _ := median(quiet)
	is, _ := median(beside)
	signed, _ := median(people)
	slow, slower := middle(quiet, 0.99), middle(beside, 0.99)
	t.add("refresh beside 64 signing in", fmt.Sprintf("%.0f/s, p99 %s", is, ms(slower)), 0, fmt.Sprintf("quiet: %.0f/s, p99 %s", was, ms(slow)),
		fmt.Sprintf("%.2f, p99 %.1fx", is/was, float64(slower)/float64(slow)))
	t.note("beside the refreshes %.1f sign-ins a second; whoever is refused tries again after a second", signed)
	return nil
}

// crowd is everybody at once.
func (s *stage) crowd(t *table) error {
	length := 8 * time.Second
	if s.short {
		length = 4 * time.Second
	}
	people := s.visitors(crowd)
	one, err := s.turn(s.service.PID(), people, length, (*user).signIn)
	if err != nil {
		return err
	}
	two, err := s.hashOf(2*time.Second, 47104, 1)
	if err != nil {
		return err
	}
	t.add("64 sign in at once", fmt.Sprintf("%.1f/s served, %d of %d refused in %s, p99 %s", one.rate(), one.refused, len(one.took)+one.refused, one.span.Round(time.Second/10), ms(one.part(0.99))), 0,
		fmt.Sprintf("%.1f hashes/s", two.rate()), fmt.Sprintf("%.2f", one.rate()/two.rate()))
	return nil
}
