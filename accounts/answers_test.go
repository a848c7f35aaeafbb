package accounts

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huskyidp/internal/audit"
)

// S-59: five wrong answers in a day close the questions for a day, and the owner is notified; accents and capitals do not count.
func TestAnswers(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	say := func(answer string) error {
		return f.CheckAnswers(f.ctx(), a.ID, map[string]string{"first_pay": answer}, false)
	}
	if err := say("¡UNA  Linterná!"); err != nil {
		t.Errorf("the right answer: %v", err)
	}
	for i := range 4 {
		if err := say("un libro"); !errors.Is(err, ErrWrongAnswer) {
			t.Errorf("wrong answer %d: %v", i+1, err)
		}
	}
	if err := say("una linterna"); err != nil {
		t.Errorf("right at the fifth try: %v", err)
	}
	for range 4 {
		say("un libro")
	}
	closed, ok := errors.AsType[*ClosedError](say("un libro"))
	if want := f.instant.Load().Add(24 * time.Hour); !ok || !closed.Until.Equal(want) {
		t.Fatalf("the fifth wrong answer = %v, want closed until %v", closed, want)
	}
	f.last("answers_closed")
	f.later(23 * time.Hour)
	if _, ok := errors.AsType[*ClosedError](say("una linterna")); !ok {
		t.Error("the right answer opens what is closed")
	}
	f.later(time.Hour)
	if err := say("una linterna"); err != nil {
		t.Errorf("a day later: %v", err)
	}
	if got := f.kinds(a.ID); got[len(got)-1] != audit.AnswerAccepted {
		t.Errorf("the audit ends with %v", got[len(got)-1])
	}
}

// A wrong answer that its page sends again is one line of the member's history; the audit has both.
func TestAnswerSentAgainIsShownOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	for _, again := range []bool{false, true, true} {
		if err := f.CheckAnswers(f.ctx(), a.ID, map[string]string{"first_pay": "un libro"}, again); !errors.Is(err, ErrWrongAnswer) {
			t.Fatalf("again %t: %v", again, err)
		}
	}
	events, err := f.audit.MemberHistory(f.ctx(), a.ID, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, e := range events {
		if e.Kind == audit.AnswerRefused {
			shown++
		}
	}
	if n := f.count(`select count(*) from audit_events where account_id = $1 and kind = $2`, a.ID, string(audit.AnswerRefused)); shown != 1 || n != 3 {
		t.Errorf("the history shows %d of %d, want 1 of 3", shown, n)
	}
}

// S-59: whoever reads the mailbox does not guess for years: twenty wrong answers, however few a day, close the question until the desk
// opens it. A right one begins anew.
func TestAnswersOverDays(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	say := func(answer string) error {
		return f.CheckAnswers(f.ctx(), a.ID, map[string]string{"first_pay": answer}, false)
	}
	guess := func(n int) {
		t.Helper()
		for i := range n {
			if i%4 == 0 { // four a day are never closed for the day
				f.later(25 * time.Hour)
			}
			if err := say(fmt.Sprint("un libro ", i)); !errors.Is(err, ErrWrongAnswer) {
				t.Fatalf("wrong answer %d: %v", i+1, err)
			}
		}
	}
	guess(answersEver - 1)
	if err := say("una linterna"); err != nil {
		t.Fatalf("the right answer after %d wrong ones: %v", answersEver-1, err)
	}
	guess(answersEver - 1)
	if err := say("una silla"); !errors.Is(err, ErrQuestionClosed) {
		t.Errorf("wrong answer %d: %v, want ErrQuestionClosed", answersEver, err)
	}
	f.last("answers_used_up")
	f.later(25 * time.Hour)
	if err := say("una linterna"); !errors.Is(err, ErrQuestionClosed) {
		t.Errorf("the right answer after %d wrong ones: %v, want ErrQuestionClosed", answersEver, err)
	}
	locks, err := f.Locks(f.ctx(), a.ID)
	if err != nil || len(locks) != 1 || locks[0].Kind != QuestionLock || !locks[0].Opens {
		t.Fatalf("locks %+v, %v", locks, err)
	}
	if released, err := f.ReleaseLock(f.ctx(), a.ID, QuestionLock); err != nil || !released {
		t.Fatalf("released %t, %v", released, err)
	}
	if err := say("una linterna"); err != nil {
		t.Errorf("once it is open again: %v", err)
	}
}

// S-59: several answers are judged together, with one verdict and the work of all.
func TestAnswersAreJudgedTogether(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	a := f.register("maria")
	second, err := f.HashAnswer(f.ctx(), a.ID, "el quijote")
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.querier().Exec(f.ctx(), `
		insert into account_questions (account_id, question, answer_sealed, set_at) values ($1, 'first_book', $2, $3)`, a.ID, second, f.now())
	if err != nil {
		t.Fatal(err)
	}
	say := func(pay, book string) error {
		f.hashes.Store(0)
		err := f.CheckAnswers(f.ctx(), a.ID, map[string]string{"first_pay": pay, "first_book": book}, false)
		if n := f.hashes.Load(); n != 2 {
			t.Errorf("%q and %q cost %d hashes, want 2", pay, book, n)
		}
		return err
	}
	for range 10 { // whichever is judged last
		for _, pair := range [][2]string{{"una linterna", "otro libro"}, {"un zapato", "el quijote"}, {"un zapato", ""}} {
			if err := say(pair[0], pair[1]); !errors.Is(err, ErrWrongAnswer) {
				t.Errorf("%q: %v, want ErrWrongAnswer", pair, err)
			}
		}
		if err := say("una linterna", "el quijote"); err != nil {
			t.Errorf("both right: %v", err)
		}
	}
}

// S-10, S-59: 32 wrong answers at once buy five judgements.
func TestParallelAnswers(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 16)
	a := f.register("maria")
	var wrong, closed atomic.Int32
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			answers := map[string]string{"first_pay": "un libro"}
			err := f.CheckAnswers(f.ctx(), a.ID, answers, false)
			for errors.Is(err, ErrBusy) { // a busy machine: it cost nobody a try
				err = f.CheckAnswers(f.ctx(), a.ID, answers, false)
			}
			if errors.Is(err, ErrWrongAnswer) {
				wrong.Add(1)
			} else if _, ok := errors.AsType[*ClosedError](err); ok {
				closed.Add(1)
			} else {
				t.Errorf("CheckAnswers = %v", err)
			}
		})
	}
	wg.Wait()
	if wrong.Load() != 4 || closed.Load() != 28 {
		t.Errorf("%d told wrong, %d closed; want 4 and 28", wrong.Load(), closed.Load())
	}
}
