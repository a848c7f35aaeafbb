package accounts

import (
	"errors"
	"slices"
	"testing"
	"time"

	"huskyidp/internal/audit"
)

// S-23: the sign-in form sent again after a lost answer, or twice: every answer works, whichever the browser keeps; one session is
// listed and one new device announced, in the browser that just registered none. The other one ends once this is in use.
func TestFormSentAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	phone := []byte("the phone's cookie")
	mails := func(want int, when string) {
		t.Helper()
		f.must(f.SendNotices(f.ctx()))
		if n := f.count(`select count(*) from mails where kind = 'new_device'`); n != want {
			t.Errorf("%s: %d mails of a new device, want %d", when, n, want)
		}
	}
	listed := func(here string, want ...string) {
		t.Helper()
		open, err := f.OpenSessions(f.ctx(), account.ID, here)
		f.must(err)
		var got []string
		for _, s := range open {
			got = append(got, s.SID)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("listed: %v, want %v", got, want)
		}
	}
	works := func(s Started, want bool) {
		t.Helper()
		if _, err := f.Session(f.ctx(), s.Token); (err == nil) != want || err != nil && !errors.Is(err, ErrNoSession) {
			t.Errorf("a session works: %v, want %t", err, want)
		}
	}
	again := func(browser []byte) Started {
		t.Helper()
		a, err := f.Get(f.ctx(), account.ID)
		f.must(err)
		return f.start(SessionStart{Account: a, Browser: browser})
	}
	registered := f.start(SessionStart{Account: account, Browser: phone}) // Finalizar
	f.later(time.Second)
	repeated := again(phone)
	mails(0, "Finalizar sent again")
	works(registered, true)
	works(repeated, true)
	listed(registered.SID, registered.SID)
	listed(repeated.SID, repeated.SID)
	listed("", repeated.SID)

	laptop := []byte("the laptop's cookie")
	first, second := again(laptop), again(laptop)
	mails(1, "sign-in on another browser, sent twice")
	works(first, true)
	works(second, true)
	listed(first.SID, first.SID, repeated.SID)
	f.later(time.Minute)
	works(first, true) // the one that the browser kept
	works(second, false)
	works(first, true)
	listed(repeated.SID, first.SID, repeated.SID)
	if n := f.count(`select count(*) from sessions where sid = $1 and voids is null and not tell_apps`, second.SID); n != 1 {
		t.Error("apps are told of the session that nobody had")
	}
	f.must(f.EndOwnSession(f.ctx(), account.ID, repeated.SID)) // with the one that is not listed
	works(registered, false)
	works(repeated, false)
	works(first, true)

	history := func(want int) {
		t.Helper()
		list, _, err := f.History(f.ctx(), account.ID, 1)
		f.must(err)
		got := 0
		for _, e := range list {
			if e.Kind == audit.NewDevice && !e.Again {
				got++
			}
		}
		if got != want {
			t.Errorf("%d sign-ins in the history, want %d", got, want)
		}
	}
	history(2) // the phone's and the laptop's
	f.later(time.Second)
	third := again(phone) // nothing is open there any more
	mails(2, "after that browser's sessions were ended")
	f.later(time.Minute)
	works(third, true)
	f.later(againWithin / 2)
	works(third, true)
	f.later(againWithin / 2)
	fourth := again(phone)
	mails(3, "without the cookies of a sign-in long ago")
	f.later(2 * time.Minute)
	works(fourth, true)
	works(third, true) // it was used, by somebody
	listed(fourth.SID, third.SID, fourth.SID)
	if other := again(nil); f.count(`select count(*) from sessions where sid = $1 and opened_in is null and announce`, other.SID) != 1 {
		t.Error("without its cookie a browser is like another")
	}
	works(third, true)
}

// Two browsers' sessions that are used at the same moment end neither each other nor in an error.
func TestFormSentAgainAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 8)
	account := f.register("maria")
	browser := []byte("cookie")
	a, b := f.start(SessionStart{Account: account, Browser: browser}), f.start(SessionStart{Account: account, Browser: browser})
	f.later(time.Minute)
	results := make(chan error, 2)
	for _, s := range []Started{a, b} {
		go func() {
			_, err := f.Session(f.ctx(), s.Token)
			results <- err
		}()
	}
	good := 0
	for range 2 {
		if err := <-results; err == nil {
			good++
		} else if !errors.Is(err, ErrNoSession) {
			t.Error(err)
		}
	}
	if good == 0 {
		t.Error("neither works")
	}
}
