package accounts

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// hashWait is the longest wait for a slot (S-05). It leaves time for the rest of an answer that is due in two seconds.
const hashWait = 1500 * time.Millisecond

// slots let a few slow hashes be computed at a time: one for each core but one, so that tokens keep a core while sign-ins
// flood. Who would wait too long is refused at once, by how many wait and how long a slot is held lately.
type slots struct {
	free    chan time.Time // a slot is the instant at which it became free
	waiting atomic.Int64
	held    atomic.Int64                           // nanoseconds from one hand-over of a slot to the next, on average
	waited  func(wait time.Duration, entered bool) // metrics; may be nil
}

// newSlots is for work that takes about as long as held at first.
func newSlots(held time.Duration) *slots {
	s := &slots{free: make(chan time.Time, max(1, runtime.GOMAXPROCS(0)-1))}
	s.held.Store(int64(held))
	for range cap(s.free) {
		s.free <- time.Time{}
	}
	return s
}

// enter takes a slot, in the order of arrival; the caller gives it back. The error is ErrBusy.
func (s *slots) enter(ctx context.Context) (leave func(), err error) {
	if s.waited != nil {
		began := time.Now()
		defer func() { s.waited(time.Since(began), err == nil) }()
	}
	select {
	case <-s.free:
		return s.leave(time.Now()), nil
	default:
	}
	patience := hashWait
	if deadline, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(deadline)-time.Duration(s.held.Load()))
	}
	ahead := s.waiting.Add(1)
	defer s.waiting.Add(-1)
	if s.expected(ahead) > patience*4/5 { // a fifth for what the machine has to do besides
		return nil, ErrBusy
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case handedOver := <-s.free:
		return s.leave(handedOver), nil
	case <-timer.C:
		return nil, ErrBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// HashQueue is how many wait for a slow hash on this instance at the moment, and how long the last of them will.
func (s *Service) HashQueue() (waiting int, wait time.Duration) {
	n := s.hasher.waiting.Load()
	return int(n), s.hasher.expected(n)
}

// expected is how long the last of so many waits.
func (s *slots) expected(waiting int64) time.Duration {
	return time.Duration(waiting * s.held.Load() / int64(cap(s.free)))
}

// leave gives a slot back that was taken at an instant. The average follows the last ten or so.
func (s *slots) leave(taken time.Time) func() {
	return func() {
		now, was := time.Now(), s.held.Load()
		s.held.CompareAndSwap(was, was+(int64(now.Sub(taken))-was)/8)
		s.free <- now
	}
}
