package accounts

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// waiting returns the number of places, inRequest how many of them have a request that waits.
func (s *slots) waiting() (all, inRequest int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.queue {
		if p.slot != nil {
			inRequest++
		}
	}
	return len(s.queue), inRequest
}

// await returns once n requests wait.
func (s *slots) await(n int) {
	for _, waiting := s.waiting(); waiting != n; _, waiting = s.waiting() {
		time.Sleep(time.Millisecond)
	}
}

// fill takes every slot, and makes each hash take so long.
func (s *slots) fill(t *testing.T, held time.Duration) (leaves []func()) {
	t.Helper()
	s.held.Store(int64(held) * int64(s.count))
	for range s.count {
		leave, err := s.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leave)
	}
	return leaves
}

// a person who would wait longer than a request may gets a turn, and with the page that comes back for it precedes whoever
// arrived later. Nobody waits for more than turnWait, and no source takes all places.
func TestTurns(t *testing.T) {
	t.Parallel()
	s := newSlots(0)
	leaves := s.fill(t, time.Second)
	arrived := time.Now()
	at := func(n int) time.Time { return arrived.Add(time.Duration(n) * time.Millisecond) }
	wait := func(n int, source string) time.Duration {
		t.Helper()
		_, err := s.enterSince(t.Context(), at(n), source)
		turn, ok := errors.AsType[*TurnError](err)
		if !ok || !errors.Is(err, ErrBusy) || !turn.Arrived.Equal(at(n)) {
			t.Fatalf("the person %d of %s: %v, want a turn", n, source, err)
		}
		return turn.Wait
	}
	served := make(chan int, 2)
	request := func(n int, source string) {
		_, before := s.waiting()
		go func() {
			leave, err := s.enterSince(t.Context(), at(n), source)
			if err != nil {
				t.Errorf("the person %d: %v", n, err)
				return
			}
			served <- n
			leave()
		}()
		s.await(before + 1)
	}
	request(0, "a") // within the request
	for n := 1; n <= 5; n++ {
		if got, want := wait(n, "a"), time.Duration(n+1)*time.Second; got != want {
			t.Errorf("the person %d waits %v, want %v", n, got, want)
		}
	}
	if got := wait(3, "a"); got != 4*time.Second {
		t.Errorf("the third, early back, waits %v, want its former place", got)
	}
	if n, _ := s.waiting(); n != 6 {
		t.Errorf("%d places, want 6", n)
	}
	if _, err := s.enterSince(t.Context(), at(6), "a"); err != ErrBusy {
		t.Errorf("more than half of the places for one source: %v, want ErrBusy", err)
	}
	for n := 7; n <= 10; n++ {
		wait(n, "b")
	}
	if _, err := s.enterSince(t.Context(), at(11), "c"); err != ErrBusy {
		t.Errorf("beyond ten seconds: %v, want ErrBusy", err)
	}
	if _, err := s.enter(t.Context()); err != ErrBusy {
		t.Errorf("who cannot come back: %v, want ErrBusy", err)
	}
	s.held.Store(int64(100*time.Millisecond) * int64(s.count)) // it goes faster now
	request(9, "b")
	request(2, "a")
	leaves[0]()
	order := []int{<-served, <-served, <-served}
	if s.count == 1 && !slices.Equal(order, []int{0, 2, 9}) {
		t.Errorf("served in the order %v, want that of arrival", order)
	}
}

// The place of a page that does not come back is given up.
func TestTurnIsGivenUp(t *testing.T) {
	t.Parallel()
	s := newSlots(0)
	s.fill(t, 2*time.Second)
	for range 2 {
		s.enterSince(t.Context(), time.Now(), "a")
	}
	s.mu.Lock()
	for _, p := range s.queue {
		p.until = time.Now().Add(-time.Second)
	}
	s.mu.Unlock()
	_, err := s.enterSince(t.Context(), time.Now(), "a")
	if turn, ok := errors.AsType[*TurnError](err); !ok || turn.Wait != 2*time.Second {
		t.Errorf("the next = %v, want the first place", err)
	}
}

// who would not be served in time is refused at once, and not after having waited; who has the time waits, in the order
// of arrival. The wait ends before the answer is due.
func TestRefusedAtOnce(t *testing.T) {
	t.Parallel()
	s := newSlots(0)
	leaves := s.fill(t, 400*time.Millisecond)
	var order []int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 3 { // 400, 800 and 1,200 ms: each within hashWait
		wg.Go(func() {
			leave, err := s.enter(t.Context())
			if err != nil {
				t.Errorf("the place %d: %v", i+1, err)
				return
			}
			mu.Lock()
			order = append(order, i)
			mu.Unlock()
			leave()
		})
		s.await(i + 1)
	}
	began := time.Now()
	if _, err := s.enter(t.Context()); !errors.Is(err, ErrBusy) { // 1,600 ms
		t.Errorf("the fourth place = %v, want ErrBusy", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := s.enter(short); !errors.Is(err, ErrBusy) {
		t.Errorf("with an answer due in 300 ms = %v, want ErrBusy", err)
	}
	if took := time.Since(began); took > 100*time.Millisecond {
		t.Errorf("two refusals took %v, want 100 ms at most", took)
	}
	for _, leave := range leaves {
		leave()
	}
	wg.Wait()
	if len(order) != 3 || s.count == 1 && (order[0] != 0 || order[1] != 1) {
		t.Errorf("served in the order %v", order)
	}
	if _, err := s.enter(t.Context()); err != nil {
		t.Errorf("afterwards = %v", err)
	}
}

// The average follows what a slot is held for.
func TestHeldIsMeasured(t *testing.T) {
	t.Parallel()
	s := newSlots(time.Hour)
	for range 100 {
		leave, err := s.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leave()
	}
	if held := time.Duration(s.held.Load()); held > time.Second {
		t.Errorf("a slot is held for %v, on average", held)
	}
}

// Whoever sets another password waits once: what was proven in a first slot would be thrown away where the second is refused.
func TestOneSlotForOnePassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	started := f.start(SessionStart{Account: a})
	var waits int
	f.hasher.waited = func(time.Duration, bool) { waits++ }
	change := PasswordChange{PasswordProof: PasswordProof{Session: started.Session, Current: rightPassword, Source: "192.0.2.1/32"}, New: "otro caballo verde corre cerca"}
	if err := f.ChangePassword(f.ctx(), change); err != nil || waits != 1 {
		t.Errorf("ChangePassword = %v after %d waits, want 1", err, waits)
	}
	waits = 0
	question := QuestionChange{PasswordProof: change.PasswordProof, Question: "first_book", Answer: "la cuchara"}
	question.Current = change.New
	if err := f.ChangeQuestion(f.ctx(), question); err != nil || waits != 1 {
		t.Errorf("ChangeQuestion = %v after %d waits, want 1", err, waits)
	}
	waits = 0
	if _, err := f.HashNewPassword(f.ctx(), a.ID, rightPassword); err != nil || waits != 1 {
		t.Errorf("HashNewPassword = %v after %d waits, want 1", err, waits)
	}
	waits = 0
	if _, _, err := f.HashSecrets(f.ctx(), a.ID, rightPassword, "una linterna"); err != nil || waits != 1 {
		t.Errorf("HashSecrets = %v after %d waits, want 1", err, waits)
	}
}
