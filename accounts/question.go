package accounts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// QuestionChange is a member's request for another secret question. Somebody who merely finds a session open must not
// set it (S-59).
type QuestionChange struct {
	PasswordProof
	Question, Answer string // checked by CheckAnswer
}

// ChangeQuestion sets one secret question in place of the former ones, which are kept for as long as the owner can say
// "this wasn't me". The owner is notified. The same question and answer again, within the time of a second press, is
// what a browser sends by itself when the answer to the first was lost: it changes nothing and notifies nobody. The
// error is that of Authenticate, ErrNoSession if the session has ended meanwhile, or the database's.
func (s *Service) ChangeQuestion(ctx context.Context, p QuestionChange) error {
	err := s.changeQuestion(ctx, p)
	if errors.Is(err, errChangedMeanwhile) { // the other of two presses was faster
		return s.changeQuestion(ctx, p)
	}
	return err
}

func (s *Service) changeQuestion(ctx context.Context, p QuestionChange) error {
	now := s.now()
	var hash []byte
	var isSet bool
	var before, meanwhile *time.Time
	account, err := s.proven(ctx, p.PasswordProof, func(id uuid.UUID) (err error) {
		if before, err = s.questionSetAt(ctx, id); err != nil {
			return err
		}
		if isSet, err = s.justSet(ctx, id, p.Question, p.Answer, now); err == nil && !isSet {
			hash = s.hasher.seal(seal.PepperAnswer, answerPlace(id), normalizeAnswer(p.Answer))
		}
		return err
	})
	if err != nil || isSet {
		return err
	}
	marked, err := s.markOf(nil, answerSecret(account.ID, hash))
	if err != nil {
		return err
	}
	return s.InSession(ctx, p.Session, func(ctx context.Context) (err error) {
		if meanwhile, err = s.questionSetAt(ctx, account.ID); err != nil {
			return err
		}
		if (meanwhile == nil) != (before == nil) || before != nil && !before.Equal(*meanwhile) {
			return errChangedMeanwhile
		}
		b := &pgx.Batch{}
		s.queueSuperseded(b, account.ID)
		queueKeepFormer(b, account.ID, now)
		queueSetQuestion(b, account.ID, p.Question, hash, now)
		s.audit.Queue(ctx, b, audit.Event{Kind: audit.QuestionChanged, At: now, AccountID: account.ID.String(), SessionID: p.Session.SID,
			RequestID: web.RequestID(ctx), Success: true, Data: marked})
		if err := s.QueueNotice(ctx, b, account, "question_changed", nil); err != nil {
			return err
		}
		if err := s.store.run(ctx, b); err != nil {
			return fmt.Errorf("changing a question: %w", err)
		}
		return nil
	})
}

// questionSetAt is when the account's newest question was set, nil if it has none.
func (s *Service) questionSetAt(ctx context.Context, id uuid.UUID) (at *time.Time, err error) {
	if err = s.db.From(ctx).QueryRow(ctx, `select max(set_at) from account_questions where account_id = $1`, id).Scan(&at); err != nil {
		return nil, fmt.Errorf("reading a question: %w", err)
	}
	return at, nil
}

// justSet reports whether a question and its answer were set a moment ago. The caller has entered the hasher.
func (s *Service) justSet(ctx context.Context, id uuid.UUID, question, answer string, now time.Time) (bool, error) {
	var sealed []byte
	err := s.db.From(ctx).QueryRow(ctx, `
		select answer_sealed from account_questions where account_id = $1 and question = $2 and set_at > $3 and closed is null`,
		id, question, now.Add(-PressedAgain)).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading a question: %w", err)
	}
	same, _, err := s.hasher.verify(seal.PepperAnswer, answerPlace(id), sealed, normalizeAnswer(answer))
	return same, err
}

