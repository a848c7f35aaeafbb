package accounts

import (
	"errors"
	"slices"
	"testing"

	"huskyidp/internal/postgres/postgrestest"
)

// TestFormerSecrets (S-46, S-74): a secret that was replaced, or taken away, and put back by
// somebody with the database is refused, with an alert; what replaced it works.
func TestFormerSecrets(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	alerts := func() int {
		n := 0
		for _, name := range f.alerts {
			if name == "sealed_value_broken" {
				n++
			}
		}
		return n
	}
	refused := func(what string, want int, err, expected error) {
		t.Helper()
		if !errors.Is(err, expected) || alerts() != want {
			t.Errorf("%s: %v, %d alerts; want %v and %d", what, err, alerts(), expected, want)
		}
	}

	var former []byte
	f.read(`select password_sealed from accounts where id = $1`, &former, a.ID)
	if err := f.ResetPassword(f.ctx(), a.ID, f.newPassword(a, otherPassword)); err != nil {
		t.Fatal(err)
	}
	_, err := f.Authenticate(f.ctx(), Attempt{Username: "maria", Password: otherPassword, Source: "s"})
	refused("the new password", 0, err, nil)
	var newest []byte
	f.read(`select password_sealed from accounts where id = $1`, &newest, a.ID)
	f.write(`update accounts set password_sealed = $2 where id = $1`, a.ID, former)
	_, err = f.Authenticate(f.ctx(), Attempt{Username: "maria", Password: rightPassword, Source: "s"})
	refused("the former password, put back", 1, err, ErrWrongCredentials)
	f.write(`update accounts set password_sealed = $2 where id = $1`, a.ID, newest)
	_, err = f.Authenticate(f.ctx(), Attempt{Username: "maria", Password: otherPassword, Source: "s"})
	refused("the new one again", 1, err, nil)

	f.read(`select answer_sealed from account_questions where account_id = $1`, &former, a.ID)
	const question = "first_pay"
	if err := f.ChangeQuestion(f.ctx(), f.question(a, question, "una respuesta nueva", otherPassword)); err != nil {
		t.Fatal(err)
	}
	refused("the new answer", 1, f.CheckAnswers(f.ctx(), a.ID, map[string]string{question: "Una respuesta NUEVA"}, false), nil)
	f.write(`update account_questions set answer_sealed = $2 where account_id = $1`, a.ID, former)
	refused("the former answer, put back", 2, f.CheckAnswers(f.ctx(), a.ID, map[string]string{question: "una linterna"}, false), ErrWrongAnswer)

	app := f.enrolTOTP(a)
	f.read(`select secret_sealed from account_totp where account_id = $1`, &former, a.ID)
	refused("the app", 2, f.CheckTOTP(f.ctx(), a.ID, app.code(0), false), nil)
	if err := f.RemoveTOTP(f.ctx(), a.ID); err != nil {
		t.Fatal(err)
	}
	f.write(`insert into account_totp (account_id, secret_sealed, created_at, confirmed_at, usable_from, last_step) values ($1, $2, $3, $3, $3, 0)`, a.ID, former, f.now())
	f.later(4 * totpStep)
	refused("an app that was removed, put back", 3, f.CheckTOTP(f.ctx(), a.ID, app.code(0), false), ErrWrongCode)
	if kinds := f.kinds(a.ID); !slices.Contains(kinds, "alert.sealed_value_broken") {
		t.Errorf("the audit has %v", kinds)
	}
}

// TestUnmarkedSecrets: what was set by the release before has no mark, and is taken.
func TestUnmarkedSecrets(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	postgrestest.Exec(t, f.db, `alter table audit_events disable trigger audit_events_append_only`, `update audit_events set data = '{}'`)
	if _, err := f.Authenticate(f.ctx(), Attempt{Username: "maria", Password: rightPassword, Source: "s"}); err != nil {
		t.Errorf("a password without a mark: %v", err)
	}
}

func (f *fixture) read(query string, target any, args ...any) {
	f.t.Helper()
	if err := f.querier().QueryRow(f.ctx(), query, args...).Scan(target); err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
}

func (f *fixture) write(query string, args ...any) {
	f.t.Helper()
	if _, err := f.querier().Exec(f.ctx(), query, args...); err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
}
