package accounts

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
)

// What a member does against somebody who had the account for a moment also ends what made that browser known: its next
// sign-in is announced, and has no count of its own (S-11). The browser that made the change stays known.
func TestCredentialsEndKnownDevices(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]func(f *fixture, a Account) error{
		"password change": func(f *fixture, a Account) error {
			return f.ChangePassword(f.ctx(), PasswordChange{PasswordProof: PasswordProof{Session: Session{SID: "sid", AccountID: a.ID, Username: a.Username}, Current: rightPassword}, New: otherPassword})
		},
		"recovery": func(f *fixture, a Account) error {
			return f.ResetPassword(f.ctx(), a.ID, f.newPassword(a, otherPassword))
		},
		"this wasn't me, and recovery": func(f *fixture, a Account) error {
			err := f.Notify(f.ctx(), a.ID, "question_changed", nil)
			_, _, err2 := f.Disown(f.ctx(), f.disownLink("question_changed"), nil)
			return errors.Join(err, err2, f.ResetPassword(f.ctx(), a.ID, f.newPassword(a, otherPassword)))
		},
		"a second step taken away": func(f *fixture, a Account) error { return f.RemoveFactors(f.ctx(), a.ID) },
		"another row of the roster": func(f *fixture, a Account) error {
			return f.ChangeMember(f.ctx(), a.ID, uuid.Must(uuid.NewV7()))
		},
	} {
		f := newFixture(t, 1)
		account := f.register("maria")
		theirs, mine := f.start(SessionStart{Account: account}).Device, f.start(SessionStart{Account: account}).Device
		before, err := f.Get(f.ctx(), account.ID)
		if err != nil {
			t.Fatal(err)
		}
		f.later(time.Hour)
		if err := event(f, account); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		renewed := f.RenewDevice(before, mine)
		if f.RenewDevice(before, "") != "" {
			t.Errorf("%s: an unknown browser became known", name)
		}
		account, err = f.Get(f.ctx(), account.ID)
		if err != nil {
			t.Fatal(err)
		}
		if f.RenewDevice(account, theirs) != "" {
			t.Errorf("%s: a browser from before is renewed later", name)
		}
		announced := func(device string) bool {
			return f.count(`select count(*) from sessions where sid = $1 and announce`, f.start(SessionStart{Account: account, Device: device}).SID) == 1
		}
		if !announced(theirs) {
			t.Errorf("%s: the sign-in of a browser from before is not announced", name)
		}
		if announced(renewed) {
			t.Errorf("%s: the sign-in of the browser that made the change is announced", name)
		}
		for range freeFailures {
			f.try("maria", wrongPassword)
		}
		for device, want := range map[string]string{theirs: "1m0s", renewed: "wrong"} {
			_, err := f.Authenticate(f.ctx(), Attempt{Username: "maria", Password: wrongPassword, Device: device, Source: "192.0.2.1/32"})
			if got := outcome(err); got != want {
				t.Errorf("%s: the limit of a known browser (%t): %s, want %s", name, device == renewed, got, want)
			}
		}
		for device, want := range map[string]bool{theirs: false, renewed: true} {
			asker, err := f.Asker(f.ctx(), "Maria", device, "192.0.2.1/32")
			if known := asker != "source 192.0.2.1/32"; err != nil || known != want {
				t.Errorf("%s: who asks for mails is known: %t (%v), want %t", name, known, err, want)
			}
		}
	}
}
