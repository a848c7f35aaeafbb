package recovery

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
)

// wrongAnswers gives wrong answers over days, four a day, which never close the question for the day.
func (f *fixture) wrongAnswers(a accounts.Account, n int) {
	f.t.Helper()
	for i := range n {
		if i%4 == 0 {
			f.later(25 * time.Hour)
		}
		_ = f.people.CheckAnswers(f.t.Context(), a.ID, map[string]string{"first_pay": fmt.Sprint("un libro ", i)}, false)
	}
}

// wrongCodes locks the second steps of an account.
func (f *fixture) wrongCodes(a accounts.Account, n int, apart time.Duration) {
	f.t.Helper()
	for range n {
		f.later(apart)
		_ = f.people.CheckTOTP(f.t.Context(), a.ID, "000000", false)
	}
}

func (v *visitor) lacks(texts ...string) *visitor {
	v.t.Helper()
	for _, text := range texts {
		if strings.Contains(v.body, text) {
			v.t.Errorf("%s says %q:\n%s", v.path, text, v.body)
		}
	}
	return v
}

// The twentieth wrong answer closes the question until the desk decides: its page, its mail and the page behind the mail's link say so,
// and no press leads to a recovery that refuses.
func TestNotMeWhileTheQuestionIsUsedUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	f.wrongAnswers(a, 19)
	f.visitor().prove("maria").post("answer", "una silla").on("/support?flow=f1&note=question", 200)
	path := f.link("answers_used_up")
	if len(f.mailed("answers_closed")) != 0 {
		t.Error("a mail promises that the question will be asked again")
	}
	_, link, _ := strings.Cut(path, "link=")
	v, again := f.visitor().get(path).on(path, 200).says("no puede crear una contraseña nueva sin Apoyo Técnico"), f.visitor().get(path)
	for _, v := range []*visitor{v, again} {
		v.postTo("/not-me", "link", link).on("/support?note=closed", 200).says(say("recovery.disown.done_desk"), "número de referencia").lacks("/recover/password")
	}
	if len(f.mailed("disowned_desk")) != 1 || len(f.mailed("disowned")) != 0 {
		t.Error("the mail about it does not lead to the desk")
	}
	f.later(31 * 24 * time.Hour)
	f.visitor().begin("maria").post("code", f.code()).on("/support?flow=f1&note=question", 200)
}

// A denial after one that closed the question: nothing is restored any more, and recovery is the desk's still.
func TestNotMeWhileTheQuestionIsClosed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	f.deny(a, "toy_name", "el trompo azul")
	f.mailed("question_restored")
	f.later(2 * time.Minute)
	check(t, f.people.Notify(t.Context(), a.ID, "new_device", map[string]any{"browser": "Firefox", "system": "Android"}))
	path := f.link("new_device")
	_, link, _ := strings.Cut(path, "link=")
	f.visitor().get(path).says(say("recovery.disown.why_question")).lacks(say("recovery.disown.body")).postTo("/not-me", "link", link).on("/support?note=closed", 200)
	if len(f.mailed("disowned_desk")) != 1 {
		t.Error("the mail about it does not lead to the desk")
	}
}

// Where every second step is locked, or used up, no password can follow either; where one is taken, nothing is said.
func TestNotMeWhileCodesAreLocked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	_, saved := f.enrol(a)
	f.wrongCodes(a, 10, time.Second)
	path := f.link("factor_locked")
	f.visitor().get(path).on(path, 200).lacks("Apoyo Técnico puede ayudarle antes")
	for i, code := range saved { // the list is used up
		_, err := f.people.UseSavedCode(t.Context(), a.ID, code, false)
		check(t, err)
		if i < len(saved)-1 {
			f.visitor().get(path).lacks("Apoyo Técnico puede ayudarle antes")
		}
	}
	_, link, _ := strings.Cut(path, "link=")
	f.visitor().get(path).lacks(say("recovery.disown.body")).says(say("recovery.disown.why_factor"), "no puede crear una contraseña nueva hasta el").
		postTo("/not-me", "link", link).on("/not-me/done?link="+link, 200).says("Puede crear una contraseña nueva desde el").lacks("/recover/password")
	f.mailed("disowned_waits")
	v := f.visitor().prove("maria").post("answer", "una linterna").on("/recover/factor/totp?flow=f1", 200)
	v.post("code", "111111").on("/recover/factor/totp?flow=f1", http.StatusTooManyRequests).says("vuelva a intentarlo").lacks("vuelva a iniciar su sesión")

	f.later(time.Hour)
	f.wrongCodes(a, 90, 2*time.Minute)
	path = f.link("factor_used_up")
	_, link, _ = strings.Cut(path, "link=")
	f.visitor().get(path).says(say("recovery.disown.why_factor"), "sin Apoyo Técnico").postTo("/not-me", "link", link).on("/support?note=closed", 200)
	v = f.visitor().prove("maria").post("answer", "una linterna")
	v.post("code", "111111").says(say("accounts.factor.used_up")).lacks("Espere")
}

// The link that stops a change advises a new password, and leads to no recovery that refuses one: nor after the press, nor where another
// was faster.
func TestStopWhileRecoveryIsClosed(t *testing.T) {
	t.Parallel()
	for name, forever := range map[string]bool{"for a day": false, "until the desk decides": true} {
		f := newFixture(t)
		a := f.member("maria", "004123789")
		says := "sirve otra vez desde el"
		if forever {
			f.wrongAnswers(a, 20)
			says = "no sirve ahora para esta cuenta"
		} else {
			for i := range 5 {
				_ = f.people.CheckAnswers(t.Context(), a.ID, map[string]string{"first_pay": fmt.Sprint("un libro ", i)}, false)
			}
		}
		for _, stopped := range []bool{false, true} {
			_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "nueva@example.org", AskedBy: "s1"})
			check(t, err)
			path := f.link("email_requested")
			_, link, _ := strings.Cut(path, "link=")
			v := f.visitor().get(path)
			if stopped {
				_, err := f.StopHeld(t.Context(), a.ID)
				check(t, err)
				v.postTo("/cancel-change", "link", link).on("/cancel-change", http.StatusGone)
			} else {
				v.postTo("/cancel-change", "link", link).on("/cancel-change/done?link="+link, 200)
			}
			if v.says(says, `href="/support`); strings.Contains(v.body, "/recover/password") {
				t.Errorf("%s: %s leads to a recovery that is closed", name, v.path)
			}
		}
	}
}

// The mailbox that gets its address back is told what is true for it, too.
func TestRestoredAddressHearsThatRecoveryIsClosed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	f.wrongAnswers(a, 19)
	check(t, f.people.Notify(t.Context(), a.ID, "new_device", map[string]any{"browser": "Firefox", "system": "Android"}))
	_, link, _ := strings.Cut(f.link("new_device"), "link=")
	_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "ladron@example.org", AskedBy: "s1"})
	check(t, err)
	f.later(24 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	f.wrongAnswers(a, 1)
	check(t, f.NotMe(t.Context(), link, nil))
	if got := f.address(a); got != "maria@example.com" {
		t.Fatalf("the address is %q", got)
	}
	if told := len(f.mailed("disowned")); told != 0 || len(f.mailed("disowned_desk")) != 2 {
		t.Errorf("%d mails speak of a new password", told)
	}
}
