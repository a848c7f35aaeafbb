package main

import (
	"fmt"
	"time"
)

// idle is what the service does while nobody asks for anything.
func (s *stage) idle(t *table) error {
	length := 30 * time.Second
	if s.short {
		length = 10 * time.Second
	}
	time.Sleep(3 * time.Second) // what a start does is over by then
	wait := s.keepProfile("profile", "idle", length)
	none, err := s.turn(s.service.PID(), nil, length, nil)
	if err != nil {
		return err
	}
	if err := wait(); err != nil {
		return err
	}
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / none.span.Seconds() }
	t.add("idle", fmt.Sprintf("%.1f ms CPU a second", each(none.own)), 0, fmt.Sprintf("PostgreSQL in addition: %.1f", each(none.cpu-none.own)), "")
	return nil
}

// atRest is the memory of a service that has just begun.
func (s *stage) atRest(t *table) error {
	if err := s.keepProfile("heap", "heap", 0)(); err != nil {
		return err
	}
	t.add("memory at rest, fresh", fmt.Sprintf("%d MiB", resident(s.service.PID())), 0, fmt.Sprintf("%d MiB", resident(s.floor.Process.Pid)), "")
	return nil
}

// after is what is left a while after the load.
func (s *stage) after(t *table) error {
	if !s.short {
		time.Sleep(20 * time.Second)
	}
	if err := s.keepProfile("heap", "heap-after", 0)(); err != nil {
		return err
	}
	t.add("memory after all of it", fmt.Sprintf("%d MiB", resident(s.service.PID())), 0, fmt.Sprintf("%d MiB", resident(s.floor.Process.Pid)), "")
	return nil
}
