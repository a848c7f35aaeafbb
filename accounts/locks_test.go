package accounts

import (
	"errors"
	"testing"
	"time"
)

// TestPasswordLock: support sees when the wait ends, and ends it.
func TestPasswordLock(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	maria := f.register("maria")
	for range freeFailures {
		if _, err := f.try("maria", wrongPassword); !errors.Is(err, ErrWrongCredentials) {
			t.Fatalf("Authenticate = %v", err)
		}
	}
	want := Lock{PasswordLock, f.now().Add(firstWait), true}
	if locks, err := f.Locks(f.ctx(), maria.ID); err != nil || len(locks) != 1 || locks[0] != want {
		t.Fatalf("Locks = %v, %v, want %v", locks, err, want)
	}
	if released, err := f.ReleaseLock(f.ctx(), maria.ID, PasswordLock); !released || err != nil {
		t.Fatalf("ReleaseLock = %t, %v", released, err)
	}
	if released, err := f.ReleaseLock(f.ctx(), maria.ID, PasswordLock); released || err != nil {
		t.Errorf("ReleaseLock again = %t, %v, want nothing done", released, err)
	}
	if _, err := f.try("maria", rightPassword); err != nil {
		t.Errorf("Authenticate after the release: %v", err)
	}
}

// TestUsedUpPassword (S-07): after a hundred failures only recovery helps, so support sees a
// lock without end and cannot lift it.
func TestUsedUpPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	maria := f.register("maria")
	for range allFailures {
		f.later(longestWait + time.Second)
		if _, err := f.try("maria", wrongPassword); !errors.Is(err, ErrWrongCredentials) {
			t.Fatalf("Authenticate = %v", err)
		}
	}
	if released, err := f.ReleaseLock(f.ctx(), maria.ID, PasswordLock); released || err != nil {
		t.Errorf("ReleaseLock = %t, %v, want nothing released", released, err)
	}
	f.later(2 * longestWait)
	if locks, err := f.Locks(f.ctx(), maria.ID); err != nil || len(locks) != 1 || !locks[0].Until.IsZero() {
		t.Errorf("Locks = %v, %v, want one without end", locks, err)
	}
}

// TestFactorLock (S-16): seen with its end, and released; a factor that is used up is not.
func TestFactorLock(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	maria := f.register("maria")
	shut := func(factor string, failures int, until time.Time) {
		_, err := f.querier().Exec(f.ctx(), `
			insert into factor_throttles (account_id, factor, failures, window_began_at, window_failures, locked_until, last_failed_at)
			values ($1, $2, $3, $4, 10, $5, $4)`, maria.ID, factor, failures, f.now(), until)
		if err != nil {
			t.Fatal(err)
		}
	}
	shut("totp", 10, f.now().Add(time.Minute))
	shut("saved_codes", 10, f.now().Add(factorLock))
	want := Lock{FactorLock, f.now().Add(factorLock), true}
	if locks, err := f.Locks(f.ctx(), maria.ID); err != nil || len(locks) != 1 || locks[0] != want {
		t.Fatalf("Locks = %v, %v, want %v", locks, err, want)
	}
	if released, err := f.ReleaseLock(f.ctx(), maria.ID, FactorLock); !released || err != nil {
		t.Fatalf("ReleaseLock = %t, %v", released, err)
	}
	if locks, err := f.Locks(f.ctx(), maria.ID); err != nil || len(locks) != 0 {
		t.Errorf("Locks after the release = %v, %v", locks, err)
	}
	shut("totp", allFactorTries, f.now().Add(factorLock))
	if locks, err := f.Locks(f.ctx(), maria.ID); err != nil || len(locks) != 1 || !locks[0].Until.IsZero() {
		t.Errorf("Locks of a used up factor = %v, %v, want one without end", locks, err)
	}
	if released, err := f.ReleaseLock(f.ctx(), maria.ID, FactorLock); released || err != nil {
		t.Errorf("ReleaseLock of a used up factor = %t, %v", released, err)
	}
}

// TestAnswerLock: as for passwords; it ends by itself.
func TestAnswerLock(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	maria := f.register("maria")
	shut := func() {
		for range answerTries {
			if err := f.CheckAnswers(f.ctx(), maria.ID, map[string]string{"first_pay": "otra cosa"}, false); err == nil {
				t.Fatal("a wrong answer was taken")
			}
		}
	}
	shut()
	locks, err := f.Locks(f.ctx(), maria.ID)
	if err != nil || len(locks) != 1 || locks[0].Kind != AnswerLock || !locks[0].Until.After(f.now()) {
		t.Fatalf("Locks = %v, %v, want one of answers", locks, err)
	}
	f.at(locks[0].Until)
	if locks, err := f.Locks(f.ctx(), maria.ID); err != nil || len(locks) != 0 {
		t.Errorf("Locks at its end = %v, %v, want none", locks, err)
	}
	shut()
	if released, err := f.ReleaseLock(f.ctx(), maria.ID, AnswerLock); !released || err != nil {
		t.Fatalf("ReleaseLock = %t, %v", released, err)
	}
	if err := f.CheckAnswers(f.ctx(), maria.ID, map[string]string{"first_pay": "una linterna"}, false); err != nil {
		t.Errorf("the right answer after the release: %v", err)
	}
	if _, err := f.ReleaseLock(f.ctx(), maria.ID, "door"); err == nil {
		t.Error("ReleaseLock accepted an unknown lock")
	}
}
