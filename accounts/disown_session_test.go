package accounts

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// A link of the history belongs to the session and the browser that showed it, and dies with the session (C13): whoever
// had the page for a moment cannot void the owner's password later. Links of mails outlive every session.
func TestHistoryLinkDiesWithItsSession(t *testing.T) {
	t.Parallel()
	otherBrowser := []byte(strings.Repeat("o", 32))
	end := func(end func(f *fixture, s Started) error) func(*fixture, Started) ([]byte, error) {
		return func(f *fixture, s Started) ([]byte, error) { return thisBrowser, end(f, s) }
	}
	for name, test := range map[string]struct {
		after func(f *fixture, s Started) (browser []byte, err error)
		works bool
	}{
		"at once":         {end(func(*fixture, Started) error { return nil }), true},
		"another browser": {func(*fixture, Started) ([]byte, error) { return otherBrowser, nil }, false},
		"no browser":      {func(*fixture, Started) ([]byte, error) { return nil, nil }, false},
		"sign-out":        {end(func(f *fixture, s Started) error { return f.SignOut(f.ctx(), s.SID) }), false},
		"ended elsewhere": {end(func(f *fixture, s Started) error { return f.EndSessions(f.ctx(), s.AccountID, "") }), false},
		"unused":          {end(func(f *fixture, s Started) error { f.later(16 * time.Minute); return nil }), false},
		"another person": {end(func(f *fixture, s Started) error {
			f.start(SessionStart{Account: f.register("jose"), Replaces: s.Token})
			return nil
		}), false},
		"another password, elsewhere": {end(func(f *fixture, s Started) error {
			return f.ChangePassword(f.ctx(), PasswordChange{PasswordProof: PasswordProof{Session: Session{SID: "sid", AccountID: s.AccountID, Username: "maria"}, Current: rightPassword}, New: otherPassword})
		}), false},
	} {
		f := newFixture(t, 1)
		account := f.register("maria")
		started := f.start(SessionStart{Account: account})
		path, err := f.DisownLink(f.ctx(), started.Session, thisBrowser, f.now())
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Notify(f.ctx(), account.ID, "app_allowed", map[string]any{"until": f.now(), "app": "Mi Diario"}); err != nil {
			t.Fatal(err)
		}
		mailed := f.disownLink("app_allowed")
		browser, err := test.after(f, started)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, link, _ := strings.Cut(path, "link=")
		_, looked := f.Disownable(f.ctx(), link, browser)
		_, pressed := f.Disown(f.ctx(), link, browser)
		for what, err := range map[string]error{"looking": looked, "pressing": pressed} {
			if test.works && err != nil || !test.works && !errors.Is(err, ErrNoSession) {
				t.Errorf("%s: %s: %v, want it to work: %t", name, what, err, test.works)
			}
		}
		if _, err := f.Disown(f.ctx(), mailed, nil); !test.works && err != nil {
			t.Errorf("%s: the link of the mail: %v", name, err)
		}
	}
}
