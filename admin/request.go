package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
)

// Request is an act awaiting approval, as an approver sees it: frozen as it was asked for (S-64).
type Request struct {
	ID         uuid.UUID
	SubjectID  uuid.UUID
	Act        Act
	Reason     string
	Ticket     string
	Email      string // of ChangeEmail, in full: the approver judges it
	Number     string // of ChangeMember, likewise
	Lock       string
	AskedBy    uuid.UUID
	Name       string // of the person who asked
	AskedAt    time.Time
	ExpiresAt  time.Time
	Own        bool          // asked for by the viewer
	VerifiedBy Method        // how the caller was verified; NoneWorked if nobody could tell
	Failed     []FailedCheck // of a caller of this member, since a day before the request; the newest last
	Member     string        // username, or the masked name of somebody without an account; "" for neither
	Blocked    Block         // why it cannot be approved any more
}

// FailedCheck is a check that a caller did not pass.
type FailedCheck struct {
	At        time.Time
	Method    Method // "" for one of an earlier release
	Name      string // of the person who checked
	subjectID uuid.UUID
}

const failuresBefore = 24 * time.Hour // a request: what its approver reads

// ask freezes an act for a second person.
func (s *Service) ask(ctx context.Context, p Person, e *entry, u *Subject, a Ask, verification uuid.UUID) (Outcome, error) {
	now := s.now()
	id := uuid.Must(uuid.NewV7())
	frozen, err := json.Marshal(a)
	if err != nil {
		return Outcome{}, err
	}
	e.kind, e.outcome, e.request = audit.StaffAsked, outcomeAsked, id
	e.data = map[string]string{"request": id.String()}
	r := requestRow{
		ID: id, SubjectID: u.ID, Act: e.act, AskSealed: s.store.seal("desk_requests", "ask_sealed", id, frozen), Version: u.frozen(e.act),
		Verification: postgres.Nullable(verification), AskedBy: p.ID, AskedAt: now, ExpiresAt: now.Add(requestLife),
	}
	if err := s.store.insertRequest(ctx, r); err != nil {
		return Outcome{}, err
	}
	return Outcome{Act: e.act, State: Asked, RequestID: id, ExpiresAt: r.ExpiresAt}, s.tell(ctx, ApproveAct, s.about(e.act, a.Ticket, approvalsPath+"/"+id.String()), p.ID)
}

// Requests returns the requests awaiting approval, oldest first.
func (s *Service) Requests(ctx context.Context, p Person) (open []Request, err error) {
	err = s.record(ctx, p, entry{act: ListRequests}, func(ctx context.Context, _ *entry) error {
		if err := s.allow(p, ListRequests, nil); err != nil {
			return err
		}
		open, err = s.open(ctx, p)
		return err
	})
	return open, err
}

func (s *Service) open(ctx context.Context, p Person) ([]Request, error) {
	rows, err := s.store.openRequests(ctx, s.now())
	if err != nil {
		return nil, err
	}
	ids, proofs, subjects := make([]uuid.UUID, len(rows)), make([]uuid.UUID, len(rows)), make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i], proofs[i], subjects[i] = r.AskedBy, postgres.Value(r.Verification), r.SubjectID
	}
	failed, err := s.store.failedChecks(ctx, subjects, s.now().Add(-requestLife-failuresBefore))
	if err != nil {
		return nil, err
	}
	names, err := s.store.names(ctx, ids)
	if err != nil {
		return nil, err
	}
	methods, err := s.store.methods(ctx, proofs)
	if err != nil {
		return nil, err
	}
	open := make([]Request, len(rows))
	for i, r := range rows {
		a, err := s.store.thaw(r)
		if err != nil {
			return nil, err
		}
		open[i] = Request{
			ID: r.ID, SubjectID: r.SubjectID, Act: r.Act, Reason: a.Reason, Ticket: a.Ticket, Email: a.Email, Number: a.Number, Lock: a.Lock, AskedBy: r.AskedBy,
			Name: names[r.AskedBy], AskedAt: r.AskedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), Own: r.AskedBy == p.ID, VerifiedBy: cmp.Or(methods[proofs[i]], NoneWorked),
		}
		for _, f := range failed {
			if f.subjectID == r.SubjectID && f.At.After(r.AskedAt.Add(-failuresBefore)) {
				open[i].Failed = append(open[i].Failed, f)
			}
		}
		u, err := s.subject(ctx, r.SubjectID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if u != nil {
			open[i].Member = u.called()
		}
		if open[i].Blocked, err = s.block(ctx, r, a, u); err != nil {
			return nil, err
		}
	}
	return open, nil
}

