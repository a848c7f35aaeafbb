package registration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// Visit describes a request.
type Visit struct {
	Token     string // the registration cookie
	Browser   []byte // digest of the browser cookie
	Source    string // network that the request comes from
	Language  string
	Flow      string // "" keeps that of the registration
	RequestID string
	Owns      func(id string) bool // reports whether the form belongs to the registration; nil: there is no form
	Back      bool                 // to the agreement, by a member who returned to it
	Another   bool                 // another person may have come since it was begun
	Card      *Identity            // as typed into the form; nil: none
}

// Load reads the visit's registration, or errGone. Further queries take part in the same round trip.
func (s *Service) Load(ctx context.Context, v Visit, more ...func(*pgx.Batch)) (*Registration, error) {
	if v.Token == "" {
		return nil, errGone
	}
	var r *Registration
	b := &pgx.Batch{}
	s.store.queueFind(b, seal.Digest(v.Token), &r)
	for _, queue := range more {
		queue(b)
	}
	if err := s.DB.From(ctx).SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	if err := v.mayGoOn(r, s.Now()); err != nil {
		return nil, err
	}
	return r, nil
}

// mayUse refuses a cookie that came with another browser, and an idle registration.
func (v Visit) mayUse(r *Registration, now time.Time) error {
	if !bytes.Equal(r.Browser, v.Browser) || r.expiredAt(now) {
		return errGone
	}
	return v.mayPost(r)
}

// mayPost refuses a form of another registration, which somebody else began in this browser.
func (v Visit) mayPost(r *Registration) error {
	if v.Owns != nil && !v.Owns(r.owner()) && !v.isEarly(r) {
		return &foreignError{r.ID}
	}
	return nil
}

// isEarly reports whether the form was rendered before a card was matched: the card may be another person's.
func (v Visit) isEarly(r *Registration) bool {
	if v.Owns == nil || r.owner() == r.ID.String() {
		return false
	}
	early := v.Owns(r.ID.String())
	v.Owns(r.owner()) // the pages of the answer are the person's who was matched
	return early
}

// mayGoOn is mayUse for everything but the second of two Finalizar.
func (v Visit) mayGoOn(r *Registration, now time.Time) error {
	if err := v.mayUse(r, now); err != nil {
		return err
	}
	if !r.FinishedAt.IsZero() {
		return errFinished
	}
	return v.mayKnow(r, now)
}

// sentAgain is how soon the very same card is the same form sent again, after a lost answer.
const sentAgain = time.Minute

// mayKnow leads to the question whose a registration is if another person may have come since.
func (v Visit) mayKnow(r *Registration, now time.Time) error {
	again := v.Card != nil && *v.Card == r.Identity && now.Sub(r.TouchedAt) < sentAgain
	if v.Another && r.begun() && !again {
		return &movedError{pathOpen}
	}
	return nil
}

// event is an audit event of a registration. With a reason it is a failure.
func (v Visit) event(r *Registration, kind audit.Kind, at time.Time, reason string) audit.Event {
	return audit.Event{Kind: kind, At: at, Subject: r.ID.String(), RequestID: v.RequestID, Success: reason == "", Reason: reason}
}

// turn is one step on the locked registration. Its batch is sent at the end, with the registration and the events.
type turn struct {
	*Registration
	visit  Visit
	now    time.Time
	batch  *pgx.Batch
	events []audit.Event
}

func (t *turn) record(kind audit.Kind, reason string) {
	t.events = append(t.events, t.visit.event(t.Registration, kind, t.now, reason))
}

// change runs one step. What fn changes in the registration is stored together with its events even if its outcome is a
// refusal, which is returned after the commit. An error of fn rolls everything back.
func (s *Service) change(ctx context.Context, v Visit, step Step, fn func(ctx context.Context, t *turn) (outcome, err error)) (*Registration, error) {
	return s.changeWith(ctx, v, step, func(*pgx.Batch, time.Time) {}, fn)
}

// changeWith is change with statements that are sent together with the lock, after it.
func (s *Service) changeWith(ctx context.Context, v Visit, step Step, with func(*pgx.Batch, time.Time),
	fn func(ctx context.Context, t *turn) (outcome, err error)) (*Registration, error) {
	if v.Token == "" {
		return nil, errGone
	}
	done, err := s.DB.Turn(ctx, seal.Digest(v.Token))
	if err != nil {
		return nil, err
	}
	defer done()
	now := s.Now()
	var r *Registration
	var outcome error
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		s.store.queueLock(b, seal.Digest(v.Token), &r)
		with(b, now)
		if err := s.DB.From(ctx).SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		if err := v.mayGoOn(r, now); err != nil {
			return err
		}
		if !open(r, step, now) {
			return &movedError{next(r, now)}
		}
		t := &turn{Registration: r, visit: v, now: now, batch: &pgx.Batch{}}
		t.Veiled = t.Veiled || t.awayAt(now)
		var err error
		if outcome, err = fn(ctx, t); err != nil {
			return err
		}
		s.queueSave(ctx, t)
		return s.send(ctx, t.batch)
	})
	if err != nil {
		return r, err
	}
	return r, outcome
}

