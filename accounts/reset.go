package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// HashNewPassword hashes a validated password that is to replace the current one, with which it is compared in the same
// slot. The error is ErrSamePassword, ErrBusy, ErrNotFound, or the database's.
func (s *Service) HashNewPassword(ctx context.Context, id uuid.UUID, password string) ([]byte, error) {
	sealed, err := s.store.passwordSealed(ctx, id)
	if err != nil {
		return nil, err
	}
	leave, err := s.hasher.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	if len(sealed) > 0 {
		same, _, _, err := s.hasher.matches(id, sealed, password)
		if err != nil {
			return nil, err
		}
		if same {
			return nil, ErrSamePassword
		}
	}
	return s.hasher.seal(seal.PepperPassword, passwordPlace(id), normalize(password)), nil
}

// ResetPassword sets the password of an account whose owner has recovered it; hash is the result of HashNewPassword for
// its ID. Every session ends, older grants and the old password's links become void, second steps that still
// wait are removed, failures are cleared, and the owner is notified (S-54). It takes part in the transaction of ctx.
func (s *Service) ResetPassword(ctx context.Context, id uuid.UUID, hash []byte) error {
	now := s.now()
	marked, err := s.markOf(nil, passwordSecret(id, hash))
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		account, err := s.Get(ctx, id)
		if err != nil {
			return err
		}
		if err := s.EndSessions(ctx, id, ""); err != nil {
			return err
		}
		b := &pgx.Batch{}
		s.store.resetPassword(b, id, hash, now)
		s.store.queueEndBegun(b, id)
		s.store.clearThrottles(b, s.throttleKeys(account.Username, knownDevice{}))
		s.audit.Queue(ctx, b, audit.Event{Kind: audit.PasswordReset, At: now, AccountID: id.String(), RequestID: web.RequestID(ctx), Success: true, Data: marked})
		if err := s.QueueNotice(ctx, b, account, "password_changed", nil); err != nil {
			return err
		}
		return s.store.run(ctx, b)
	})
}

// passwordSealed is empty for an account whose password was never set.
func (s *store) passwordSealed(ctx context.Context, id uuid.UUID) (sealed []byte, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `select password_sealed from accounts where id = $1`, id).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNotFound
	}
	return sealed, err
}

// resetPassword records a recovery only for an account that has been used: setting a first password recovers nothing.
func (s *store) resetPassword(b *pgx.Batch, id uuid.UUID, hash []byte, now time.Time) {
	b.Queue(`
		update accounts set password_sealed = @hash, password_scheme = null, password_due = false, credentials_changed_at = @now, updated_at = @now,
			recovered_at = case when last_sign_in_at is null then recovered_at else @now end,
			status = case when status = 'protected' then 'active' else status end
		where id = @id`, pgx.NamedArgs{"id": id, "hash": hash, "now": now})
}

const (
	answerTries  = 5 // wrong in a day, over all flows (S-59)
	answerWindow = 24 * time.Hour
	answersEver  = 20 // wrong since a right one, over all days: whoever reads the mailbox could guess for years
)

// Questions returns the keys of the questions that an account has set, in a fixed order.
func (s *Service) Questions(ctx context.Context, id uuid.UUID) ([]string, error) {
	rows, err := s.db.From(ctx).Query(ctx, `select question from account_questions where account_id = $1 order by set_at, question`, id)
	if err != nil {
		return nil, fmt.Errorf("reading questions: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// QuestionClosed reports whether the questions of an account are closed until the desk decides, because a change of
// them was denied or too many answers were wrong.
func (s *Service) QuestionClosed(ctx context.Context, id uuid.UUID) (closed bool, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `select exists (select from account_questions where account_id = $1 and (closed is not null or wrong >= $2))`, id, answersEver).Scan(&closed)
	return closed, err
}

// CheckAnswers judges the answers to all questions of an account, by their keys, with a single verdict. The try is
// counted before it is judged, so that parallel tries gain nothing (S-10); right answers remove it again. again marks
// answers that this page has just refused, which are not counted. The error is ErrWrongAnswer, ErrQuestionClosed,
// *ClosedError, ErrBusy, or the database's.
func (s *Service) CheckAnswers(ctx context.Context, id uuid.UUID, answers map[string]string, again bool) error {
	now := s.now()
	leave, err := s.hasher.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if closed, err := s.QuestionClosed(ctx, id); err != nil || closed {
		return cmp.Or(err, ErrQuestionClosed)
	}
	set, newest, err := s.store.answers(ctx, id)
	if err != nil {
		return err
	}
	granted, last, until, err := s.store.reserveAnswer(ctx, id, again, now)
	if err != nil {
		return err
	}
	if !granted {
		return &ClosedError{until}
	}
	right, newestFits := len(set) > 0, false
	for question, sealed := range set { // all of them, whichever was wrong
		ok, _, err := s.hasher.verify(seal.PepperAnswer, answerPlace(id), sealed, normalizeAnswer(answers[question]))
		if err != nil {
			return err
		}
		right = right && ok
		newestFits = newestFits || s.current(answerSecret(id, sealed), newest)
	}
	if right && !newestFits { // the mark is that of the answer set last
		right = false
		if err := s.audit.Record(ctx, s.formerEvent(ctx, id, answerSecret(id, nil))); err != nil {
			return err
		}
	}
	event := audit.Event{Kind: audit.AnswerRefused, At: now, AccountID: id.String(), RequestID: web.RequestID(ctx)}
	if !right && again {
		event.Reason = audit.Again
	}
	if !right {
		return s.refuseAnswer(ctx, event, last, until)
	}
	event.Kind, event.Success = audit.AnswerAccepted, true
	b := &pgx.Batch{}
	s.store.queueClearAnswers(b, id)
	s.audit.Queue(ctx, b, event)
	return s.store.run(ctx, b)
}

// refuseAnswer records a wrong answer. If it closes the questions, the owner is notified: for some time, or with the
// last that is borne until the desk decides.
func (s *Service) refuseAnswer(ctx context.Context, event audit.Event, last bool, until time.Time) error {
	if until.IsZero() && !last {
		if err := s.audit.Record(ctx, event); err != nil {
			return err
		}
		return ErrWrongAnswer
	}
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		closed := event
		closed.Kind, closed.Success = audit.AnswersClosed, true
		if err := s.audit.Record(ctx, event, closed); err != nil {
			return err
		}
		if last {
			return s.Notify(ctx, uuid.MustParse(event.AccountID), "answers_used_up", templates.Args{"at": event.At})
		}
		return s.Notify(ctx, uuid.MustParse(event.AccountID), "answers_closed", templates.Args{"at": event.At, "datetime": until})
	})
	if err != nil {
		return err
	}
	if last {
		return ErrQuestionClosed
	}
	return &ClosedError{until}
}

