package recovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
)

const (
	answerTries = 3 // wrong ones end the recovery (S-59)
	factorTries = 5 // S-16
)

// AskedQuestions are the keys of the questions of the recovery; only somebody who has proven the mailbox sees them
// (S-57).
func (s *Service) AskedQuestions(ctx context.Context, v Visit) ([]string, error) {
	r, err := s.at(ctx, v, stepQuestion)
	if err != nil {
		return nil, err
	}
	return s.accounts.Questions(ctx, r.AccountID)
}

// answersLeft is how many wrong answers the recovery bears, and the account, which counts those of other recoveries too.
func (s *Service) answersLeft(ctx context.Context, r *Recovery) (int, error) {
	left, err := s.accounts.AnswersLeft(ctx, r.AccountID)
	return min(left, answerTries-r.AnswerTries), err
}

// SubmitAnswers judges the answers, by the keys of their questions. left is how many tries there are after a
// wrong one. The error is accounts.ErrWrongAnswer, ErrEnded, ErrQuestionClosed, *accounts.ClosedError,
// accounts.ErrBusy, a *movedError, or the database's. A try is counted before it is judged (S-10).
func (s *Service) SubmitAnswers(ctx context.Context, v Visit, answers map[string]string) (r *Recovery, left int, err error) {
	var again bool
	r, err = s.change(ctx, v, stepQuestion, func(_ context.Context, t *turn) (outcome, error) {
		if again = t.again(s.answersMAC(t.ID, answers)); again {
			return nil, nil
		}
		if t.AnswerTries++; t.AnswerTries > answerTries {
			t.end("wrong_answers")
			return ErrEnded, nil
		}
		return nil, nil
	})
	if err != nil {
		return r, 0, err
	}
	err = s.accounts.CheckAnswers(ctx, r.AccountID, answers, again)
	if errors.Is(err, accounts.ErrWrongAnswer) && r.AnswerTries < answerTries {
		left, leftErr := s.answersLeft(ctx, r)
		return r, left, cmp.Or(leftErr, err)
	}
	if _, closed := errors.AsType[*accounts.ClosedError](err); closed || errors.Is(err, accounts.ErrWrongAnswer) {
		return r, 0, errors.Join(s.giveUp(ctx, v, stepQuestion, "wrong_answers"), orEnded(err))
	}
	if errors.Is(err, accounts.ErrQuestionClosed) {
		return r, 0, errors.Join(s.giveUp(ctx, v, stepQuestion, "question_closed"), ErrQuestionClosed)
	}
	if err != nil {
		return r, 0, err
	}
	r, err = s.advance(ctx, v, stepQuestion)
	return r, 0, err
}

// answersMAC is refusedMAC of all answers.
func (s *Service) answersMAC(id uuid.UUID, answers map[string]string) []byte {
	var all strings.Builder
	for _, question := range slices.Sorted(maps.Keys(answers)) {
		fmt.Fprintf(&all, "%q=%q ", question, answers[question])
	}
	return s.refusedMAC(id, "answers", all.String())
}

// orEnded turns the error of the last try into ErrEnded.
func orEnded(err error) error {
	if errors.Is(err, accounts.ErrWrongAnswer) {
		return ErrEnded
	}
	return err
}

// giveUp ends the recovery at a step.
func (s *Service) giveUp(ctx context.Context, v Visit, step Step, reason string) error {
	_, err := s.change(ctx, v, step, func(_ context.Context, t *turn) (outcome, error) {
		t.end(reason)
		return nil, nil
	})
	if _, moved := errors.AsType[*movedError](err); moved { // another request has ended it
		return nil
	}
	return err
}

// FactorsToAsk are the second steps of the account in the recovery.
func (s *Service) FactorsToAsk(ctx context.Context, v Visit) (accounts.Factors, error) {
	r, err := s.at(ctx, v, stepFactor)
	if err != nil {
		return accounts.Factors{}, err
	}
	return s.accounts.Factors(ctx, r.AccountID)
}

// SubmitFactor judges a second step with check, which gets the account and whether the proof is the one refused just
// before. The error is check's, ErrEnded, a *movedError, or the database's.
func (s *Service) SubmitFactor(ctx context.Context, v Visit, f accounts.Factor, proof string, check func(ctx context.Context, account accounts.Account, again bool) error) (*Recovery, error) {
	var again bool
	r, err := s.change(ctx, v, stepFactor, func(_ context.Context, t *turn) (outcome, error) {
		if again = t.again(s.accounts.FactorMAC(t.ID[:], f, proof)); again {
			return nil, nil
		}
		if t.FactorTries++; t.FactorTries > factorTries {
			t.end("wrong_factors")
			return ErrEnded, nil
		}
		return nil, nil
	})
	if err != nil {
		return r, err
	}
	account, err := s.accounts.Get(ctx, r.AccountID)
	if err != nil {
		return r, err
	}
	switch err := check(ctx, account, again); {
	case err == nil:
	case !wrongFactor(err) && again:
		return r, err
	case !wrongFactor(err): // nothing was judged
		return r, errors.Join(s.giveBack(ctx, v), err)
	case r.FactorTries >= factorTries:
		return r, errors.Join(s.giveUp(ctx, v, stepFactor, "wrong_factors"), ErrEnded)
	default:
		return r, err
	}
	if err := s.audit.Record(ctx, audit.Event{Kind: audit.RecoveryProven, At: s.now(), AccountID: r.AccountID.String(), Subject: r.ID.String(), RequestID: v.RequestID, Success: true, Reason: "factor"}); err != nil {
		return r, err
	}
	return s.advance(ctx, v, stepFactor)
}

// giveBack returns a try that was counted but not judged.
func (s *Service) giveBack(ctx context.Context, v Visit) error {
	_, err := s.change(ctx, v, stepFactor, func(_ context.Context, t *turn) (outcome, error) {
		t.FactorTries, t.Refused = max(0, t.FactorTries-1), nil
		return nil, nil
	})
	return err
}

// wrongFactor reports whether a try was judged and wrong.
func wrongFactor(err error) bool {
	return errors.Is(err, accounts.ErrWrongCode) || errors.Is(err, accounts.ErrCodeUsed) || errors.Is(err, accounts.ErrPasskey)
}