// ended returns why a request is no longer open: *BlockedError if its asker may not ask any more, else ErrGone.
func (s *Service) ended(ctx context.Context, id uuid.UUID) error {
	r, err := s.store.request(ctx, id, "")
	if errors.Is(err, ErrNotFound) {
		return ErrGone
	}
	if err != nil {
		return err
	}
	return cmp.Or(s.endedBy(ctx, r), ErrGone)
}

// endedBy returns a *BlockedError if the request ended because its asker may not ask any more.
func (s *Service) endedBy(ctx context.Context, r requestRow) error {
	if r.Decision == nil || *r.Decision != outcomeEnded {
		return nil
	}
	names, err := s.store.names(ctx, []uuid.UUID{r.AskedBy})
	if err != nil {
		return err
	}
	return &BlockedError{Why: BlockedAsker, Name: names[r.AskedBy], Ended: true}
}

// Waiting is how many requests of others a person may decide.
func (s *Service) Waiting(ctx context.Context, p Person) (n int, err error) {
	if !p.may(ApproveAct) {
		return 0, nil
	}
	err = s.db.From(ctx).QueryRow(ctx, `select count(*) from desk_requests where decided_at is null and expires_at > $1 and asked_by <> $2`, s.now(), p.ID).Scan(&n)
	return n, err
}

// Decide approves a request, which performs the act, or refuses it with a reason. It is decided once, by somebody other
// than the person who asked (S-64). The error is Invalid, those of allow, ErrNotFound, ErrOwn, ErrGone, *BlockedError if
// it cannot be approved any more, ErrOtherBody, *LimitError, ErrBusy, or the database's.
func (s *Service) Decide(ctx context.Context, p Person, o *Once, id uuid.UUID, approve bool, reason string) (out Outcome, err error) {
	act := RefuseAct
	if approve {
		act = ApproveAct
	}
	invalid := Invalid{}
	if !approve {
		if reason = checkReason(reason, s.roster, invalid); len(invalid) > 0 {
			return out, invalid
		}
	}
	err = s.record(ctx, p, entry{act: act, request: id, reason: reason}, func(ctx context.Context, e *entry) error {
		return s.once(ctx, p, o, &out, func(ctx context.Context) error {
			out, err = s.decide(ctx, p, e, id, approve)
			return err
		})
	})
	return out, err
}

