package recovery

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"huskyidp/accounts"
)

// enrol gives an account an app and saved codes; app shows the app's code.
func (f *fixture) enrol(a accounts.Account) (app func() string, saved []string) {
	f.t.Helper()
	secret, err := f.people.StartTOTP(f.t.Context(), a.ID, "sid")
	check(f.t, err)
	app = func() string {
		code, err := totp.GenerateCode(string(secret), f.now())
		check(f.t, err)
		return code
	}
	_, err = f.people.ConfirmTOTP(f.t.Context(), a.ID, "sid", app())
	check(f.t, err)
	list, err := f.people.MakeSavedCodes(f.t.Context(), a.ID, "")
	check(f.t, err)
	f.later(time.Minute)
	return app, list.Codes
}

// S-55: an account with a second step recovers with it, and keeps it.
func TestRecoveryWithFactor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	app, saved := f.enrol(a)
	v := f.visitor().prove("maria")
	v.post("answer", "una linterna").on("/recover/factor/totp?flow=f1", 200).says(say("accounts.totp.label"), "/recover/factor/saved-code?flow=f1")
	v.get("/recover/new-password").on("/recover/factor/totp", 200) // S-60
	v.post("code", "").says(say("accounts.totp.missing"))
	v.post("code", "000000").on("/recover/factor/totp", 422)
	code := app()
	v.post("code", code).on("/recover/new-password", 200)
	v.post("new_password", newPassword).on("/recover/done", 200)
	if factors, err := f.people.Factors(t.Context(), a.ID); err != nil || !factors.TOTP {
		t.Errorf("S-54: the second step after recovery: %+v, %v", factors, err)
	}
	f.later(2 * time.Minute)
	w := f.visitor().prove("maria")
	w.post("answer", "una linterna").get("/recover/factor/saved-code")
	for range 20 { // not the shape of one: it has its own words, and nothing is counted
		w.post("saved_code", saved[3][:11]).on("/recover/factor/saved-code", 422).says(say("accounts.saved_code.format"))
	}
	w.post("saved_code", " - ").on("/recover/factor/saved-code", 422).says(say("accounts.saved_code.missing"))
	if n := f.count(`select factor_tries from recoveries where step = 'factor'`); n != 0 {
		t.Errorf("what cannot be a code was counted %d times", n)
	}
	w.post("saved_code", "abcde-fghjk-mnpqr").on("/recover/factor/saved-code", 422).says(say("accounts.saved_code.wrong"))
	w.post("saved_code", saved[3]).on("/recover/new-password", 200)
	f.later(2 * time.Minute)
	x := f.visitor().prove("maria")
	x.post("answer", "una linterna").get("/recover/factor/saved-code")
	x.post("saved_code", saved[3]).on("/recover/factor/saved-code", 422)                                             // S-17: each works once
	x.post("act", "none").on("/support?from=factor", 200).says(say("support.page.go_back"), `href="/recover/factor`) // pressed by a second tap
	x.get("/recover/factor").on("/recover/factor/totp", 200)
	x.get("/support?from=https://evil.example").on("/support?from=https://evil.example", 200)
	if strings.Contains(x.body, say("support.page.go_back")) {
		t.Error("the support page leads to what its address names")
	}
}

// S-16: five wrong codes end the recovery.
func TestWrongFactorsEndIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	app, _ := f.enrol(a)
	v := f.visitor().prove("maria").post("answer", "una linterna")
	for range 20 {
		v.post("code", "12345x") // no code at all: nothing is counted
	}
	v.says(say("accounts.totp.or_saved"))
	wrong := slices.DeleteFunc([]string{"000000", "111111", "222222", "333333", "444444", "555555"}, func(code string) bool { return code == app() })
	for _, code := range wrong[:4] {
		for range 2 { // the same again costs no second try
			v.post("code", code).on("/recover/factor/totp?flow=f1", http.StatusUnprocessableEntity)
		}
	}
	v.post("code", wrong[4]).on("/recover/password?flow=f1&note=ended", 200)
	v.get("/recover/factor").on("/recover/password?note=ended", 200)
}

// A factor that staff have taken away meanwhile bars nobody.
func TestFactorTakenAwayMeanwhile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	f.enrol(a)
	v := f.visitor().prove("maria").post("answer", "una linterna").on("/recover/factor/totp?flow=f1", 200)
	_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ResetFactor, AskedBy: "s1"})
	check(t, err)
	f.later(24 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	if factors, err := f.people.Factors(t.Context(), a.ID); err != nil || factors.Any() {
		t.Errorf("the factors after the reset: %+v, %v", factors, err)
	}
	v.get("/recover/factor").on("/recover/password?note=over", 200) // what was open is over
	f.visitor().prove("maria").post("answer", "una linterna").on("/recover/new-password?flow=f1", 200)
	if _, err := f.SubmitFactor(t.Context(), Visit{}, accounts.TOTP, "", nil); err == nil || !errors.As(err, new(*movedError)) {
		t.Errorf("a factor without a recovery: %v", err)
	}
}
