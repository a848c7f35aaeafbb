package accounts

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"huskyidp/internal/ratelimit"

	"huskyidp/internal/audit"
)

// S-09: one source has so many attempts in a minute, whatever the names, right passwords included; beyond that it counts
// against nobody, and other sources are not concerned.
func TestSourceLimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	f.sourceLimit.Count = 3
	from := func(source, name, password string) string {
		_, err := f.Authenticate(f.ctx(), Attempt{Username: name, Password: password, Source: source})
		if exceeded, ok := errors.AsType[*ratelimit.Exceeded](err); ok {
			return "source: " + exceeded.RetryAfter().String()
		}
		return outcome(err)
	}
	for i, name := range []string{"a1a", "b2b", "c3c"} {
		if got := from("one", name, wrongPassword); got != "wrong" {
			t.Errorf("attempt %d: %s, want wrong", i, got)
		}
	}
	f.later(20 * time.Second)
	for _, password := range []string{wrongPassword, rightPassword} {
		if got := from("one", "maria", password); got != "source: 40s" {
			t.Errorf("beyond the limit: %s, want source: 40s", got)
		}
	}
	if n := f.count(`select count(*) from sign_in_throttles`); n != 3 {
		t.Errorf("%d names have failures, want 3", n)
	}
	if got := from("two", "maria", rightPassword); got != "ok" {
		t.Errorf("another source: %s, want ok", got)
	}
	f.later(40 * time.Second)
	if got := from("one", "maria", rightPassword); got != "ok" {
		t.Errorf("a minute later: %s, want ok", got)
	}
}

// S-07, S-10: the same wrong password again in one browser, by a double click or a reload, costs no second try, whoever has
// the name; another password, another browser or the one before the last does. A repetition begins no new wait.
func TestSamePasswordCountsOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	for _, name := range []string{"maria", "nobody"} {
		try := func(browser byte, password string) string {
			_, err := f.Authenticate(f.ctx(), Attempt{Username: name, Password: password, Source: fmt.Sprint(name, f.now()), Browser: []byte{browser}})
			return outcome(err)
		}
		failures := func(want int) {
			t.Helper()
			if n := f.count(`select max(failures) from sign_in_throttles where last_failed_at = $1`, f.now()); n != want {
				t.Errorf("%s: %d failures, want %d", name, n, want)
			}
		}
		f.later(time.Hour)
		for range 4 {
			try(1, "one wrong password")
		}
		failures(1)
		try(1, "another wrong password")
		try(1, "one wrong password")
		try(2, "one wrong password")
		failures(4)
		if got := try(2, "a fifth wrong password"); got != "wrong" {
			t.Errorf("%s: the fifth = %s", name, got)
		}
		f.later(firstWait)
		if got := try(2, "a fifth wrong password"); got != "wrong" {
			t.Errorf("%s: the fifth again after the wait = %s", name, got)
		}
		failures(5)
		if got := try(2, "a sixth wrong password"); got != "wrong" {
			t.Errorf("%s: a repetition began another wait: %s", name, got)
		}
		failures(6)
	}
	events, err := f.audit.MemberHistory(f.ctx(), account.ID, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, e := range events {
		if e.Kind == audit.SignInFailed && e.Reason == "wrong_credentials" {
			shown++
		}
	}
	if n := f.count(`select count(*) from audit_events where account_id = $1 and kind = 'sign_in_failed' and reason in ('wrong_credentials', 'again')`, account.ID); shown != 6 || n != 10 {
		t.Errorf("the history shows %d wrong passwords of %d events, want the 6 that were counted", shown, n)
	}
}
