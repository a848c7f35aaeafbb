package recovery

import (
	"testing"
	"time"

	"huskyidp/accounts"
)

// S-11, S-54: a recovery ends what made browsers known, but not for the browser that recovered, if it was known.
func TestKnownBrowserAfterRecovery(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	known := func() string {
		started, err := f.people.StartSession(t.Context(), accounts.SessionStart{Account: a, AMR: []string{"pwd"}})
		check(t, err)
		return started.Device
	}
	theirs := known()
	own, stranger := f.visitor(), f.visitor()
	for i, v := range []*visitor{own, stranger} {
		before := known()
		if v == own {
			v.jar["idp_device"] = before
		}
		f.later(time.Hour)
		v.prove("maria")
		v.post("answer", "una linterna").on("/recover/new-password?flow=f1", 200)
		v.post("new_password", []string{newPassword, "cinco barcos de papel rojo"}[i]).on("/recover/done?flow=f1", 200)
		account, err := f.people.Get(t.Context(), a.ID)
		check(t, err)
		if f.people.RenewDevice(account, theirs) != "" || f.people.RenewDevice(account, before) != "" {
			t.Error("a browser is known by a cookie from before the recovery")
		}
		if got, want := f.people.RenewDevice(account, v.jar["idp_device"]) != "", v == own; got != want {
			t.Errorf("the browser that recovered is known: %t, want %t", got, want)
		}
		a = account
	}
}
