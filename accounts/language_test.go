package accounts

import (
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
	for i := range languageMails.Count {
		for range 3 {
			f.must(change([]string{"en", "es"}[i%2]))
		}
	}
	f.must(change("en")) // the owner's own, perhaps: no mail, but done
	if n := len(f.mailKinds(a.ID)); n != languageMails.Count {
		t.Errorf("%d mails, want %d", n, languageMails.Count)
	}
	if got, err := f.Get(f.ctx(), a.ID); err != nil || got.Language != "en" {
		t.Errorf("the language is %s (%v)", got.Language, err)
	}
	f.later(time.Hour)
	f.must(change("es"))
	if n := len(f.mailKinds(a.ID)); n != languageMails.Count+1 {
		t.Errorf("%d mails after an hour", n)
	}
}
