package accounts

import (
	"strings"
	"testing"
	"time"
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
