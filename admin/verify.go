package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/cardform"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/members"
	"huskyidp/templates"
)

// Method is how a caller was verified.
type Method string

// The methods. NoneWorked records that nobody could tell who is calling.
const (
	SpokenCode Method = "spoken_code" // mailed to the address on file, read out by the caller
	Facts      Method = "facts"       // of the card, typed by the person, compared here
	CallBack   Method = "call_back"   // to a number known before
	InPerson   Method = "in_person"   // with an ID
	NoneWorked Method = "none"
)

// Methods are the methods in display order.
func Methods() []Method { return []Method{SpokenCode, Facts, CallBack, InPerson, NoneWorked} }

const spokenTries = 5 // of one code (S-14)

// factTries is how often a caller may try, whoever answers the phone.
var factTries = ratelimit.Limit{Name: "caller_facts", Count: 3, Per: 24 * time.Hour}

// Verification is the state of a caller for one person of the desk, in one session.
type Verification struct {
	Method     Method    `json:"method"`
	Verified   bool      `json:"verified"`
	CodeSent   bool      `json:"code_sent,omitempty"` // and waits to be read out
	ValidUntil time.Time `json:"valid_until,omitzero"`
	TriesLeft  *int      `json:"tries_left,omitempty" doc:"of a check that failed: with this code, or with card details today"`
	Moved      bool      `json:"address_changed,omitempty" doc:"the address on file changed after the code was mailed: it is void, send another one"`
}

// Check records how a caller was verified (S-64), or mails the code for the caller to read out. Whatever fails ends what
// was verified before: somebody else may have the phone now. The same wrong facts again are counted once a day. The error
// is Invalid, those of allow, ErrNotFound, *LimitError, or the database's; facts that do not match are not an error.
func (s *Service) Check(ctx context.Context, p Person, o *Once, id uuid.UUID, m Method, card members.Card) (v Verification, err error) {
	if !slices.Contains(Methods(), m) {
		return v, Invalid{"method": "unknown"}
	}
	var claim members.Claim
	if m == Facts {
		var problems []templates.Problem
		if claim, problems = cardform.Parse(card, s.now(), 9, s.roster); len(problems) > 0 {
			return v, &CardError{problems}
		}
	}
	err = s.record(ctx, p, entry{act: Verify, subjectID: id}, func(ctx context.Context, e *entry) error {
		return s.once(ctx, p, o, &v, func(ctx context.Context) error {
			u, err := s.caller(ctx, p, e, id)
			if err != nil {
				return err
			}
			if m == SpokenCode && !u.hasAccount() {
				return Invalid{"method": "no_account"}
			}
			v, err = s.check(ctx, p, e, u, m, claim)
			return err
		})
	})
	if limit, ok := errors.AsType[*LimitError](err); ok && limit.Limit == factTries.Name { // nobody passes it, whoever calls now
		if err := s.store.endVerifications(ctx, id, p.ID, s.now()); err != nil {
			return Verification{}, err
		}
	}
	return v, err
}

// CardError reports the fields of a card that cannot be valid.
type CardError struct{ Problems []templates.Problem }

func (e *CardError) Error() string { return "admin: the card cannot be read" }

// caller resolves and allows, and locks the member against other acts meanwhile.
func (s *Service) caller(ctx context.Context, p Person, e *entry, id uuid.UUID) (*Subject, error) {
	if err := s.store.lockSubject(ctx, id); err != nil {
		return nil, err
	}
	u, err := s.subject(ctx, id)
	if err != nil {
		return nil, err
	}
	e.subject = u
	return u, s.allow(p, e.act, u)
}

func (s *Service) check(ctx context.Context, p Person, e *entry, u *Subject, m Method, claim members.Claim) (v Verification, err error) {
	now := s.now()
	row := verificationRow{ID: uuid.Must(uuid.NewV7()), StaffID: p.ID, SubjectID: u.ID, Session: p.Session, Method: m, CreatedAt: now}
	e.data = map[string]string{"method": string(m)}
	var left *int
	switch m {
	case SpokenCode:
		if err := s.sendCode(ctx, u, row); err != nil {
			return v, err
		}
		e.outcome = outcomeSent
		return Verification{Method: m, CodeSent: true}, nil
	case Facts:
		left, err = s.compareFacts(ctx, u, claim, &row)
	case CallBack, InPerson:
		row.VerifiedAt = &now
	}
	if err != nil {
		return v, err
	}
	if err := s.store.insertVerification(ctx, row); err != nil {
		return v, err
	}
	v = row.state()
	if v.TriesLeft = left; !v.Verified {
		return v, s.failed(ctx, e, row)
	}
	return v, nil
}

