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

// Verification is the state of a caller for one person of the desk.
type Verification struct {
	Method     Method    `json:"method"`
	Verified   bool      `json:"verified"`
	CodeSent   bool      `json:"code_sent,omitempty"` // and waits to be read out
	ValidUntil time.Time `json:"valid_until,omitzero"`
}

// Check records how a caller was verified (S-64), or mails the code for the caller to read out. The error is Invalid,
// those of allow, ErrNotFound, *LimitError, or the database's; facts that do not match are not an error.
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
			v, err = s.check(ctx, p, u, m, claim)
			e.data = map[string]string{"method": string(m)}
			if !v.Verified && !v.CodeSent {
				e.outcome = outcomeFailed
			}
			return err
		})
	})
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

func (s *Service) check(ctx context.Context, p Person, u *Subject, m Method, claim members.Claim) (Verification, error) {
	now := s.now()
	row := verificationRow{ID: uuid.Must(uuid.NewV7()), StaffID: p.ID, SubjectID: u.ID, Method: m, CreatedAt: now}
	switch m {
	case SpokenCode:
		if err := s.sendCode(ctx, u, row); err != nil {
			return Verification{}, err
		}
		return Verification{Method: m, CodeSent: true}, nil
	case Facts:
		if err := limited(s.limiter.Take(ctx, factTries, u.ID.String(), now)); err != nil {
			return Verification{}, err
		}
		member, err := s.roster.Match(ctx, claim)
		if err != nil && !errors.Is(err, members.ErrNoMatch) {
			return Verification{}, err
		}
		if err == nil && (member.ID == u.Member.ID || u.Member.ID == uuid.Nil && !member.Ended) {
			row.VerifiedAt = &now
		}
	case CallBack, InPerson:
		row.VerifiedAt = &now
	}
	if err := s.store.insertVerification(ctx, row); err != nil {
		return Verification{}, err
	}
	return row.state(), nil
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
	row.CodeMAC = s.codeMAC(row.ID, code)
	if err := s.store.insertVerification(ctx, row); err != nil {
		return err
	}
	return s.accounts.Notify(ctx, u.ID, "caller_code", templates.Args{"code": code})
}

func (s *Service) codeMAC(id uuid.UUID, code string) []byte {
	return s.keyring.MAC(seal.PepperCode, []byte("caller"), id[:], []byte(code))
}

// CheckCode compares what the caller read out with the newest code that this person sent. A code works once, for 15
// minutes and five tries; the try is counted before it is judged, and the same wrong code again is counted once. The
// error is Invalid, those of allow, ErrNotFound, ErrConflict if there is no code, or the database's.
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
			row, err := s.store.tryCode(ctx, u.ID, p.ID, s.keyring.MAC(seal.PepperCode, []byte("caller.refused"), p.ID[:], u.ID[:], []byte(code)), s.now())
			if err != nil {
				return err
			}
			v = Verification{Method: SpokenCode}
			if !s.keyring.VerifyMAC(seal.PepperCode, row.CodeMAC, []byte("caller"), row.ID[:], []byte(code)) {
				e.outcome = outcomeFailed
				return nil
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
	Method     Method
	CreatedAt  time.Time
	CodeMAC    []byte `db:"code_mac"`
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
		insert into caller_verifications (id, staff_id, subject_id, method, created_at, code_mac, verified_at)
		values ($1, $2, $3, $4, $5, $6, $7)`, r.ID, r.StaffID, r.SubjectID, r.Method, r.CreatedAt, r.CodeMAC, r.VerifiedAt)
	return err
}

// tryCode counts a try of the newest code. The error is ErrConflict if there is none, if it has expired, or if it has
// no tries left.
func (s *store) tryCode(ctx context.Context, subject, person uuid.UUID, typed []byte, now time.Time) (r verificationRow, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		update caller_verifications set tries = tries + case when refused = $5 then 0 else 1 end, refused = $5 where id = (
			select id from caller_verifications where subject_id = $1 and staff_id = $2 and method = 'spoken_code' order by created_at desc, id desc limit 1)
			and code_mac is not null and created_at > $3 and tries < $4
		returning id, code_mac`, subject, person, now.Add(-verification), spokenTries, typed).Scan(&r.ID, &r.CodeMAC)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, ErrConflict
	}
	r.Method = SpokenCode
	return r, err
}

func (s *store) codeSpoken(ctx context.Context, id uuid.UUID, now time.Time) error {
	_, err := s.db.From(ctx).Exec(ctx, `update caller_verifications set code_mac = null, verified_at = $2 where id = $1`, id, now)
	return err
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
