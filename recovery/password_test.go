package recovery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huskyidp/accounts"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

// The way of pages.md 2.3: code, question, new password, sign-in.
func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	stopped := &stoppedSince{}
	f.apps = stopped
	a := f.member("maria", "004123789")
	started, err := f.people.StartSession(t.Context(), accounts.SessionStart{Account: a, AMR: []string{"pwd"}})
	check(t, err)
	v := f.visitor().get("/recover?flow=f1").says(say("recovery.hub.password"), "/recover/password?flow=f1", "/recover/username?flow=f1")
	v.begin("  María ") // another name: nothing is said
	if f.work(); len(f.mailed("reset")) != 0 {
		t.Fatal("a mail for a name that nobody has")
	}
	v = f.visitor().begin("Maria").says("Si hay una cuenta con ese nombre de usuario")
	code := f.code()
	v.post("code", code[:3]+" - "+code[3:]).on("/recover/question?flow=f1", 200).says(say("question.bank.first_pay"))
	v.post("answer", " UNA linterna. ").on("/recover/new-password?flow=f1", 200).says(`value="maria" autocomplete="username"`)
	v.post("new_password", "corta").on("/recover/new-password?flow=f1", 422)
	v.post("new_password", oldPassword).on("/recover/new-password?flow=f1", 422).says("Esa es su contraseña anterior.")
	v.post("new_password", newPassword).on("/recover/done?flow=f1", 200).says("Su contraseña cambió", "/login?flow=f1")
	if _, err := f.people.Session(t.Context(), started.Token); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("S-54: the session after it: %v", err)
	}
	if stopped.watched != a.ID {
		t.Error("permissions of a stranger were not looked for")
	}
	if err := f.signIn("maria", newPassword); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if err := f.signIn("maria", oldPassword); !errors.Is(err, accounts.ErrWrongCredentials) {
		t.Errorf("the old password: %v", err)
	}
	if mails := f.mailed("password_changed"); len(mails) != 1 || !strings.Contains(mails[0], "/not-me?link=") {
		t.Errorf("S-54: the notices %q", mails)
	}
	for name, value := range v.jar {
		if strings.Contains(name, "session") && value != "" {
			t.Error("S-54: a reset signs in")
		}
	}
	v.get("/recover/question?flow=f1").on("/recover/done?flow=f1", 200) // S-60: what is finished never continues
}

// S-60: no step is reached but by the one before it, in the browser that began.
func TestStepsCannotBeSkipped(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	v := f.visitor().begin("maria")
	for _, step := range []string{"question", "factor", "factor/totp", "new-password", "done"} {
		v.get("/recover/"+step).on("/recover/code", 200)
	}
	v.postTo("/recover/new-password", "new_password", newPassword).on("/recover/code", 200)
	v.postTo("/recover/question", "answer", "una linterna").on("/recover/code", 200)
	visit := Visit{Token: v.jar["idp_recovery"], Browser: f.browserOf(v)}
	_, _, answers := f.SubmitAnswers(t.Context(), visit, map[string]string{"first_pay": "una linterna"})
	_, factor := f.SubmitFactor(t.Context(), visit, accounts.TOTP, "", func(context.Context, accounts.Account, bool) error { return nil })
	_, _, password := f.SetPassword(t.Context(), visit, newPassword)
	for name, err := range map[string]error{"answers": answers, "factor": factor, "password": password} {
		if moved, ok := errors.AsType[*movedError](err); !ok || moved.step != stepCode {
			t.Errorf("the %s before the code: %v", name, err)
		}
	}
	other := f.visitor().get("/recover/password")
	other.jar["idp_recovery"] = v.jar["idp_recovery"]
	other.get("/recover/code").on("/recover/password?note=none", 200)
	nobody := f.visitor()
	nobody.get("/recover/new-password").on("/recover/password?note=none", 200)
	// a second beginning in this browser voids the first, but for the second press of the same form
	f.later(accounts.MailGap.Per)
	first := v.jar["idp_recovery"]
	v.begin("maria")
	if v.jar["idp_recovery"] == first {
		t.Error("a new recovery has the cookie of the old one")
	}
}

