package accounts

import (
	"testing"
	"time"
)

// What closes a recovery: what lasts longest, and a second step only if no other is taken.
func TestRecoveryClosed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	maria := f.register("maria")
	soon, later := f.now().Add(time.Minute), f.now().Add(time.Hour)
	set := func(sql string, args ...any) {
		t.Helper()
		if _, err := f.querier().Exec(f.ctx(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	lock := func(factor Factor, failures int, until time.Time) {
		t.Helper()
		set(`insert into factor_throttles (account_id, factor, failures, window_began_at, window_failures, last_failed_at, locked_until) values ($1, $2, $3, $4, 10, $4, $5)
			on conflict on constraint factor_throttles_pkey do update set failures = $3, locked_until = $5`, maria.ID, factor, failures, f.now(), until)
	}
	is := func(what string, want Closure) {
		t.Helper()
		if got, err := f.RecoveryClosed(f.ctx(), maria.ID); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", what, got, err, want)
		}
	}
	is("nothing", Closure{})
	lock(TOTP, 10, later)
	is("an app that is not there", Closure{})
	f.enrolTOTP(maria)
	lock(TOTP, 10, later)
	is("the only second step", Closure{FactorLock, later})
	if _, err := f.MakeSavedCodes(f.ctx(), maria.ID, ""); err != nil {
		t.Fatal(err)
	}
	is("saved codes are taken", Closure{})
	lock(SavedCodes, 10, soon)
	is("the codes come first", Closure{FactorLock, soon})
	lock(SavedCodes, allFactorTries, soon)
	is("the app comes first", Closure{FactorLock, later})
	lock(TOTP, allFactorTries, soon)
	is("both are used up", Closure{Kind: FactorLock})
	lock(TOTP, 10, soon)
	set(`insert into answer_throttles (account_id, failures, began_at, closed_until) values ($1, 5, $2, $3)`, maria.ID, f.now(), later)
	is("the answers last longer", Closure{AnswerLock, later})
	lock(TOTP, allFactorTries, soon)
	is("what does not end lasts longest", Closure{Kind: FactorLock})
	set(`delete from factor_throttles`)
	set(`update account_questions set wrong = $1`, answersEver)
	is("the question needs the desk", Closure{Kind: QuestionLock})
}

// The notice of wrong passwords leads to no recovery that is closed.
func TestLockedNoticeWhileRecoveryIsClosed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	maria, john := f.register("maria"), f.register("john")
	if _, err := f.querier().Exec(f.ctx(), `update account_questions set wrong = $2 where account_id = $1`, maria.ID, answersEver); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"maria", "john"} {
		for range freeFailures {
			_, _ = f.try(name, wrongPassword)
		}
	}
	if err := f.SendNotices(f.ctx()); err != nil {
		t.Fatal(err)
	}
	if got := f.mailKinds(maria.ID); len(got) != 1 || got[0] != "locked_waits" {
		t.Errorf("maria was told %v", got)
	}
	if got := f.mailKinds(john.ID); len(got) != 1 || got[0] != "locked" {
		t.Errorf("john was told %v", got)
	}
}