// RemoveQuestion removes the secret question of a member who cannot answer it, at the support desk's request, in the
// transaction of ctx; no former one returns. It also ends the wait after wrong answers. The owner is notified.
func (s *Service) RemoveQuestion(ctx context.Context, id uuid.UUID) error {
	now := s.now()
	account, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		b.Queue(`delete from account_questions where account_id = $1`, id)
		b.Queue(`delete from former_questions where account_id = $1`, id)
		b.Queue(`update accounts set updated_at = $2 where id = $1`, id, now)
		s.store.queueClearAnswers(b, id)
		s.audit.Queue(ctx, b, audit.Event{Kind: audit.QuestionChanged, At: now, AccountID: id.String(), RequestID: web.RequestID(ctx), Success: true,
			Reason: "removed", Data: map[string]string{string(markAnswer): gone}})
		if err := s.QueueNotice(ctx, b, account, "question_removed", nil); err != nil {
			return err
		}
		return s.store.run(ctx, b)
	})
}

// sameHand is how long before a denied event a change of the question is denied with it: whoever changed the password a
// moment later has triggered a newer mail, and one link must be enough.
const sameHand = 24 * time.Hour

// Reasons for a closed question: a change of it was denied and the former answer applies, or there is none.
const (
	closedDenied = "denied"
	closedEmpty  = "empty"
)

// restoreQuestion restores the question that was set before the denied change. If there was none, the current question
// stays but no answer matches: the mailbox alone must not be enough. Either way it is closed: an owner who denies a
// thief's change, and a thief with the mailbox and the former answer who denies the owner's, look the same, so a person
// decides. notice is the mail about it, "" if nothing changed. It takes part in the transaction of ctx.
func (s *Service) restoreQuestion(ctx context.Context, id uuid.UUID, denied, now time.Time) (notice string, err error) {
	var question string
	var sealed []byte
	err = s.db.From(ctx).QueryRow(ctx, `
		select coalesce(question, ''), answer_sealed from former_questions where account_id = $1 and replaced_at >= $2
		order by replaced_at limit 1`, id, denied.Add(-sameHand)).Scan(&question, &sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading a former question: %w", err)
	}
	notice, closed := "question_restored", closedDenied
	if question == "" {
		notice, closed = "question_closed", closedEmpty
		set, err := s.Questions(ctx, id)
		if err != nil || len(set) == 0 {
			return "", err
		}
		question, sealed = set[0], s.keyring.Seal(seal.PepperAnswer, answerPlace(id), []byte(encodePHC(s.hasher.params, nothing(saltSize), nothing(hashSize))))
	}
	marked, err := s.markOf(nil, answerSecret(id, sealed))
	if err != nil {
		return "", err
	}
	b := &pgx.Batch{}
	queueSetQuestion(b, id, question, sealed, now)
	b.Queue(`update account_questions set closed = $2 where account_id = $1`, id, closed)
	b.Queue(`delete from former_questions where account_id = $1`, id)
	s.store.queueClearAnswers(b, id)
	s.audit.Queue(ctx, b, audit.Event{Kind: audit.QuestionChanged, At: now, AccountID: id.String(), RequestID: web.RequestID(ctx), Success: true,
		Reason: "restored", Data: marked})
	return notice, s.store.run(ctx, b)
}

// nothing returns a digest that matches no secret.
func nothing(size int) []byte {
	random := make([]byte, size)
	rand.Read(random)
	return random
}

func queueSetQuestion(b *pgx.Batch, id uuid.UUID, question string, sealed []byte, now time.Time) {
	b.Queue(`delete from account_questions where account_id = $1`, id)
	b.Queue(`insert into account_questions (account_id, question, answer_sealed, set_at) values ($1, $2, $3, $4)`, id, question, sealed, now)
	b.Queue(`update accounts set updated_at = $2 where id = $1`, id, now)
}

// queueKeepFormer saves the current question, or that there is none, before it is replaced. The answer stays sealed for
// its former place, and works nowhere else.
func queueKeepFormer(b *pgx.Batch, id uuid.UUID, now time.Time) {
	b.Queue(`
		insert into former_questions (account_id, replaced_at, expires_at, question, answer_sealed)
		select $1, $2, $3, q.question, q.answer_sealed
		from (values (1)) one left join lateral (
			select question, answer_sealed from account_questions where account_id = $1 order by set_at, question limit 1) q on true
		on conflict do nothing`, id, now, now.Add(DisownLife))
}
