package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/web"
)

// The hourly limits of one person (S-62).
var (
	lookups = ratelimit.Limit{Name: "desk_lookups", Count: 60, Per: time.Hour}
	acts    = ratelimit.Limit{Name: "desk_acts", Count: 20, Per: time.Hour}
)

// entry is a line of the desk's book under construction. Its outcome is "done" unless the use case says otherwise.
type entry struct {
	act          Act
	subject      *Subject
	subjectID    uuid.UUID // if the subject was not resolved
	outcome      string
	reason       string
	ticket       string
	request      uuid.UUID
	verification uuid.UUID
	data         map[string]string
	kind         audit.Kind // default by act
}

// record runs a use case in one transaction with its line in the book and its audit event (S-65, S-71). A denial rolls
// the transaction back and is recorded separately; other errors are not recorded, since nothing happened.
func (s *Service) record(ctx context.Context, p Person, e entry, use func(ctx context.Context, e *entry) error) error {
	begun := e
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		e = begun // a retried transaction starts over
		if err := use(ctx, &e); err != nil {
			return err
		}
		return s.write(ctx, p, e)
	})
	if errors.Is(err, errReplayed) { // recorded when it happened
		return nil
	}
	word := denial(err)
	if word == "" {
		return busy(err)
	}
	limit, isLimit := errors.AsType[*LimitError](err)
	if isLimit {
		e.data = map[string]string{"limit": limit.Limit}
	}
	e.outcome, e.kind = word, audit.StaffDenied
	writeErr := s.db.InTx(ctx, func(ctx context.Context) error {
		if isLimit && limit.ofPerson() {
			if err := s.tellOf(ctx, "staff_alert", ListAlerts, nil, p.ID); err != nil {
				return err
			}
		}
		return s.write(ctx, p, e)
	})
	if writeErr != nil {
		return writeErr // what is not recorded is not answered
	}
	return err
}

// kinds are the audit events of successful acts; the others are StaffActed.
var kinds = map[Act]audit.Kind{
	Find: audit.StaffSearched, FindName: audit.StaffSearched, Look: audit.StaffLooked, Verify: audit.StaffVerified, ListRequests: audit.StaffReviewed, Activity: audit.StaffReviewed, Figures: audit.StaffReviewed,
	ListQueue: audit.StaffReviewed, OpenCase: audit.StaffReviewed, TakeCase: audit.StaffHelped, HandOver: audit.StaffHelped, FinishCase: audit.StaffHelped, NoteCase: audit.StaffHelped,
	ListAlerts: audit.StaffReviewed, SeeAlert: audit.StaffDecided, HandleAlert: audit.StaffDecided, ReopenAlert: audit.StaffDecided,
	ListApps: audit.StaffReviewed, LookApp: audit.StaffReviewed, ApproveApp: audit.StaffDecided, RefuseApp: audit.StaffDecided,
	ListPeople: audit.StaffReviewed, LookPerson: audit.StaffReviewed, AddPerson: audit.StaffAsked, ResetPerson: audit.StaffAsked,
	RefuseAct: audit.StaffDecided, Withdraw: audit.StaffDecided, ConfirmPerson: audit.StaffDecided, RefusePerson: audit.StaffDecided, ExportAudit: audit.StaffExported,
}

func (s *Service) write(ctx context.Context, p Person, e entry) error {
	now := s.now()
	id := uuid.Must(uuid.NewV7())
	if e.outcome == "" {
		e.outcome = outcomeDone
	}
	if e.subject != nil {
		e.subjectID = e.subject.ID
	}
	var refined *string
	if formerWords[e.outcome] != "" {
		refined = &e.outcome
	}
	b := &pgx.Batch{}
	b.Queue(`
		insert into desk_entries (id, at, staff_id, subject_id, act, outcome, refined, reason_sealed, ticket, request_id, verification)
		values (@id, @at, @staff, @subject, @act, @outcome, @refined, @reason, @ticket, @request, @verification)`,
		pgx.NamedArgs{
			"id": id, "at": now, "staff": p.ID, "subject": postgres.Nullable(e.subjectID), "act": e.act,
			"outcome": cmp.Or(formerWords[e.outcome], e.outcome), "refined": refined,
			"reason": s.store.seal("desk_entries", "reason_sealed", id, []byte(e.reason)), "ticket": e.ticket,
			"request": postgres.Nullable(e.request), "verification": postgres.Nullable(e.verification),
		})
	s.audit.Queue(ctx, b, e.event(ctx, p, id, now))
	return s.db.Finish(ctx, b)
}