// S-14: five wrong codes end the recovery, whether or not there is an account; S-12: status, headers, cookies and body are the same.
func TestWrongCodes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	var trails [2][]string
	for i, name := range []string{"maria", "nadie"} {
		v := f.visitor().begin(name)
		f.work()
		right := "000000"
		if mails := f.mailed("reset"); len(mails) == 1 {
			right = sixDigits.FindString(mails[0])
		}
		for n := range 5 {
			wrong := "12345" + string(rune('0'+n))
			if wrong == right {
				wrong = "999999"
			}
			v.post("code", wrong)
		}
		v.on("/recover/password?flow=f1&note=ended", 200)
		v.get("/recover/code?flow=f1").on("/recover/password?flow=f1&note=ended", 200)
		for _, answer := range v.trail {
			trails[i] = append(trails[i], strings.ReplaceAll(answer, "«"+name+"»", "«as typed»"))
		}
	}
	if diff := cmp.Diff(trails[0], trails[1]); diff != "" || len(trails[0]) < 8 {
		t.Errorf("%d answers differ:\n%s", len(trails[0]), diff)
	}
}

// S-10: 32 parallel tries of wrong codes buy five; of the right code, one succeeds.
func TestParallelCodes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 16)
	f.member("maria", "004123789")
	v := f.visitor().begin("maria")
	code := f.code()
	visit := Visit{Token: v.jar["idp_recovery"], Browser: f.browserOf(v)}
	var on, moved atomic.Int32
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			r, err := f.SubmitCode(t.Context(), visit, code)
			if m, ok := errors.AsType[*movedError](err); ok && m.step == stepQuestion {
				moved.Add(1)
			} else if err == nil && r.Step == stepQuestion {
				on.Add(1)
			} else {
				t.Errorf("SubmitCode = %v", err)
			}
		})
	}
	wg.Wait()
	if on.Load() != 1 || moved.Load() != 31 {
		t.Errorf("one mailed code: %d went on, %d found it done; want 1 and 31", on.Load(), moved.Load())
	}

	f.later(2 * time.Minute)
	v = f.visitor().begin("maria")
	f.code()
	visit = Visit{Token: v.jar["idp_recovery"], Browser: f.browserOf(v)}
	var judged atomic.Int32
	for i := range 32 {
		wg.Go(func() {
			if _, err := f.SubmitCode(t.Context(), visit, fmt.Sprintf("not %d", i)); errors.Is(err, ErrCode) || errors.Is(err, ErrEnded) {
				judged.Add(1)
			}
		})
	}
	wg.Wait()
	if judged.Load() != 5 {
		t.Errorf("32 parallel wrong codes: %d were judged, want 5", judged.Load())
	}
}

// browserOf reads to which browser the recovery of a visitor is bound.
// A recovery proves the address of an account that another system brought: its member is not asked for a code again.
func TestRecoveryProvesAnImportedAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	postgrestest.Exec(t, f.db, `update accounts set imported_at = created_at, email_proven = true`)
	v := f.visitor().prove("maria")
	due := func() int {
		return f.count(`select count(*) from accounts where id = $1 and settle_proven_at is null`, a.ID)
	}
	if due() != 1 {
		t.Error("the code alone, before the recovery is whole, proves the address")
	}
	if v.post("answer", "una linterna").post("new_password", newPassword).on("/recover/done?flow=f1", 200); due() != 0 {
		t.Error("the address is still to be proven")
	}
}

func (f *fixture) browserOf(v *visitor) (browser []byte) {
	f.t.Helper()
	check(f.t, f.db.From(f.t.Context()).QueryRow(f.t.Context(), `select browser from recoveries where token = $1`, seal.Digest(v.jar["idp_recovery"])).Scan(&browser))
	return browser
}

// fleeting is what is random in an answer: the values of cookies, the id of the request, the token and the mark of a form.
var fleeting = regexp.MustCompile(`(?m)(name="csrf" value="|data-csrf="|name="for-|^Set-Cookie: [^=]+=|^X-Request-Id: |[?&;](?:refused|typed)=)[^";&\r\n]*`)