// answers returns the sealed answers by question, and their newest mark.
func (s *store) answers(ctx context.Context, id uuid.UUID) (set map[string][]byte, newest string, err error) {
	rows, err := s.db.From(ctx).Query(ctx, `select question, answer_sealed, `+markAnswer.newest("$1")+` from account_questions where account_id = $1`, id)
	if err != nil {
		return nil, "", fmt.Errorf("reading answers: %w", err)
	}
	set = map[string][]byte{}
	var question string
	var sealed []byte
	_, err = pgx.ForEachRow(rows, []any{&question, &sealed, &newest}, func() error {
		set[question] = append([]byte(nil), sealed...)
		return nil
	})
	return set, newest, err
}

// reserveAnswer counts a try. until is when the questions are asked again: for a refused try, and for the fifth within
// a day, which is still judged. Otherwise it is zero. last marks the last wrong one that the question bears.
func (s *store) reserveAnswer(ctx context.Context, id uuid.UUID, again bool, now time.Time) (granted, last bool, until time.Time, err error) {
	var closed *time.Time
	err = s.db.From(ctx).QueryRow(ctx, `
		with tried as (
			insert into answer_throttles as t (account_id, failures, began_at) values (@id, 1, @now)
			on conflict (account_id) do update set
				failures     = case when t.began_at <= @since or t.closed_until is not null then 1 when @again then t.failures else t.failures + 1 end,
				began_at     = case when t.began_at <= @since or t.closed_until is not null then @now else t.began_at end,
				closed_until = case when not @again::boolean and t.closed_until is null and t.began_at > @since and t.failures + 1 >= @tries::int then @until::timestamptz end
			where t.closed_until is null or t.closed_until <= @now
			returning closed_until
		), counted as (
			update account_questions set wrong = wrong + 1 where account_id = @id and not @again and exists (select from tried) returning wrong
		)
		select exists (select from tried), coalesce((select max(wrong) from counted) = @ever::int, false),
			coalesce((select closed_until from tried), (select closed_until from answer_throttles where account_id = @id and closed_until > @now))`,
		pgx.NamedArgs{"id": id, "again": again, "now": now, "since": now.Add(-answerWindow), "until": now.Add(answerWindow), "tries": answerTries, "ever": answersEver}).
		Scan(&granted, &last, &closed)
	if err != nil {
		return false, false, until, fmt.Errorf("counting an answer: %w", err)
	}
	if closed != nil {
		until = closed.UTC()
	} else if !granted { // another request has just closed them, which the statement could not see
		until = now.Add(answerWindow)
	}
	return granted, last, until, nil
}

// AnswersClosed returns until when no answer of an account is judged because too many were wrong; zero if they are.
func (s *Service) AnswersClosed(ctx context.Context, id uuid.UUID) (until time.Time, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `select coalesce(max(closed_until), '0001-01-01') from answer_throttles where account_id = $1 and closed_until > $2`, id, s.now()).Scan(&until)
	if err != nil {
		return until, fmt.Errorf("reading until when the question is closed: %w", err)
	}
	return until.UTC(), nil
}

// AnswersLeft is how many wrong answers the questions of an account bear before they are closed.
func (s *Service) AnswersLeft(ctx context.Context, id uuid.UUID) (left int, err error) {
	now := s.now()
	err = s.db.From(ctx).QueryRow(ctx, `
		select greatest(0, least(
			$2 - coalesce((select failures from answer_throttles where account_id = $1 and began_at > $4 and closed_until is null), 0),
			$3 - coalesce((select max(wrong) from account_questions where account_id = $1), 0)))`, id, answerTries, answersEver, now.Add(-answerWindow)).Scan(&left)
	if err != nil {
		return 0, fmt.Errorf("counting answers: %w", err)
	}
	return left, nil
}

func (s *store) queueClearAnswers(b *pgx.Batch, id uuid.UUID) {
	b.Queue(`delete from answer_throttles where account_id = $1`, id)
	b.Queue(`update account_questions set wrong = 0 where account_id = $1 and wrong > 0`, id)
}