// event returns the audit event: IDs and fixed words, without the reason, which a person typed.
func (e *entry) event(ctx context.Context, p Person, id uuid.UUID, now time.Time) audit.Event {
	kind := e.kind
	if kind == "" {
		kind = kinds[e.act]
	}
	if kind == "" {
		kind = audit.StaffActed
	}
	data := map[string]string{"act": string(e.act), "entry": id.String()}
	for name, value := range e.data {
		data[name] = value
	}
	if e.ticket != "" {
		data["ticket"] = e.ticket
	}
	event := audit.Event{Kind: kind, At: now, Actor: p.ID.String(), RequestID: web.RequestID(ctx), Success: kind != audit.StaffDenied, Data: data}
	if e.act == Verify && e.outcome != outcomeDone { // nobody was verified: no match, or a code that nobody has read out yet
		event.Success = false
	}
	if !event.Success {
		event.Reason = e.outcome
	}
	switch {
	case e.subject != nil && e.subject.hasAccount():
		event.AccountID = e.subject.Account.ID.String()
	case e.subjectID != uuid.Nil:
		event.Subject = e.subjectID.String()
	}
	return event
}

// The outcomes of entries that were not denied.
const (
	outcomeDone     = "done"
	outcomeAsked    = "asked"
	outcomeApproved = "approved"
	outcomeRefused  = "refused"
	outcomeEnded    = "ended"    // of a request whose asker may not ask any more
	outcomeFailed   = "no_match" // of a verification
	outcomeSent     = "sent"     // the code of a verification
)

// formerWords are the outcomes under which the release before knows newer ones, which stand beside them.
var formerWords = map[string]string{outcomeSent: outcomeDone, deniedForMember: deniedLimit, deniedAsker: "gone"}

// take takes one from a person's limit.
func (s *Service) take(ctx context.Context, limit ratelimit.Limit, p Person) error {
	return limited(s.limiter.Take(ctx, limit, p.ID.String(), s.now()))
}

func limited(err error) error {
	if exceeded, ok := errors.AsType[*ratelimit.Exceeded](err); ok {
		return &LimitError{exceeded.Limit, exceeded.RetryAfter()}
	}
	return err
}

// Line is a line of the book.
type Line struct {
	ID        uuid.UUID
	At        time.Time
	StaffID   uuid.UUID
	Name      string // of that person
	SubjectID uuid.UUID
	Act       Act
	Asked     Act // what a decision was about; "" once the request is swept, and for all other acts
	Outcome   string
	Reason    string
	Ticket    string
}

const lineColumns = `id, at, staff_id, coalesce((select name from staff where account_id = staff_id), ''), subject_id, act, coalesce(refined, outcome), reason_sealed, ticket,
	case when act in ('approve', 'refuse') then coalesce((select r.act from desk_requests r where r.id = request_id), '') else '' end`

func (s *store) line(r pgx.CollectableRow) (l Line, err error) {
	var subject *uuid.UUID
	var sealed []byte
	if err := r.Scan(&l.ID, &l.At, &l.StaffID, &l.Name, &subject, &l.Act, &l.Outcome, &sealed, &l.Ticket, &l.Asked); err != nil {
		return l, err
	}
	reason, err := s.open("desk_entries", "reason_sealed", l.ID, sealed)
	l.At, l.SubjectID, l.Reason = l.At.UTC(), postgres.Value(subject), string(reason)
	return l, err
}

// queueLines reads the newest lines about a member.
func (s *store) queueLines(b *pgx.Batch, subject uuid.UUID, limit int, lines *[]Line) {
	b.Queue(`select `+lineColumns+` from desk_entries where subject_id = $1 order by at desc, id desc limit $2`, subject, limit).
		Query(func(rows pgx.Rows) (err error) {
			*lines, err = pgx.CollectRows(rows, s.line)
			return err
		})
}