// queueSave adds the changes of a turn to its batch.
func (s *Service) queueSave(ctx context.Context, t *turn) {
	t.TouchedAt, t.Language = t.now, t.visit.Language
	if t.visit.Flow != "" {
		t.Flow = t.visit.Flow
	}
	s.store.queueUpdate(t.batch, t.Registration)
	s.Audit.Queue(ctx, t.batch, t.events...)
}

// send sends the last batch of a use case together with the commit.
func (s *Service) send(ctx context.Context, b *pgx.Batch) error {
	if err := s.DB.Finish(ctx, b); err != nil {
		return fmt.Errorf("storing registration: %w", err)
	}
	return nil
}

// Agree records that the member agreed to a version of the agreement, and begins a registration if there is none. The
// token is the value of a new cookie, or "" if the visit's own continues. A version that is no longer in force is asked
// again.
func (s *Service) Agree(ctx context.Context, v Visit, version string) (r *Registration, token string, err error) {
	now := s.Now()
	doc := s.Legal.Agreement(now, v.Language)
	if version != doc.Version {
		return nil, "", &movedError{stepAgreement.Path}
	}
	r, err = s.change(ctx, v, stepAgreement, func(_ context.Context, t *turn) (outcome, err error) {
		if t.begun() && !v.Back {
			return nil, &movedError{pathOpen}
		}
		t.agree(doc, t.now)
		t.events = append(t.events, v.agreed(t.Registration, t.now))
		return nil, nil
	})
	if !errors.Is(err, errGone) {
		return r, "", err
	}
	return s.begin(ctx, v, doc, now)
}

// begin creates the registration of a visit that has none, unless its source has begun too many.
func (s *Service) begin(ctx context.Context, v Visit, doc Document, now time.Time) (r *Registration, token string, err error) {
	v.Token = seal.NewToken()
	r = &Registration{
		ID: uuid.Must(uuid.NewV7()), AccountID: uuid.Must(uuid.NewV7()), Browser: v.Browser, Flow: v.Flow, Language: v.Language, TouchedAt: now,
	}
	r.agree(doc, now)
	limit := ratelimit.Limit{Name: beginSource, Count: s.Registrations, Per: time.Hour}.Times(web.SourceFactor(ctx))
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		var limited error
		b := &pgx.Batch{}
		s.Limiter.Queue(b, &limited, now, ratelimit.Ask{Limit: limit, Key: v.Source})
		if err := s.DB.From(ctx).SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		if limited != nil {
			return limited
		}
		b = &pgx.Batch{}
		s.store.queueInsert(b, r, seal.Digest(v.Token))
		s.Audit.Queue(ctx, b, v.event(r, audit.RegistrationStarted, now, ""), v.agreed(r, now))
		return s.send(ctx, b)
	})
	if err != nil {
		return nil, "", err
	}
	return r, v.Token, nil
}

func (v Visit) agreed(r *Registration, at time.Time) audit.Event {
	e := v.event(r, audit.RegistrationAgreed, at, "")
	e.Data = map[string]string{"version": r.AgreementVersion, "language": r.AgreementLanguage}
	return e
}

// Leave erases the visit's registration, if it has one. Of a locked one, what support looks at stays; what was typed
// does not.
func (s *Service) Leave(ctx context.Context, v Visit, reason string) error {
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		r, err := s.store.lock(ctx, seal.Digest(v.Token))
		if err != nil {
			return err
		}
		if !bytes.Equal(r.Browser, v.Browser) {
			return errGone
		}
		if err := v.mayPost(r); err != nil {
			return err
		}
		now := s.Now()
		e := v.event(r, audit.RegistrationLeft, now, "")
		e.Reason = reason
		b := &pgx.Batch{}
		if r.lockedAt(now) {
			r.erase()
			s.store.queueUpdate(b, r)
		} else {
			s.store.queueRemove(b, r.ID)
		}
		s.Recovery.ForgetReferences(b, v.Browser)
		s.Audit.Queue(ctx, b, e)
		return s.send(ctx, b)
	})
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}

// Sweep deletes abandoned rows and returns their number; cmd/idp runs it.
func (s *Service) Sweep(ctx context.Context) (int64, error) { return s.store.sweep(ctx, s.Now()) }
