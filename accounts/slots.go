package accounts

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// hashWait is the longest wait for a slot within a request (S-05). It leaves time for the rest of an answer that is due
	// in two seconds.
	hashWait = 1500 * time.Millisecond
	// turnWait is the longest wait of a person whose page comes back by itself.
	turnWait = 10 * time.Second
	// turnGrace is how long a place is kept for a page that is late.
	turnGrace = 5 * time.Second
)

// slots lets a few slow hashes be computed at a time: one for each core but one, so that tokens keep a core while sign-ins
// flood. Slots are handed over in the order of arrival. Whoever would wait too long is refused at once, judged by the
// number of people ahead and by how long a slot was held lately; a person may instead get a turn, and come back for it.
type slots struct {
	count  int
	held   atomic.Int64                           // nanoseconds from one hand-over of a slot to the next, on average
	waited func(wait time.Duration, entered bool) // metrics; may be nil

	mu    sync.Mutex
	free  int
	queue []*place // by arrival
}

// place is one person in the queue: a request that waits, or a page that will come back.
type place struct {
	arrived time.Time
	source  string
	slot    chan time.Time // nil for a page; receives the instant of the hand-over
	until   time.Time      // of a page: when its place is given up
}

// TurnError is returned if the hash queue is too long to wait within the request, but a turn comes soon: Wait is how long
// until then, Arrived what to come back with (Attempt.Arrived). It is an ErrBusy.
type TurnError struct {
	Arrived time.Time
	Wait    time.Duration
}

func (e *TurnError) Error() string { return fmt.Sprintf("%v: a turn in %v", ErrBusy, e.Wait) }
func (e *TurnError) Unwrap() error { return ErrBusy }

// newSlots is for work that takes about as long as held at first.
func newSlots(held time.Duration) *slots {
	n := max(1, runtime.GOMAXPROCS(0)-1)
	s := &slots{count: n, free: n}
	s.held.Store(int64(held))
	return s
}

// enter takes a slot, in the order of arrival; the caller must return it with leave. The error is ErrBusy, or ctx's.
func (s *slots) enter(ctx context.Context) (leave func(), err error) {
	return s.enterSince(ctx, time.Time{}, "")
}

// enterSince is enter for a person who arrived at an instant, now or with a page that has come back; the zero time is for a
// caller that cannot come back. The error may be a *TurnError as well. One source may hold half of the places of such pages.
func (s *slots) enterSince(ctx context.Context, arrived time.Time, source string) (leave func(), err error) {
	began := time.Now()
	if s.waited != nil {
		defer func() { s.waited(time.Since(began), err == nil) }()
	}
	patience := hashWait
	if deadline, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(deadline)-s.average())
	}
	p, err := s.join(arrived, source, began, patience)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return s.leave(began), nil
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case handedOver := <-p.slot:
		return s.leave(handedOver), nil
	case <-timer.C:
		err = ErrBusy
	case <-ctx.Done():
		err = ctx.Err()
	}
	if !s.giveUp(p) { // the slot arrived at the same moment
		return s.leave(<-p.slot), nil
	}
	return nil, err
}

// join returns no place if a slot was free, else the place at which the caller waits.
func (s *slots) join(arrived time.Time, source string, now time.Time, patience time.Duration) (*place, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = slices.DeleteFunc(s.queue, func(p *place) bool {
		isBack := p.slot == nil && p.arrived.Equal(arrived) && p.source == source
		return isBack || p.slot == nil && now.After(p.until)
	})
	if s.free > 0 { // nobody waits in a request; a page that will come back loses one hash at most
		s.free--
		return nil, nil
	}
	canReturn := !arrived.IsZero()
	if !canReturn {
		arrived = now
	}
	at, ofSource := len(s.queue), 0
	for i, p := range slices.Backward(s.queue) {
		if p.arrived.After(arrived) {
			at = i
		}
		if p.source == source {
			ofSource++
		}
	}
	p := &place{arrived: arrived, source: source}
	switch wait := s.expected(int64(at + 1)); {
	case wait <= patience*4/5: // a fifth for the machine's other work
		p.slot = make(chan time.Time, 1)
	case !canReturn, wait > turnWait, s.expected(int64(2*ofSource)) > turnWait:
		return nil, ErrBusy
	default:
		p.until = now.Add(wait + turnGrace)
		s.queue = slices.Insert(s.queue, at, p)
		return nil, &TurnError{arrived, wait}
	}
	s.queue = slices.Insert(s.queue, at, p)
	return p, nil
}

// giveUp removes a place from the queue, and reports whether it was still there.
func (s *slots) giveUp(p *place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.queue, p)
	if i < 0 {
		return false
	}
	s.queue = slices.Delete(s.queue, i, i+1)
	return true
}

// leave returns a function that gives back a slot taken at an instant, to whoever has waited longest. The average follows the
// last ten or so.
func (s *slots) leave(taken time.Time) func() {
	return func() {
		now, was := time.Now(), s.held.Load()
		s.held.CompareAndSwap(was, was+(int64(now.Sub(taken))-was)/8)
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, p := range s.queue {
			if p.slot != nil {
				s.queue = slices.Delete(s.queue, i, i+1)
				p.slot <- now
				return
			}
		}
		s.free++
	}
}

func (s *slots) average() time.Duration { return time.Duration(s.held.Load()) }

// expected returns how long the last of n waits.
func (s *slots) expected(n int64) time.Duration {
	return time.Duration(n) * s.average() / time.Duration(s.count)
}

// HashQueue returns how many wait for a slow hash on this instance at the moment, and how long the last of them will.
func (s *Service) HashQueue() (waiting int, wait time.Duration) {
	s.hasher.mu.Lock()
	defer s.hasher.mu.Unlock()
	n := len(s.hasher.queue)
	return n, s.hasher.expected(int64(n))
}
