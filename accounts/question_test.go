package accounts

import (
	"errors"
	"net/url"
	"strings"
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

// S-59: another question and answer, of whoever knows the password, with a notice; what is easily guessed is refused.
func TestChangeQuestion(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	const path = "/account/question"
	change := func(question, answer, password string) (int, string, string) {
		return b.post(path, path, url.Values{"question": {question}, "answer": {answer}, "password": {password}})
	}
	for answer, want := range map[string]string{"": "Escriba su Respuesta", "x": "3 letras", "María Peña": "no puede ser su nombre", "pizza": "fácil de adivinar",
		rightPassword: "no puede ser su nombre"} {
		if status, _, body := change("first_book", answer, rightPassword); status != 422 || !strings.Contains(body, want) {
			t.Errorf("the answer %q = %d, want 422 with %q", answer, status, want)
		}
	}
	if status, _, body := change("nobody", "la cuchara", rightPassword); status != 422 || !strings.Contains(body, "Elija una Pregunta") {
		t.Errorf("no question = %d", status)
	}
	for password, want := range map[string]string{"": "Escriba su Contraseña", wrongPassword: "Esa no es su contraseña actual"} {
		status, _, body := change("first_book", "la cuchara", password)
		if status != 422 || !strings.Contains(body, want) || !strings.Contains(body, `<option value="first_book" selected>`) || !strings.Contains(body, `id="answer-again"`) || strings.Contains(body, "la cuchara") {
			t.Errorf("the password %q = %d, want 422 with %q and the question", password, status, want)
		}
	}
	if !f.fits(account, "first_pay", "una linterna") {
		t.Error("what was refused has changed the question")
	}
	if status, location, _ := change("first_book", "la cuchara", rightPassword); status != 303 || location != "/account?note=question" {
		t.Errorf("the change = %d to %q", status, location)
	}
	if !f.fits(account, "first_book", "La Cuchara") {
		t.Error("the new answer is wrong")
	}
	if diff := cmp.Diff([]string{"question_changed"}, f.mailKinds(account.ID)); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
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
			if _, _, err := f.Disown(f.ctx(), f.disownLink(kind)); err != nil {
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
	if _, _, err := f.Disown(f.ctx(), link); err != nil {
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
	if _, closed, err := f.Disown(f.ctx(), f.disownLink("question_changed")); err != nil || !closed {
		t.Fatalf("Disown = %t, %v, want the question closed", closed, err)
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
	f.later(disownLife + 25*time.Hour)
	if err := f.Sweep(f.ctx()); err != nil || f.count(`select count(*) from former_questions`) != 0 {
		t.Errorf("after the sweep: %v, %d", err, f.count(`select count(*) from former_questions`))
	}
}

// Whoever has no question, since support took it away, is asked for one on every page of the account until one is set.
func TestNoQuestionIsShown(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	const asks = "Su cuenta no tiene Pregunta secreta"
	pages := []string{"/account", "/account/password", "/account/factors", "/account/sessions", "/account/apps", "/account/history", "/account/language", "/account/email"}
	shown := func(want bool) {
		t.Helper()
		for _, path := range pages {
			if _, _, body := b.get(path); strings.Contains(body, asks) != want {
				t.Errorf("%s: %q is there: %v, want %v", path, asks, !want, want)
			}
		}
	}
	shown(false)
	if err := f.RemoveQuestion(f.ctx(), account.ID); err != nil {
		t.Fatal(err)
	}
	shown(true)
	if status, _, body := b.get("/account/question"); status != 200 || strings.Contains(body, asks) {
		t.Errorf("the page itself = %d", status)
	}
	b.post("/account/question", "/account/question", url.Values{"question": {"first_book"}, "answer": {"la cuchara"}, "password": {rightPassword}})
	shown(false)
}