// failed notes a check that the caller did not pass, and ends what the person had verified before.
func (s *Service) failed(ctx context.Context, e *entry, row verificationRow) error {
	e.outcome, e.verification = outcomeFailed, row.ID
	return s.store.endVerifications(ctx, row.SubjectID, row.StaffID, s.now())
}

// compareFacts verifies the row, or counts a try and returns how many are left. What is right costs none, and neither does
// a slip that was counted within the day, whoever made it.
func (s *Service) compareFacts(ctx context.Context, u *Subject, claim members.Claim, row *verificationRow) (*int, error) {
	asks, err := s.factAsks(ctx, u, claim)
	if err != nil {
		return nil, err
	}
	left := factTries.Count
	for _, ask := range asks {
		n, until, err := s.limiter.Left(ctx, factTries, ask.Key, row.CreatedAt)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, &LimitError{factTries.Name, until.Sub(row.CreatedAt)}
		}
		left = min(left, n)
	}
	member, err := s.roster.Match(ctx, claim)
	if err == nil && (member.ID == u.Member.ID || u.Member.ID == uuid.Nil && !member.Ended) {
		row.VerifiedAt = &row.CreatedAt
		return nil, nil
	}
	if err != nil && !errors.Is(err, members.ErrNoMatch) {
		return nil, err
	}
	row.Refused = s.keyring.MAC(seal.Index, []byte("caller facts"), u.ID[:], fmt.Appendf(nil, "%#v", claim.Folded()))
	isCounted, err := s.store.factsRefused(ctx, u.ID, row.Refused, row.CreatedAt.Add(-factTries.Per))
	if err != nil || isCounted {
		return &left, err
	}
	left--
	return &left, limited(s.limiter.TakeAll(ctx, row.CreatedAt, asks...))
}

// factAsks are whose tries a check with card details takes: those of the subject, and of whoever has the number that the
// caller says. A refused registration has a page of its own beside its card's.
func (s *Service) factAsks(ctx context.Context, u *Subject, claim members.Claim) ([]ratelimit.Ask, error) {
	asks := []ratelimit.Ask{{Limit: factTries, Key: u.ID.String()}}
	member, err := s.roster.Find(ctx, claim.MemberNumber)
	if errors.Is(err, members.ErrUnknown) {
		return asks, nil
	}
	if err != nil {
		return nil, err
	}
	named, err := s.ofMember(ctx, member)
	if err != nil {
		return nil, err
	}
	if named.ID != u.ID {
		asks = append(asks, ratelimit.Ask{Limit: factTries, Key: named.ID.String()})
	}
	return asks, nil
}

// Attempts are what is left for checking a caller.
type Attempts struct {
	Facts      int       // with card details today, whoever asks
	FactsUntil time.Time // when it is all of them again; zero if none is used
	CodeSent   time.Time // the newest code of this person and session; zero for none, or once it was spoken
	CodeUntil  time.Time
	Code       int // tries of it
}

// CodeWaits reports whether a code can be read out.
func (a Attempts) CodeWaits() bool { return a.Code > 0 }

// Attempts reads what is left for checking a caller.
func (s *Service) Attempts(ctx context.Context, p Person, id uuid.UUID) (a Attempts, err error) {
	now := s.now()
	if a.Facts, a.FactsUntil, err = s.limiter.Left(ctx, factTries, id.String(), now); err != nil {
		return a, err
	}
	sent, tries, err := s.store.sentCode(ctx, id, p)
	if err != nil || sent.IsZero() {
		return a, err
	}
	a.CodeSent, a.CodeUntil = sent, sent.Add(verification)
	if now.Before(a.CodeUntil) {
		a.Code = spokenTries - tries
	}
	return a, nil
}

// sendCode mails six digits to the address on file, within the limits for one person.
func (s *Service) sendCode(ctx context.Context, u *Subject, row verificationRow) error {
	code, err := accounts.NewCode()
	if err != nil {
		return err
	}
	err = limited(s.limiter.TakeAll(ctx, row.CreatedAt, accounts.MailAsks("caller_code", u.ID, "", u.Account.Email)...))
	if err != nil {
		return err
	}
	row.CodeMAC = s.keyring.MAC(seal.PepperCode, codeParts(row.ID, u, code)...)
	if err := s.store.insertVerification(ctx, row); err != nil {
		return err
	}
	return s.accounts.Notify(ctx, u.ID, "caller_code", templates.Args{"code": code})
}

// codeParts binds a code to the mailbox that it went to: who reads a former one says nothing about the member any more.
func codeParts(id uuid.UUID, u *Subject, code string) [][]byte {
	return [][]byte{[]byte("caller"), id[:], []byte(u.Account.Email), []byte(code)}
}