// ofPerson returns the newest lines of a person.
func (s *store) ofPerson(ctx context.Context, id uuid.UUID, since time.Time, limit int) ([]Line, error) {
	rows, err := s.db.From(ctx).Query(ctx, `select `+lineColumns+` from desk_entries where staff_id = $1 and at > $2 order by at desc, id desc limit $3`, id, since, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the desk's book: %w", err)
	}
	return pgx.CollectRows(rows, s.line)
}

// standing is what an act on a member depends on.
type standing struct {
	last         uuid.UUID       // the newest line that changed something
	helped       int             // how often the member was helped since helpWindow
	ticket       string          // of the matter about the member that the person opened last, if it is theirs
	verification verificationRow // the person's newest valid one, or zero
}

func (s *store) queueStanding(b *pgx.Batch, subject uuid.UUID, p Person, now time.Time, st *standing) {
	b.Queue(`
		select (select id from desk_entries where subject_id = $1 and act = any($2) and outcome in ('done', 'asked', 'approved', 'refused')
				order by at desc, id desc limit 1),
			(select count(*) from desk_entries where subject_id = $1 and act = any($3) and outcome in ('done', 'approved') and at > $4),
			coalesce((select e.ticket from desk_entries e join desk_cases c on c.matter = e.ticket
				where e.subject_id = $1 and e.staff_id = $5 and e.act = $6 and c.staff_id = e.staff_id and c.state = 'taken'
				order by e.at desc, e.id desc limit 1), '')`,
		subject, memberActs(), recoveryActs(), now.Add(-helpWindow), p.ID, string(OpenCase)).QueryRow(func(row pgx.Row) error {
		var last *uuid.UUID
		err := row.Scan(&last, &st.helped, &st.ticket)
		st.last = postgres.Value(last)
		return err
	})
	b.Queue(`
		select id, method, verified_at from caller_verifications
		where subject_id = $1 and staff_id = $2 and session = $4 and verified_at > $3 and ended_at is null order by verified_at desc limit 1`,
		subject, p.ID, now.Add(-verification), p.Session).
		QueryRow(func(row pgx.Row) error {
			err := row.Scan(&st.verification.ID, &st.verification.Method, &st.verification.VerifiedAt)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			return err
		})
}

func (s *store) standing(ctx context.Context, subject uuid.UUID, p Person, now time.Time) (st standing, err error) {
	b := &pgx.Batch{}
	s.queueStanding(b, subject, p, now, &st)
	return st, s.db.From(ctx).SendBatch(ctx, b).Close()
}

// standing is that of a person of the desk towards a subject.
func (s *Service) standing(ctx context.Context, p Person, u *Subject) (standing, error) {
	st, err := s.store.standing(ctx, u.ID, p, s.now())
	if err == nil {
		err = s.endDenied(ctx, u, &st)
	}
	return st, err
}

// endDenied takes a verification away if the member stopped a change after it: whoever was verified may be who had asked for it.
func (s *Service) endDenied(ctx context.Context, u *Subject, st *standing) error {
	if st.verification.VerifiedAt == nil || !u.hasAccount() {
		return nil
	}
	since := *st.verification.VerifiedAt
	isStopped, err := s.audit.Happened(ctx, u.ID, audit.ChangeStopped, since)
	if err != nil || !isStopped {
		return err
	}
	isOurs := false // the caller asked for it
	err = s.db.From(ctx).QueryRow(ctx, `
		select exists (select from desk_entries where subject_id = $1 and act = any($2) and outcome in ('done', 'approved') and at >= $3)`,
		u.ID, []string{string(StopChange), string(Withdraw), string(Disable)}, since).Scan(&isOurs)
	if err == nil && !isOurs {
		st.verification = verificationRow{}
	}
	return err
}

// lockNotAvailable is PostgreSQL's error code for exceeding lock_timeout.
const lockNotAvailable = "55P03"

func busy(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == lockNotAvailable {
		return ErrBusy
	}
	return err
}
