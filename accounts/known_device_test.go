package accounts

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func changePassword(f *fixture, a Account) error {
	return f.ChangePassword(f.ctx(), PasswordChange{PasswordProof: PasswordProof{Session: Session{SID: "sid", AccountID: a.ID, Username: a.Username}, Current: rightPassword}, New: otherPassword})
}

// What a member does against somebody who had the account for a moment also ends what made that browser known: its next
// sign-in is announced, and has no count of its own (S-11). The browser that made the change stays known.
func TestCredentialsEndKnownDevices(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]func(f *fixture, a Account) error{
		"password change": changePassword,
		"recovery": func(f *fixture, a Account) error {
			return f.ResetPassword(f.ctx(), a.ID, f.newPassword(a, otherPassword))
		},
		"this wasn't me, and recovery": func(f *fixture, a Account) error {
			err := f.Notify(f.ctx(), a.ID, "question_changed", nil)
			_, err2 := f.Disown(f.ctx(), f.disownLink("question_changed"), nil)
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

// S-11: a family takes turns on one phone: each of them stays known there, is not told of a new device at every turn, and keeps a
// count of their own. What ends it for one leaves the others known. A sixth account displaces who was away longest.
func TestFamilyOnOnePhone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	var family []Account
	for _, name := range []string{"mama", "abuelo", "hija", "hijo", "tio", "vecina"} {
		family = append(family, f.register(name))
	}
	device := ""
	announced := func(a Account) bool {
		t.Helper()
		a, err := f.Get(f.ctx(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		started := f.start(SessionStart{Account: a, Device: device})
		device = started.Device
		if err := f.SignOut(f.ctx(), started.SID); err != nil {
			t.Fatal(err)
		}
		f.later(time.Minute)
		return f.count(`select count(*) from audit_events where session_id = $1 and (kind = 'new_device' or data->>'first' = 'yes')`, started.SID) == 1
	}
	turn := func(who ...int) (news []int) {
		t.Helper()
		for _, i := range who {
			if announced(family[i]) {
				news = append(news, i)
			}
		}
		return news
	}
	if news := turn(0, 1, 0, 1, 0, 2, 3, 4, 0, 1, 2); !slices.Equal(news, []int{0, 1, 2, 3, 4}) {
		t.Errorf("new to the phone at %v, want each once", news)
	}
	if len(device) > 400 {
		t.Errorf("the cookie has %d characters", len(device))
	}
	for range freeFailures {
		f.try("abuelo", wrongPassword)
	}
	if _, err := f.Authenticate(f.ctx(), Attempt{Username: "abuelo", Password: rightPassword, Device: device}); err != nil {
		t.Errorf("the phone of a member whose name a stranger tries: %v", err)
	}
	if _, err := f.try("abuelo", rightPassword); outcome(err) != "1m0s" {
		t.Errorf("another browser: %s, want a wait", outcome(err))
	}
	if err := f.ResetPassword(f.ctx(), family[2].ID, f.newPassword(family[2], otherPassword)); err != nil {
		t.Fatal(err)
	}
	f.later(time.Minute)
	if news := turn(1, 2, 0); !slices.Equal(news, []int{2}) {
		t.Errorf("after another password of one: new at %v, want that one", news)
	}
	if news := turn(5, 0, 1, 2, 4, 3); !slices.Equal(news, []int{5, 3}) { // 3 was away longest, and 5 too when 3 came back
		t.Errorf("with a sixth: new at %v", news)
	}
	for _, forged := range []string{"", ".", strings.Repeat(device+".", 4), otherwise(device), strings.Repeat("A", 10_000)} {
		if f.readDeviceCookie(forged, "nobody", f.now()).valid {
			t.Errorf("%q makes a browser known", forged)
		}
	}
	f.later(KnownDeviceAge)
	if news := turn(0); len(news) != 1 || strings.Contains(device, ".") {
		t.Errorf("after 180 days: new at %v, the cookie %q", news, device)
	}
}
