package accounts

import (
	"errors"
	"testing"
	"time"

	"huskyidp/internal/ratelimit"
)

// TestLanguageBackAndForth (S-14): a session that changes the language again and again has its owner get a bounded number of mails, and
// the same language again counts for nothing.
func TestLanguageBackAndForth(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	change := func(lang string) error { return f.ChangeLanguage(f.ctx(), a.ID, lang) }
	for i := range languageChanges.Count {
		for range 3 {
			f.must(change([]string{"en", "es"}[i%2]))
		}
	}
	var exceeded *ratelimit.Exceeded
	if err := change("en"); !errors.As(err, &exceeded) {
		t.Errorf("the next change: %v", err)
	}
	if n := len(f.mailKinds(a.ID)); n != languageChanges.Count {
		t.Errorf("%d mails, want %d", n, languageChanges.Count)
	}
	if got, err := f.Get(f.ctx(), a.ID); err != nil || got.Language != "es" {
		t.Errorf("the language is %s (%v)", got.Language, err)
	}
	f.later(time.Hour)
	f.must(change("en"))
}