func stripTokens(answer string) string { return fleeting.ReplaceAllString(answer, "$1") }

// A code is good for 15 minutes, another one after a minute; the newest alone counts (S-51).
func TestResend(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	v := f.visitor().begin("maria")
	first := f.code()
	v.post("act", "resend").on("/recover/code?flow=f1", http.StatusTooManyRequests).says("Espere 1 minuto")
	if v.header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After %q", v.header.Get("Retry-After"))
	}
	v.get("/recover/code?flow=f1")
	f.later(time.Minute)
	v.post("act", "resend").on("/recover/code?flow=f1&note=resent", 200).says("Enviamos otro código.")
	second := f.code()
	if first != second {
		v.post("code", first).on("/recover/code?flow=f1&note=resent", 422)
	}
	f.later(15 * time.Minute)
	v.post("code", second).says(say("registration.code.expired"))
	v.post("act", "resend")
	v.post("code", f.code()).on("/recover/question?flow=f1", 200)
	nobody := f.visitor().begin("nobody")
	f.later(15 * time.Minute)
	nobody.post("code", "123456").says(say("registration.code.expired"))
}

// What was typed against the field.
func TestPasswordForm(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	v := f.visitor().get("/recover/password")
	v.post("username", "  ").on("/recover/password", 422).says(say("provider.login.username_missing"))
	v.post("username", strings.Repeat("a", 1000)).on("/recover/password", 422)
	v.post("username", " Maria@example.com").on("/recover/password", 422).says(say("recovery.password.address"))
	v.post("username", "<script>alert(1)</script>").on("/recover/code", 200)
	v.post("code", "").says(say("registration.code.missing"))
	v.post("code", "12x456").says(say("registration.code.format"))
	v.post("act", "no_mailbox").on("/support?from=code", 200).says(`href="/recover/code`)
}

// Support sends a code to the address on file; it works in the recovery that is open on the member's screen, once.
func TestStaffCode(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	v := f.visitor().begin("maria")
	f.code()
	check(t, f.StartReset(t.Context(), a.ID))
	code := sixDigits.FindString(f.mailed("reset_desk")[0])
	v.post("code", code).on("/recover/question?flow=f1", 200)
	f.later(2 * time.Minute)
	again := f.visitor().begin("maria")
	own := f.code()
	if own != code {
		again.post("code", code).on("/recover/code?flow=f1", 422)
	}
	check(t, f.StartReset(t.Context(), a.ID))
	third := sixDigits.FindString(f.mailed("reset_desk")[0])
	other := f.visitor().begin("nobody")
	if third != own {
		other.post("code", third).on("/recover/code?flow=f1", 422)
	}
}

// Support's code works before the job has looked up whose the recovery is.
func TestStaffCodeBeforeTheJob(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	check(t, f.StartReset(t.Context(), a.ID))
	code := sixDigits.FindString(f.mailed("reset_desk")[0])
	f.visitor().begin("nobody").post("code", code).on("/recover/code?flow=f1", 422)
	f.visitor().begin(" María").post("code", code).on("/recover/code?flow=f1", 422)
	v := f.visitor().begin(" Maria").post("code", code).on("/recover/question?flow=f1", 200)
	f.work()
	if mails := f.mailed("reset"); len(mails) != 0 {
		t.Errorf("a code for what is proven: %q", mails)
	}
	v.post("answer", "una linterna").on("/recover/new-password?flow=f1", 200)
	v.post("new_password", newPassword).on("/recover/done?flow=f1", 200)
}

// Who recovers a deactivated account hears that it is, once the mailbox is proven; no password is set.
func TestDeactivatedAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	_, err := f.people.Disable(t.Context(), a.ID)
	check(t, err)
	v := f.visitor().begin("maria").says("Si hay una cuenta con ese nombre de usuario")
	v.post("code", f.code()).on("/support?flow=f1&note=disabled", 200).says(say("recovery.code.disabled"))
	v.get("/recover/new-password").on("/recover/password?note=ended", 200)
	if n := f.count(`select count(*) from audit_events where kind = 'recovery.ended' and reason = 'disabled'`); n != 1 {
		t.Errorf("%d events", n)
	}
}