// CheckCode compares what the caller read out with the newest code that this person sent. A code works once, for 15
// minutes and five tries; the try is counted before it is judged, and the same wrong code again is counted once. One that went to an address
// which is not on file any more is void at the first try (Moved). The
// error is Invalid, those of allow, ErrNotFound, ErrNoCode, or the database's.
func (s *Service) CheckCode(ctx context.Context, p Person, o *Once, id uuid.UUID, spoken string) (v Verification, err error) {
	code := accounts.BareCode(spoken)
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return v, Invalid{"code": "format"}
	}
	err = s.record(ctx, p, entry{act: Verify, subjectID: id}, func(ctx context.Context, e *entry) error {
		return s.once(ctx, p, o, &v, func(ctx context.Context) error {
			u, err := s.caller(ctx, p, e, id)
			if err != nil {
				return err
			}
			e.data = map[string]string{"method": string(SpokenCode)}
			row, err := s.store.tryCode(ctx, u.ID, p, s.keyring.MAC(seal.PepperCode, []byte("caller.refused"), p.ID[:], u.ID[:], []byte(code)), s.now())
			if err != nil {
				return err
			}
			v = Verification{Method: SpokenCode}
			if !s.keyring.VerifyMAC(seal.PepperCode, row.CodeMAC, codeParts(row.ID, u, code)...) {
				left := spokenTries - row.Tries
				if v.Moved, err = s.audit.Happened(ctx, u.ID, audit.EmailChanged, row.CreatedAt); err != nil {
					return err
				}
				if v.Moved {
					left = 0
					if err := s.store.voidCode(ctx, row.ID); err != nil {
						return err
					}
				}
				v.TriesLeft = &left
				return s.failed(ctx, e, row)
			}
			now := s.now()
			row.VerifiedAt = &now
			v = row.state()
			return s.store.codeSpoken(ctx, row.ID, now)
		})
	})
	return v, err
}

type verificationRow struct {
	ID         uuid.UUID
	StaffID    uuid.UUID
	SubjectID  uuid.UUID
	Session    string
	Method     Method
	CreatedAt  time.Time
	CodeMAC    []byte
	Tries      int
	Refused    []byte // facts that did not match, as a keyed digest
	VerifiedAt *time.Time
}

func (r verificationRow) state() Verification {
	v := Verification{Method: r.Method}
	if r.VerifiedAt != nil {
		v.Verified, v.ValidUntil = true, r.VerifiedAt.UTC().Add(verification)
	}
	return v
}

func (s *store) insertVerification(ctx context.Context, r verificationRow) error {
	_, err := s.db.From(ctx).Exec(ctx, `
		insert into caller_verifications (id, staff_id, subject_id, session, method, created_at, code_mac, refused, verified_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, r.ID, r.StaffID, r.SubjectID, r.Session, r.Method, r.CreatedAt, r.CodeMAC, r.Refused, r.VerifiedAt)
	return err
}

// endVerifications ends what a person verified of a caller, in whichever session.
func (s *store) endVerifications(ctx context.Context, subject, person uuid.UUID, now time.Time) error {
	_, err := s.db.From(ctx).Exec(ctx, `
		update caller_verifications set ended_at = $3
		where subject_id = $1 and staff_id = $2 and created_at > $4 and verified_at is not null and ended_at is null`, subject, person, now, now.Add(-2*verification))
	return err
}

func (s *store) factsRefused(ctx context.Context, subject uuid.UUID, facts []byte, since time.Time) (yes bool, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		select exists (select from caller_verifications where subject_id = $1 and method = 'facts' and refused = $2 and created_at > $3)`, subject, facts, since).Scan(&yes)
	return yes, err
}

// failedChecks are the checks that callers of these members did not pass, the oldest first.
func (s *store) failedChecks(ctx context.Context, subjects []uuid.UUID, since time.Time) ([]FailedCheck, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		select e.at, coalesce(v.method, ''), coalesce(s.name, ''), e.subject_id
		from desk_entries e left join staff s on s.account_id = e.staff_id left join caller_verifications v on v.id = e.verification
		where e.subject_id = any($1) and e.act = 'verify' and e.outcome = 'no_match' and e.at > $2 order by e.at, e.id`, subjects, since)
	if err != nil {
		return nil, fmt.Errorf("reading failed checks: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (f FailedCheck, err error) {
		err = row.Scan(&f.At, &f.Method, &f.Name, &f.subjectID)
		f.At = f.At.UTC()
		return f, err
	})
}

// methods are how callers were verified, by the ID of the verification.
func (s *store) methods(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]Method, error) {
	rows, err := s.db.From(ctx).Query(ctx, `select id, method from caller_verifications where id = any($1) and verified_at is not null`, ids)
	if err != nil {
		return nil, fmt.Errorf("reading verifications: %w", err)
	}
	methods := map[uuid.UUID]Method{}
	var id uuid.UUID
	var m Method
	_, err = pgx.ForEachRow(rows, []any{&id, &m}, func() error { methods[id] = m; return nil })
	return methods, err
}
