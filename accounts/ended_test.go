package accounts

import (
	"errors"
	"testing"
	"time"
)

// What the next page says of a session that is over is what happened to it: it was not used, it was too old, or it was ended.
// Whoever was thrown out by a thief must not read that nothing was the matter.
func TestWhySessionsEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end  func(f *fixture, a Account)
		want Ending
	}{
		"not used":                {func(f *fixture, a Account) { f.later(15 * time.Minute) }, endedUnused},
		"ended, then not used":    {func(f *fixture, a Account) { f.EndSessions(f.ctx(), a.ID, ""); f.later(time.Hour) }, endedElsewhere},
		"ended by another device": {func(f *fixture, a Account) { f.EndOwnSession(f.ctx(), a.ID, f.sid(a)) }, endedElsewhere},
		"another password":        {func(f *fixture, a Account) { f.ResetPassword(f.ctx(), a.ID, f.newPassword(a, otherPassword)) }, endedElsewhere},
		"this wasn't me": {func(f *fixture, a Account) {
			f.Notify(f.ctx(), a.ID, "password_changed", nil)
			f.Disown(f.ctx(), f.disownLink("password_changed"), nil)
		}, endedElsewhere},
		"another address":        {func(f *fixture, a Account) { f.ChangeEmail(f.ctx(), a.ID, "nueva@example.org", true) }, endedElsewhere},
		"the account was closed": {func(f *fixture, a Account) { f.write(`update accounts set status = 'disabled' where id = $1`, a.ID) }, endedElsewhere},
		"used to the end": {func(f *fixture, a Account) {
			f.write(`update sessions set expires_at = $1::timestamptz + interval '1 minute'`, f.now())
			f.later(time.Minute)
		}, endedFull},
		"own sign-out, whose answer was lost": {func(f *fixture, a Account) { f.SignOut(f.ctx(), f.sid(a)) }, endedSomehow},
		"forgotten":                           {func(f *fixture, a Account) { f.write(`delete from sessions`) }, endedSomehow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 1)
			account := f.register("maria")
			started := f.start(SessionStart{Account: account})
			test.end(f, account)
			if _, err := f.Session(f.ctx(), started.Token); !errors.Is(err, ErrNoSession) {
				t.Fatalf("Session = %v, want ErrNoSession", err)
			}
			if why, err := f.WhyEnded(f.ctx(), started.Token); err != nil || why != test.want {
				t.Errorf("WhyEnded = %q, %v, want %q", why, err, test.want)
			}
		})
	}
}

// sid is that of the account's only session.
func (f *fixture) sid(account Account) (sid string) {
	f.t.Helper()
	if err := f.querier().QueryRow(f.ctx(), `select sid from sessions where account_id = $1 and ended_at is null`, account.ID).Scan(&sid); err != nil {
		f.t.Fatal(err)
	}
	return sid
}
