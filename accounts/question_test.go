package accounts

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres/postgrestest"
)

// question is the wish of whoever knows the password.
func (f *fixture) question(a Account, question, answer, password string) QuestionChange {
	return QuestionChange{PasswordProof: PasswordProof{Session: Session{SID: "sid", AccountID: a.ID, Username: a.Username}, Current: password}, Question: question, Answer: answer}
}

// fits reports whether an answer is the right one of the question that is set.
func (f *fixture) fits(a Account, question, answer string) bool {
	f.t.Helper()
	err := f.CheckAnswers(f.ctx(), a.ID, map[string]string{question: answer}, false)
	if err != nil && !errors.Is(err, ErrWrongAnswer) {
		f.t.Fatal(err)
	}
	return err == nil
}

// S-54: "this wasn't me" undoes the question that was set since, or by the same hand shortly before; not what the owner set long ago.
func TestDisownPutsTheQuestionBack(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		changes    func(f *fixture, a Account) (kind string)
		want, mail string // the answer that fits afterwards
	}{
		"the mail of the change": {func(f *fixture, a Account) string {
			f.change(a, "toy_name", "el ladrón uno")
			f.change(a, "toy_name", "el ladrón dos")
			return "question_changed"
		}, "una linterna", "question_restored"},
		"a newer mail of the same hand": {func(f *fixture, a Account) string {
			f.change(a, "toy_name", "el ladrón uno")
			f.later(time.Hour)
			f.Notify(f.ctx(), a.ID, "password_changed", nil)
			return "password_changed"
		}, "una linterna", "question_restored"},
		"the owner's own of last week": {func(f *fixture, a Account) string {
			f.change(a, "toy_name", "el trompo azul")
			f.later(7 * 24 * time.Hour)
			f.change(a, "first_book", "el ladrón")
			return "question_changed"
		}, "el trompo azul", "question_restored"},
		"nothing of it": {func(f *fixture, a Account) string {
			f.change(a, "toy_name", "el trompo azul")
			f.later(7 * 24 * time.Hour)
			f.Notify(f.ctx(), a.ID, "password_changed", nil)
			return "password_changed"
		}, "el trompo azul", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 1)
			a := f.register("maria")
			kind := test.changes(f, a)
			f.later(time.Minute)
			if _, err := f.Disown(f.ctx(), f.disownLink(kind), nil); err != nil {
				t.Fatal(err)
			}
			set, err := f.Questions(f.ctx(), a.ID)
			if test.mail != "" { // nobody's answer counts before a person has judged
				if err := f.CheckAnswers(f.ctx(), a.ID, map[string]string{set[0]: test.want}, false); !errors.Is(err, ErrQuestionClosed) {
					t.Errorf("the former answer = %v, want ErrQuestionClosed", err)
				}
				if opened, err := f.ReleaseLock(f.ctx(), a.ID, QuestionLock); err != nil || !opened {
					t.Errorf("the desk opens the question: %t, %v", opened, err)
				}
			}
			if err != nil || len(set) != 1 || !f.fits(a, set[0], test.want) {
				t.Errorf("%q does not fit %v afterwards (%v)", test.want, set, err)
			}
			if n := f.count(`select count(*) from audit_events where kind = $1 and reason = 'restored'`, audit.QuestionChanged); (n == 1) != (test.mail != "") {
				t.Errorf("%d rows of the audit", n)
			}
			if test.mail != "" && f.last(test.mail).To != "maria@example.com" {
				t.Errorf("no mail %q", test.mail)
			}
			if len(f.alerts) != 0 {
				t.Errorf("alerts: %v", f.alerts)
			}
		})
	}
}

func (f *fixture) change(a Account, question, answer string) {
	f.t.Helper()
	f.later(time.Minute)
	if err := f.ChangeQuestion(f.ctx(), f.question(a, question, answer, rightPassword)); err != nil {
		f.t.Fatal(err)
	}
}

// Where there was no question before, and where two people of the desk took it away, the mailbox alone gets in by no link: nobody's
// answer fits, and no former one comes back.
func TestDisownWithoutAFormerQuestion(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	f.change(a, "toy_name", "el ladrón uno")
	if err := f.RemoveQuestion(f.ctx(), a.ID); err != nil {
		t.Fatal(err)
	}
	link := f.disownLink("question_removed")
	f.change(a, "first_book", "el trompo azul")
	if _, err := f.Disown(f.ctx(), link, nil); err != nil {
		t.Fatal(err)
	}
	if set, err := f.Questions(f.ctx(), a.ID); err != nil || !cmp.Equal(set, []string{"first_book"}) {
		t.Errorf("the question is %v, %v; without one the mailbox alone recovers", set, err)
	}
	if locks, err := f.Locks(f.ctx(), a.ID); err != nil || !cmp.Equal(locks, []Lock{{Kind: QuestionLock}}) {
		t.Errorf("locks: %v, %v", locks, err)
	}
	if opened, err := f.ReleaseLock(f.ctx(), a.ID, QuestionLock); err != nil || opened {
		t.Errorf("the desk opens a question without an answer: %t, %v", opened, err)
	}
	postgrestest.Exec(t, f.db, `update account_questions set closed = null`) // to try the answers
	for _, answer := range []string{"el ladrón uno", "una linterna", "el trompo azul", ""} {
		if f.fits(a, "first_book", answer) {
			t.Errorf("%q fits", answer)
		}
	}
	f.last("question_closed")
	if len(f.alerts) != 0 {
		t.Errorf("alerts: %v", f.alerts)
	}
}

// Who is signed in, with the password and the second step where there is one, opens the question by setting another.
func TestNewQuestionOpensIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	f.change(a, "toy_name", "el trompo azul")
	if d, err := f.Disownable(f.ctx(), f.disownLink("question_changed"), nil); err != nil || !d.QuestionChanged.Equal(f.now()) || !d.Event.Equal(f.now()) {
		t.Errorf("Disownable = %v, %v, %v, want now", d.Event, d.QuestionChanged, err)
	}
	if denial, err := f.Disown(f.ctx(), f.disownLink("question_changed"), nil); err != nil || !denial.QuestionClosed {
		t.Fatalf("Disown = %t, %v, want the question closed", denial.QuestionClosed, err)
	}
	postgrestest.Exec(t, f.db, `update accounts set status = 'active'`) // as once the desk has helped
	f.change(a, "first_book", "la casa en la calle")
	if locks, err := f.Locks(f.ctx(), a.ID); err != nil || len(locks) != 0 || !f.fits(a, "first_book", "la casa en la calle") {
		t.Errorf("after another question: %v, %v", locks, err)
	}
}

// What is kept for that ends with the links.
func TestFormerQuestionsEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	f.change(a, "toy_name", "el trompo azul")
	f.later(DisownLife + 25*time.Hour)
	if err := f.Sweep(f.ctx()); err != nil || f.count(`select count(*) from former_questions`) != 0 {
		t.Errorf("after the sweep: %v, %d", err, f.count(`select count(*) from former_questions`))
	}
}