func (s *Service) decide(ctx context.Context, p Person, e *entry, id uuid.UUID, approve bool) (Outcome, error) {
	if err := s.allow(p, e.act, nil); err != nil {
		return Outcome{}, err
	}
	if err := s.take(ctx, acts, p); err != nil {
		return Outcome{}, err
	}
	r, err := s.store.lockRequest(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	e.subjectID = r.SubjectID
	switch {
	case r.AskedBy == p.ID:
		return Outcome{}, ErrOwn
	case r.DecidedAt != nil || !s.now().Before(r.ExpiresAt):
		return Outcome{}, cmp.Or(s.endedBy(ctx, r), ErrGone)
	}
	e.data = map[string]string{"request": id.String(), "asked": string(r.Act)}
	a, err := s.store.thaw(r)
	if err != nil {
		return Outcome{}, err
	}
	about := s.about(r.Act, a.Ticket, "/members/"+r.SubjectID.String())
	if !approve {
		e.outcome = outcomeRefused
		if err := s.store.decide(ctx, id, p.ID, outcomeRefused, s.now()); err != nil {
			return Outcome{}, err
		}
		return Outcome{Act: r.Act, State: "refused"}, s.tellAsker(ctx, r.AskedBy, p.ID, false, about)
	}
	u, err := s.caller(ctx, p, e, r.SubjectID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Outcome{}, err
	}
	if why, err := s.block(ctx, r, a, u); err != nil {
		return Outcome{}, err
	} else if why != "" {
		return Outcome{}, &BlockedError{Why: why}
	}
	verification := postgres.Value(r.Verification)
	methods, err := s.store.methods(ctx, []uuid.UUID{verification})
	if err != nil {
		return Outcome{}, err
	}
	if err := s.store.decide(ctx, id, p.ID, outcomeApproved, s.now()); err != nil {
		return Outcome{}, err
	}
	e.act, e.outcome, e.reason, e.ticket, e.verification = r.Act, outcomeApproved, a.Reason, a.Ticket, verification
	out, err := s.perform(ctx, e, r.AskedBy, u, a, methods[verification])
	if err != nil {
		return out, err
	}
	return out, s.tellAsker(ctx, r.AskedBy, p.ID, true, about)
}

type requestRow struct {
	ID           uuid.UUID
	SubjectID    uuid.UUID
	Act          Act
	AskSealed    []byte
	Version      string
	Verification *uuid.UUID
	AskedBy      uuid.UUID
	AskedAt      time.Time
	ExpiresAt    time.Time
	DecidedAt    *time.Time
	Decision     *string
}

const requestColumns = `id, subject_id, act, ask_sealed, version, verification, asked_by, asked_at, expires_at, decided_at, decision`

func (s *store) insertRequest(ctx context.Context, r requestRow) error {
	_, err := s.db.From(ctx).Exec(ctx, `
		insert into desk_requests (id, subject_id, act, ask_sealed, version, verification, asked_by, asked_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.ID, r.SubjectID, r.Act, r.AskSealed, r.Version, r.Verification, r.AskedBy, r.AskedAt, r.ExpiresAt)
	return err
}

func (s *store) openRequests(ctx context.Context, now time.Time) ([]requestRow, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		select `+requestColumns+` from desk_requests where decided_at is null and expires_at > $1 order by asked_at, id limit 200`, now)
	if err != nil {
		return nil, fmt.Errorf("reading requests: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[requestRow])
}

// requestsOf are a member's open requests for an act.
func (s *store) requestsOf(ctx context.Context, subject uuid.UUID, act Act, now time.Time) ([]requestRow, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		select `+requestColumns+` from desk_requests where subject_id = $1 and act = $2 and decided_at is null and expires_at > $3 order by id`, subject, act, now)
	if err != nil {
		return nil, fmt.Errorf("reading requests: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[requestRow])
}

// withdraw ends a person's undecided requests on a member, and reports whether there were any.
func (s *store) withdraw(ctx context.Context, subject, person uuid.UUID, now time.Time) (bool, error) {
	tag, err := s.db.From(ctx).Exec(ctx, `
		update desk_requests set decision = 'withdrawn', decided_by = asked_by, decided_at = $3
		where subject_id = $1 and asked_by = $2 and decided_at is null and expires_at > $3`, subject, person, now)
	return tag.RowsAffected() > 0, err
}

// queueHasAsked reads whether there is something to withdraw.
func (s *store) queueHasAsked(b *pgx.Batch, subject, person uuid.UUID, now time.Time, yes *bool) {
	b.Queue(`select exists (select from desk_requests where subject_id = $1 and asked_by = $2 and decided_at is null and expires_at > $3)`,
		subject, person, now).QueryRow(func(row pgx.Row) error { return row.Scan(yes) })
}

// lockRequest makes concurrent decisions wait for the first. It locks the member before, as every other act does: two
// that did so in another order would wait for each other.
func (s *store) lockRequest(ctx context.Context, id uuid.UUID) (requestRow, error) {
	r, err := s.request(ctx, id, "")
	if err != nil {
		return r, err
	}
	if err := s.lockSubject(ctx, r.SubjectID); err != nil {
		return r, err
	}
	return s.request(ctx, id, ` for update`)
}

func (s *store) request(ctx context.Context, id uuid.UUID, lock string) (requestRow, error) {
	rows, err := s.db.From(ctx).Query(ctx, `select `+requestColumns+` from desk_requests where id = $1`+lock, id)
	if err != nil {
		return requestRow{}, busy(err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[requestRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return r, ErrNotFound
	}
	return r, busy(err)
}

func (s *store) decide(ctx context.Context, id, by uuid.UUID, decision string, now time.Time) error {
	tag, err := s.db.From(ctx).Exec(ctx, `
		update desk_requests set decided_by = $2, decided_at = $3, decision = $4 where id = $1 and decided_at is null`, id, by, now, decision)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrGone
	}
	return err
}

func (s *store) thaw(r requestRow) (a Ask, err error) {
	text, err := s.open("desk_requests", "ask_sealed", r.ID, r.AskSealed)
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(text, &a)
}
