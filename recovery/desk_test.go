package recovery

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
)

// S-64: who asked in person is not shut out by whoever reads the old mailbox: no link stops the change, nor undoes it, and the
// link of another notice leaves it. The desk stops it, at a word on the telephone.
func TestChangeAskedForInPerson(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	check(t, f.people.Notify(t.Context(), a.ID, "question_changed", nil))
	notMe := f.link("question_changed")
	ask := Change{AccountID: a.ID, Act: ChangeEmail, Email: "nueva@example.org", AskedBy: "s1", InPerson: true}
	_, err := f.Hold(t.Context(), ask)
	check(t, err)
	if told := f.mailed("email_requested_in_person"); len(told) != 1 || strings.Contains(told[0], "link=") || !strings.Contains(told[0], "llame antes al") {
		t.Fatalf("told: %q", told)
	}
	_, link, _ := strings.Cut(notMe, "link=")
	f.visitor().get(notMe).postTo("/not-me", "link", link).on("/not-me/done?link="+link, 200)
	if stopped, err := f.StopHeld(t.Context(), a.ID); err != nil || !stopped {
		t.Errorf("the desk stops it: %t, %v", stopped, err)
	}

	check(t, f.people.Notify(t.Context(), a.ID, "password_changed", nil))
	_, later, _ := strings.Cut(f.link("password_changed"), "link=")
	_, err = f.Hold(t.Context(), ask)
	check(t, err)
	f.later(24 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	if got := f.address(a); got != "nueva@example.org" {
		t.Errorf("after the hold the address is %q", got)
	}
	if told := f.mailed("email_changed_in_person"); len(told) != 1 || strings.Contains(told[0], "link=") {
		t.Errorf("told: %q", told)
	}
	if _, err := f.people.Disown(t.Context(), later, nil); !errors.Is(err, accounts.ErrLink) {
		t.Errorf("a link in the mailbox of before, which the owner gave up: %v", err)
	}

	// And does not end there: with the question taken away too, the new address is enough, once it is proven.
	_, err = f.Hold(t.Context(), Change{AccountID: a.ID, Act: ResetQuestion, AskedBy: "s1", InPerson: true})
	check(t, err)
	f.later(24 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	check(t, f.db.InTx(t.Context(), func(ctx context.Context) error {
		b := &pgx.Batch{}
		f.people.QueueProveEmail(ctx, b, a.ID)
		return f.db.Finish(ctx, b)
	}))
	f.visitor().begin("maria").post("code", f.code()).on("/recover/new-password?flow=f1", 200)
}

// A question that its member cannot answer is taken away after the hold, and with it the day's wait for wrong answers: the
// mailbox is asked for, and the second step where there is one. Its notice can stop it.
func TestQuestionIsTakenAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	v := f.visitor().prove("maria")
	for _, wrong := range []string{"un libro", "una silla", "una mesa"} {
		v.post("answer", wrong)
	}
	ask := Change{AccountID: a.ID, Act: ResetQuestion, AskedBy: "s1", InPerson: true}
	_, err := f.Hold(t.Context(), ask) // one rule for every act
	check(t, err)
	if told := f.mailed("staff_pending_in_person"); len(told) != 1 || strings.Contains(told[0], "link=") || !strings.Contains(told[0], "llame antes al") {
		t.Errorf("told: %q", told)
	}
	stopped, err := f.StopHeld(t.Context(), a.ID)
	if check(t, err); !stopped {
		t.Error("the desk does not stop it")
	}
	ask.InPerson = false
	_, err = f.Hold(t.Context(), ask)
	check(t, err)
	stop := f.link("staff_pending")
	_, link, _ := strings.Cut(stop, "link=")
	f.visitor().get(stop).says(say("admin.act.reset_question")).postTo("/cancel-change", "link", link).on("/cancel-change/done?link="+link, 200)
	_, err = f.Hold(t.Context(), ask)
	check(t, err)
	f.later(24 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	if n := f.count(`select count(*) from account_questions`); n != 0 {
		t.Errorf("%d questions are left", n)
	}
	if n := f.count(`select count(*) from answer_throttles`); n != 0 {
		t.Error("wrong answers still count")
	}
	f.mailed("question_removed")
	f.visitor().begin("maria").post("code", f.code()).on("/recover/new-password?flow=f1", 200).post("new_password", newPassword).on("/recover/done?flow=f1", 200)
	if err := f.signIn("maria", newPassword); err != nil {
		t.Errorf("after recovery: %v", err)
	}
	f.visitor().get(stop).on(stop, http.StatusGone)
}
