package accounts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/templates"
)

// TestLanguageBackAndForth (S-14): a session that changes the language again and again has its owner get a bounded number of mails, and
// the same language again counts for nothing.
func TestLanguageBackAndForth(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	change := func(lang string) error { return f.ChangeLanguage(f.ctx(), a.ID, lang) }
	for i := range repeated.Count {
		for range 3 {
			f.must(change([]string{"en", "es"}[i%2]))
		}
	}
	f.must(change("en")) // the owner's own, perhaps: no mail, but done
	if n := len(f.mailKinds(a.ID)); n != repeated.Count {
		t.Errorf("%d mails, want %d", n, repeated.Count)
	}
	if got, err := f.Get(f.ctx(), a.ID); err != nil || got.Language != "en" {
		t.Errorf("the language is %s (%v)", got.Language, err)
	}
	f.later(time.Hour)
	f.must(change("es"))
	if n := len(f.mailKinds(a.ID)); n != repeated.Count+1 {
		t.Errorf("%d mails after an hour", n)
	}
}

// TestRepeatedNotices (S-14): what one proof lets somebody do again and again has its owner get a bounded number of mails.
func TestRepeatedNotices(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]func(f *fixture, a Account) error{
		"lists of saved codes": func(f *fixture, a Account) error {
			_, err := f.MakeSavedCodes(f.ctx(), a.ID, "")
			return err
		},
		"sign-ins from new devices": func(f *fixture, a Account) error {
			f.start(SessionStart{Account: a})
			return f.SendNotices(f.ctx())
		},
		"screens allowed": func(f *fixture, a Account) error {
			return f.Notify(f.ctx(), a.ID, "device_allowed", templates.Args{"app": "TV"})
		},
		"permissions of an app, long and short": func(f *fixture, a Account) error {
			kind := []string{"app_allowed", "app_allowed_no_end", "app_allowed_once"}[f.now().Second()%3]
			return f.Notify(f.ctx(), a.ID, kind, templates.Args{"app": "Mi Diario", "until": f.now(), "datetime": f.now()})
		},
		"an app stopped": func(f *fixture, a Account) error {
			return f.Notify(f.ctx(), a.ID, "app_stopped", templates.Args{"app": "Mi Diario"})
		},
		"passwords":            func(f *fixture, a Account) error { return f.Notify(f.ctx(), a.ID, "password_changed", nil) },
		"questions":            func(f *fixture, a Account) error { return f.Notify(f.ctx(), a.ID, "question_changed", nil) },
		"data":                 func(f *fixture, a Account) error { return f.Notify(f.ctx(), a.ID, "data_taken", nil) },
		"closings taken back":  func(f *fixture, a Account) error { return f.Notify(f.ctx(), a.ID, "close_stopped", nil) },
		"second steps removed": func(f *fixture, a Account) error { return f.tellFactor(f.ctx(), a.ID, TOTP, "factor_removed", f.now()) },
		"second steps added": func(f *fixture, a Account) error {
			return f.tellFactor(f.ctx(), a.ID, Passkey, []string{"factor_added", "factor_added_waits"}[f.now().Second()%2], f.now())
		},
	} {
		f := newFixture(t, 1)
		a := f.register("maria")
		f.enrolTOTP(a)
		f.start(SessionStart{Account: a}) // the first tells nobody
		a, err := f.Get(f.ctx(), a.ID)
		f.must(err)
		before := len(f.mailKinds(a.ID))
		for range repeated.Count + 3 {
			f.later(time.Second)
			f.must(again(f, a))
		}
		if n := len(f.mailKinds(a.ID)) - before; n != repeated.Count {
			t.Errorf("%s: %d mails, want %d", name, n, repeated.Count)
		}
		f.later(time.Hour)
		f.must(again(f, a))
		if n := len(f.mailKinds(a.ID)) - before; n != repeated.Count+1 {
			t.Errorf("%s: %d mails after an hour", name, n)
		}
	}
}

// TestFirstNoticesLeave (S-14, S-54): of another app or another second step the first notices leave, up to a bound for all; the last one
// says that it is; and once a link was used, which voids the others, the next notice leaves with another.
func TestFirstNoticesLeave(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	tell := func(app string) {
		f.later(time.Second)
		f.must(f.Notify(f.ctx(), a.ID, "device_allowed", templates.Args{"app": app}))
	}
	for i := range 8 {
		tell("TV")
		if says := strings.Contains(f.last("device_allowed").Content.Text, "Esto pasó 6 veces en una hora."); says != (i >= 5) {
			t.Errorf("mail %d says that it is the last: %v", i+1, says)
		}
	}
	want := func(n int) {
		t.Helper()
		if got := len(f.mailKinds(a.ID)); got != n {
			t.Errorf("%d mails, want %d", got, n)
		}
	}
	want(6)
	tell("Radio")
	want(7)
	for i := range 40 {
		tell(fmt.Sprint("Radio ", i))
	}
	want(repeatedAll.Count)
	_, err := f.Disown(f.ctx(), f.disownLink("device_allowed"), nil)
	f.must(err)
	tell("TV")
	tell("TV")
	want(repeatedAll.Count + 3) // the answer to the link, and what was not denied
	if _, err := f.Disownable(f.ctx(), f.disownLink("device_allowed"), nil); err != nil {
		t.Errorf("the link of the notice after that: %v", err)
	}
	for range 8 {
		tell("TV")
	}
	want(repeatedAll.Count + 7) // what was not denied is told of as often as before
}

// TestLinksOfTheHistory (S-14): a page that makes a link each time it is opened keeps the newest, and those of mails stay.
func TestLinksOfTheHistory(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	f.must(f.Notify(f.ctx(), a.ID, "app_allowed", map[string]any{"until": f.now(), "app": "Mi Diario"}))
	session := f.start(SessionStart{Account: a}).Session
	var links []string
	for range linksOfSession + 5 {
		f.later(time.Second)
		path, err := f.DisownLink(f.ctx(), session, thisBrowser, f.now())
		f.must(err)
		links = append(links, strings.TrimPrefix(path, "/not-me?link="))
	}
	if n := f.count(`select count(*) from disown_links where sid is not null`); n != linksOfSession {
		t.Errorf("%d links, want %d", n, linksOfSession)
	}
	for _, link := range []string{f.disownLink("app_allowed"), links[5], links[len(links)-1]} {
		if _, err := f.Disownable(f.ctx(), link, thisBrowser); err != nil {
			t.Errorf("a link that should be there: %v", err)
		}
	}
}

// S-14: of a mailbox's mails, strangers leave some to a browser that its account knows, with however many cards and networks they come.
func TestStrangersLeaveAMailboxItsShare(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	sent := 0
	for i := range 2 * mailAddress.Count {
		var outcome error
		b, network := &pgx.Batch{}, fmt.Sprintf("198.51.%d.0/24", i%(mailAddress.Count))
		QueueStrangers(f.limiter, b, &outcome, f.now(), network, []string{fmt.Sprint("verify card ", i), "maria@example.com"},
			MailAsks("verify", uuid.New(), network, "maria@example.com")...)
		f.must(f.store.run(f.ctx(), b))
		if outcome == nil {
			sent++
		}
	}
	if known := MailAsks("reset", uuid.New(), knownAsker, "maria@example.com"); sent > mailShare.Firsts.Count+mailShare.More.Count || f.limiter.TakeAll(f.ctx(), f.now(), known...) != nil {
		t.Errorf("%d mails of strangers, and none for the known browser", sent)
	}
}
