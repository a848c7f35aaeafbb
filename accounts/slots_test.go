package accounts

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// who would not be served in time is refused at once, and not after having waited; who has the time waits, in the order
// of arrival. The wait ends before the answer is due.
func TestRefusedAtOnce(t *testing.T) {
	t.Parallel()
	s := newSlots(0)
	s.held.Store(int64(400 * time.Millisecond * time.Duration(cap(s.free))))
	var leaves []func()
	for range cap(s.free) {
		leave, err := s.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leave)
	}
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
		for s.waiting.Load() != int64(i+1) {
			time.Sleep(time.Millisecond)
		}
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
	if len(order) != 3 || cap(s.free) == 1 && (order[0] != 0 || order[1] != 1) {
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
