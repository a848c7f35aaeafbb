package recovery

import (
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/internal/postgres/postgrestest"
)

// deny presses the link of the newest notice of another question.
func (f *fixture) deny(a accounts.Account, question, answer string) *visitor {
	f.t.Helper()
	f.later(2 * time.Minute)
	check(f.t, f.people.ChangeQuestion(f.t.Context(), accounts.QuestionChange{
		PasswordProof: accounts.PasswordProof{Session: accounts.Session{SID: "sid", AccountID: a.ID, Username: a.Username}, Current: oldPassword},
		Question:      question, Answer: answer,
	}))
	path := f.link("question_changed")
	_, link, _ := strings.Cut(path, "link=")
	v, again := f.visitor().get(path), f.visitor().get(path)
	v.says("Después tiene que hablar con Apoyo Técnico") // before the press
	v.postTo("/not-me", "link", link)
	if again.postTo("/not-me", "link", link); again.path != v.path {
		f.t.Errorf("the second press leads to %s, the first to %s", again.path, v.path)
	}
	return v
}

// S-59: whoever denies a change of the question may be its owner or a thief with the mailbox and the former answer: recovery ends at
// the support page until a person has judged, and tells nobody but who has proven the mailbox.
func TestDeniedQuestionIsTheDesks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	f.deny(a, "toy_name", "el trompo azul").on("/support?note=protected", 200).says(say("recovery.disown.done_title"), "número de referencia")
	if told := f.mailed("question_restored"); len(told) != 1 || len(f.mailed("disowned")) != 0 {
		t.Errorf("sent %q and %d further times", told, len(f.mailed("disowned")))
	}
	f.later(2 * time.Minute)
	v := f.visitor().begin("maria").post("code", f.code()).on("/support?flow=f1&note=question", 200).says("hable con Apoyo Técnico", "número de referencia")
	for _, answer := range v.trail {
		if strings.Contains(answer, "primero que compró") {
			t.Error("the question is shown")
		}
	}
	v.get("/recover/question?flow=f1")
	if v.path == "/recover/question?flow=f1" {
		t.Error("the recovery continues")
	}
	if f.visitor().get("/support?note=question"); strings.Contains(v.body, "no fui yo") {
		t.Error("the page tells of it to whoever opens its address")
	}

	f.later(31 * 24 * time.Hour) // time does not open it
	f.visitor().begin("maria").post("code", f.code()).on("/support?flow=f1&note=question", 200)
	opened, err := f.people.ReleaseLock(t.Context(), a.ID, accounts.QuestionLock)
	if check(t, err); !opened {
		t.Fatal("the desk does not open it")
	}
	f.later(2 * time.Minute)
	f.visitor().prove("maria").post("answer", "el trompo azul").says("Le quedan 2 intentos.").post("answer", "una linterna").
		on("/recover/new-password?flow=f1", 200).post("new_password", newPassword).on("/recover/done?flow=f1", 200)
}

// A recovery that has come to the question is ended by the denial; and an answer that is judged at that moment counts for nothing.
func TestDenialEndsOpenRecoveries(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	open := f.visitor().prove("maria")
	f.deny(a, "toy_name", "el trompo azul")
	open.post("answer", "una linterna").on("/recover/password?flow=f1&note=over", 200)
	f.later(2 * time.Minute)
	postgrestest.Exec(t, f.db, `update account_questions set closed = null`)
	late := f.visitor().prove("maria")
	postgrestest.Exec(t, f.db, `update account_questions set closed = 'denied'`)
	late.post("answer", "una linterna").on("/support?flow=f1&note=question", 200)
}

// S-54, S-60: somebody with the mailbox and the answer waits at the page of the new password. Whatever its member sets meanwhile,
// another password, question or second step, ends that.
func TestWhatTheMemberSetsEndsOpenRecoveries(t *testing.T) {
	t.Parallel()
	proof := func(a accounts.Account) accounts.PasswordProof {
		return accounts.PasswordProof{Session: accounts.Session{SID: "sid", AccountID: a.ID, Username: a.Username}, Current: oldPassword}
	}
	for name, set := range map[string]func(f *fixture, a accounts.Account) error{
		"password": func(f *fixture, a accounts.Account) error {
			return f.people.ChangePassword(f.t.Context(), accounts.PasswordChange{PasswordProof: proof(a), New: "cinco barcos de papel rojo"})
		},
		"question": func(f *fixture, a accounts.Account) error {
			return f.people.ChangeQuestion(f.t.Context(), accounts.QuestionChange{PasswordProof: proof(a), Question: "toy_name", Answer: "el trompo azul"})
		},
		"second step": func(f *fixture, a accounts.Account) error { f.enrol(a); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			a := f.member("maria", "004123789")
			thief := f.visitor().prove("maria").post("answer", "una linterna").on("/recover/new-password?flow=f1", 200)
			check(t, set(f, a))
			thief.post("new_password", "nueve gatos sobre el tejado")
			if thief.path == "/recover/done?flow=f1" || f.signIn("maria", "nueve gatos sobre el tejado") == nil {
				t.Errorf("the recovery continues, to %s", thief.path)
			}
			thief.get("/recover/new-password?flow=f1").on("/recover/password?flow=f1&note=over", 200)
		})
	}
}
