package recovery

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
)

const (
	life    = 30 * time.Minute // how long a recovery waits for its next step
	away    = 15 * time.Minute // after which somebody else may be at the browser
	longest = 12 * time.Hour   // how long somebody who says that they are there can keep it open
)

// Recovery is one attempt to set a new password.
type Recovery struct {
	ID        uuid.UUID
	Browser   []byte // digest of the browser cookie that it is bound to
	Flow      string // ID of the pending authorization request, "" if there is none
	Language  string
	Name      string    // as typed, until its account is looked up
	Typed     string    // the same, for the pages of whoever typed it
	AccountID uuid.UUID // zero before that, and if nobody has the name
	Asker     string    // digest of who requests its mails, see asker
	Step      Step

	CodeMAC                             []byte // of the last code mailed; empty: see notAsked
	CodeAskedAt                         time.Time
	CodeTries, AnswerTries, FactorTries int
	Refused                             []byte // digest of what was typed last: the same again is not counted
	CreatedAt, ExpiresAt                time.Time
	LeftBehind                          bool // it ended, and since then somebody signed in or out in its browser
}

// Visit describes a request.
type Visit struct {
	Token     string // the recovery cookie
	Browser   []byte // digest of the browser cookie
	Source    string // network that the request comes from
	Device    string // device cookie, or ""
	Language  string
	Flow      string
	RequestID string
	Owns      func(id string) bool // reports whether the form belongs to the recovery; nil: there is no form
	Looks     bool                 // a page is requested, nothing is submitted
	Another   bool                 // another person may have come since it was begun
}

// errForeign is returned for a form of another recovery, begun before in this browser.
var errForeign = errors.New("recovery: the form is another recovery's")

// mayGoOn refuses a cookie that came with another browser, and an expired recovery.
func (v Visit) mayGoOn(r *Recovery, now time.Time) error {
	switch {
	case r != nil && r.LeftBehind && bytes.Equal(r.Browser, v.Browser):
		return &movedError{stepLeft}
	case r == nil && v.Token != "":
		return &movedError{stepOver}
	case r == nil, !bytes.Equal(r.Browser, v.Browser), r.Step == stepDone && !now.Before(r.ExpiresAt):
		return &movedError{stepNone}
	case r.Step == stepEnded && !now.Before(r.ExpiresAt):
		return &movedError{stepEnded}
	case !now.Before(r.ExpiresAt):
		return &movedError{stepLate}
	}
	if v.Owns != nil && !v.Owns(r.ID.String()) {
		return errForeign
	}
	if r.Step != stepDone && r.Step != stepEnded && (v.Another || v.Looks && !now.Before(r.ExpiresAt.Add(away-life))) {
		return &movedError{stepOpen}
	}
	return nil
}

// movedError reports that another page is next.
type movedError struct{ step Step }

func (e *movedError) Error() string { return "recovery: at the step " + string(e.step) }

// at reads the visit's recovery for a page of a step. The error is a *movedError, or the database's.
func (s *Service) at(ctx context.Context, v Visit, step Step) (*Recovery, error) {
	r, err := s.store.find(ctx, seal.Digest(v.Token))
	if err != nil {
		return nil, err
	}
	if err := v.mayGoOn(r, s.now()); err != nil {
		return nil, err
	}
	if r.Step != step {
		return nil, &movedError{r.Step}
	}
	return r, nil
}

// turn is one step on the locked recovery. Its batch is sent at the end, with the recovery and the events.
type turn struct {
	*Recovery
	visit  Visit
	now    time.Time
	batch  *pgx.Batch
	events []audit.Event
}

// record adds an event; with a reason it is a failure. Before the mailbox is proven it names no account, because rows
// with one cost more to write (S-13). The code's own row tells whose recovery it is.
func (t *turn) record(kind audit.Kind, reason string) {
	e := audit.Event{Kind: kind, At: t.now, Subject: t.ID.String(), RequestID: t.visit.RequestID, Success: reason == "", Reason: reason}
	if t.Step != stepCode && t.AccountID != uuid.Nil {
		e.AccountID = t.AccountID.String()
	}
	t.events = append(t.events, e)
}

// again reports whether the digest is of what was typed last into this page, and stores it.
func (r *Recovery) again(typed []byte) bool {
	same := hmac.Equal(r.Refused, typed) && typed != nil
	r.Refused = typed
	return same
}

// to moves to a step, whose time starts.
func (t *turn) to(step Step) {
	t.Step, t.ExpiresAt, t.Refused = step, t.now.Add(life), nil
}

// end closes the recovery for good.
func (t *turn) end(reason string) {
	t.record(audit.RecoveryEnded, reason)
	t.Step, t.CodeMAC = stepEnded, nil
}

// outcome is a refusal that is stored, unlike an error, which rolls everything back.
type outcome = error

// change runs one step. What fn changes in the recovery is stored together with its events even if its outcome is a
// refusal, which is returned after the commit. An error of fn rolls everything back.
func (s *Service) change(ctx context.Context, v Visit, step Step, fn func(ctx context.Context, t *turn) (outcome, err error)) (*Recovery, error) {
	done, err := s.db.Turn(ctx, seal.Digest(v.Token))
	if err != nil {
		return nil, err
	}
	defer done()
	now := s.now()
	var r *Recovery
	var refused outcome
	err = s.db.InTx(ctx, func(ctx context.Context) (err error) {
		if r, err = s.store.lock(ctx, seal.Digest(v.Token)); err != nil {
			return err
		}
		if err := v.mayGoOn(r, now); err != nil {
			return err
		}
		if r.Step != step {
			return &movedError{r.Step}
		}
		t := &turn{Recovery: r, visit: v, now: now, batch: &pgx.Batch{}}
		if refused, err = fn(ctx, t); err != nil {
			return err
		}
		s.store.queueUpdate(t.batch, r)
		s.audit.Queue(ctx, t.batch, t.events...)
		if err := s.db.Finish(ctx, t.batch); err != nil {
			return fmt.Errorf("storing a recovery: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, refused
}

// advance moves on from a step that is done.
func (s *Service) advance(ctx context.Context, v Visit, done Step) (*Recovery, error) {
	return s.change(ctx, v, done, func(ctx context.Context, t *turn) (outcome, error) {
		n, err := s.proofs(ctx, t.AccountID)
		if err != nil {
			return nil, err
		}
		switch done { // a right one is not a failure, however often the recovery is left and proven again
		case stepQuestion:
			t.AnswerTries--
		case stepFactor:
			t.FactorTries--
		}
		t.to(after(done, n))
		return nil, nil
	})
}

// proofs reads what an account can prove.
func (s *Service) proofs(ctx context.Context, id uuid.UUID) (proofs, error) {
	factors, err := s.accounts.Factors(ctx, id)
	if err != nil {
		return proofs{}, err
	}
	n := proofs{factor: factors.Any()}
	if s.questions {
		set, err := s.accounts.Questions(ctx, id)
		if err != nil {
			return proofs{}, err
		}
		n.question = len(set) > 0
		if n.closed, err = s.accounts.QuestionClosed(ctx, id); err != nil {
			return proofs{}, err
		}
	}
	return n, nil
}

// Errors of a recovery that is over.
var (
	ErrEnded          = errors.New("recovery: ended")                      // too many wrong tries
	ErrNewAddress     = errors.New("recovery: the mailbox alone, and new") // it proves nothing alone
	ErrQuestionClosed = errors.New("recovery: the question is closed")     // a person must judge who is who
)