// S-10, S-14: five wrong tries end a code of support, over all recoveries of its account and at once.
func TestParallelStaffCodes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 16)
	a := f.member("maria", "004123789")
	check(t, f.StartReset(t.Context(), a.ID))
	code := sixDigits.FindString(f.mailed("reset_desk")[0])
	visits := make([]Visit, 8)
	for i := range visits {
		v := f.visitor().begin("maria")
		visits[i] = Visit{Token: v.jar["idp_recovery"], Browser: f.browserOf(v)}
	}
	f.work()
	last := f.visitor().begin("maria")
	f.work()
	var wg sync.WaitGroup
	for _, visit := range visits {
		for range 4 {
			wg.Go(func() { f.SubmitCode(t.Context(), visit, "not one") })
		}
	}
	wg.Wait()
	if n := f.count(`select tries from recovery_staff_codes`); n != 5 {
		t.Errorf("%d tries were taken of a code of support, want 5", n)
	}
	if _, err := f.SubmitCode(t.Context(), Visit{Token: last.jar["idp_recovery"], Browser: f.browserOf(last)}, code); !errors.Is(err, ErrCode) {
		t.Errorf("the right code after five wrong ones: %v", err)
	}
}

// S-56: the question can be switched off; the mailbox alone then proves an account without a second step.
func TestQuestionsSwitchedOff(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.questions = false
	f.member("maria", "004123789")
	f.visitor().begin("maria").post("code", f.code()).on("/recover/new-password?flow=f1", 200)
}

func TestSweep(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.visitor().begin("nobody")
	f.later(life + 23*time.Hour)
	if n, err := f.Sweep(t.Context()); err != nil || n != 0 {
		t.Errorf("Sweep before its day = %d, %v", n, err)
	}
	f.later(2 * time.Hour)
	if n, err := f.Sweep(t.Context()); err != nil || n != 1 {
		t.Errorf("Sweep = %d, %v, want 1", n, err)
	}
}

// TestForeignForm: the page of one person's recovery does nothing to that of another, begun in the same browser since.
func TestForeignForm(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	f.member("john", "004123790")
	v := f.visitor().begin("maria")
	v.post("code", f.code()).post("answer", "una linterna").on("/recover/new-password?flow=f1", 200)
	marias := *v
	v.get("/recover/password?flow=f1").on("/recover/open?flow=f1", 200).post("act", "anew").begin("john")
	v.post("code", f.code()).post("answer", "una linterna").on("/recover/new-password?flow=f1", 200)
	marias.post("new_password", newPassword)
	if marias.status != http.StatusConflict || f.signIn("john", oldPassword) != nil || f.signIn("maria", oldPassword) != nil {
		t.Errorf("Maria's page set somebody's password: %d\n%s", marias.status, marias.body)
	}
	v.post("new_password", newPassword).on("/recover/done?flow=f1", 200)
}

// The last page speaks of a notice by mail only if one leaves: six an hour.
func TestDoneSpeaksOfANoticeThatLeaves(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	left := 0
	for i := range 8 {
		v := f.visitor().prove("maria").post("answer", "una linterna").post("new_password", newPassword+strings.Repeat(" más", i%2)).on("/recover/done?flow=f1", 200)
		told := len(f.mailed("password_changed")) == 1
		if told {
			left++
		}
		if says := strings.Contains(v.body, say("recovery.done.body")); says != told {
			t.Errorf("recovery %d: a mail leaves: %t, and the page says %t", i, told, says)
		}
		v.get("/recover/done?flow=f1").says(say(map[bool]string{true: "recovery.done.body", false: "recovery.done.ended"}[told])) // a reload
		f.later(6 * time.Minute)
		f.source = fmt.Sprintf("198.51.%d.7", i)
	}
	if left != 6 {
		t.Errorf("%d mails, want 6", left)
	}
}
