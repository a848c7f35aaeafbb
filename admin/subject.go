package admin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/members"
	"huskyidp/recovery"
	"huskyidp/registration"
)

// Subject is whom a call is about: an account, a member of the roster without one, or a refused registration. Its ID is
// the first of theirs that exists, and random like all of them (S-62).
type Subject struct {
	ID      uuid.UUID
	Account accounts.Account   // ID is zero if there is none
	Member  members.Member     // ID is zero if there is none
	Stuck   registration.Stuck // with a Reference or an ID if there is one
}

func (u *Subject) hasAccount() bool { return u.Account.ID != uuid.Nil }

// staff reports whether it is the account of a person of the desk.
func (u *Subject) staff() bool { return u.hasAccount() && u.Account.Staff() }

// sharesMailbox reports whether a code to the account would reach the person themselves, who may be its owner or family.
func (u *Subject) sharesMailbox(p Person) bool {
	return p.Email != "" && u.hasAccount() && strings.EqualFold(u.Account.Email, p.Email)
}

// subject resolves an ID. The error is ErrNotFound, or the database's.
func (s *Service) subject(ctx context.Context, id uuid.UUID) (*Subject, error) {
	account, err := s.accounts.Get(ctx, id)
	if err == nil {
		return s.ofAccount(ctx, account)
	}
	if !errors.Is(err, accounts.ErrNotFound) {
		return nil, err
	}
	member, err := s.roster.Member(ctx, id)
	if err == nil {
		return s.ofMember(ctx, member)
	}
	if !errors.Is(err, members.ErrUnknown) {
		return nil, err
	}
	stuck, err := s.registration.StuckAt(ctx, id)
	if errors.Is(err, registration.ErrNothing) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return s.ofStuck(ctx, stuck)
}

func (s *Service) ofAccount(ctx context.Context, account accounts.Account) (*Subject, error) {
	u := &Subject{ID: account.ID, Account: account}
	if account.Staff() {
		return u, nil
	}
	var err error
	u.Member, err = s.roster.Member(ctx, account.MemberID)
	if err != nil && !errors.Is(err, members.ErrUnknown) {
		return nil, err
	}
	return u, s.addCardLock(ctx, u)
}

func (s *Service) ofMember(ctx context.Context, member members.Member) (*Subject, error) {
	found, err := s.accounts.FindExact(ctx, accounts.ByMemberID, member.ID.String())
	if err != nil {
		return nil, err
	}
	u := &Subject{ID: member.ID, Member: member}
	if len(found) == 1 {
		u.ID, u.Account = found[0].ID, found[0]
	}
	return u, s.addCardLock(ctx, u)
}

// ofStuck prefers the card that was matched, if there was one.
func (s *Service) ofStuck(ctx context.Context, stuck registration.Stuck) (*Subject, error) {
	if stuck.HolderID != uuid.Nil {
		account, err := s.accounts.Get(ctx, stuck.HolderID)
		if err == nil {
			return s.ofAccount(ctx, account)
		}
		if !errors.Is(err, accounts.ErrNotFound) {
			return nil, err
		}
	}
	if stuck.MemberID != uuid.Nil {
		member, err := s.roster.Member(ctx, stuck.MemberID)
		if err == nil {
			return s.ofMember(ctx, member)
		}
		if !errors.Is(err, members.ErrUnknown) {
			return nil, err
		}
	}
	return &Subject{ID: stuck.ID, Stuck: stuck}, nil
}

// addCardLock sets u.Stuck if registrations with the member's number are refused without a lookup.
func (s *Service) addCardLock(ctx context.Context, u *Subject) error {
	if u.Member.ID == uuid.Nil {
		return nil
	}
	stuck, err := s.registration.CardLock(ctx, u.Member.MemberNumber)
	if errors.Is(err, registration.ErrNothing) {
		return nil
	}
	u.Stuck = stuck
	return err
}

// called is how colleagues tell who it is: the username, or the masked name.
func (u *Subject) called() string {
	if u.hasAccount() {
		return u.Account.Username
	}
	return initials(u.Member.FirstName + " " + u.Member.LastName)
}

// version returns a digest that changes whenever something an act depends on does: the account, the lock, or the
// desk's last entry.
func (u *Subject) version(lastEntry uuid.UUID) string {
	return brief(fmt.Sprintf("%s %s %d %s %t %s", u.ID, u.Account.Status, u.Account.UpdatedAt.UnixMicro(), u.Stuck.Reference, u.Stuck.Locked, lastEntry))
}

// frozen is version for a request that waits for a second person, who may take a day: only what the act depends on counts, so that
// neither another language nor a stranger who locks the card makes it void.
func (u *Subject) frozen(act Act) string {
	a := u.Account
	parts := fmt.Sprintf("%s %s %s %t %s %d %d", u.ID, a.Status, a.Email, a.EmailProven, a.MemberID, a.CredentialsChangedAt.UnixMicro(), a.ClosesAt.UnixMicro())
	switch act {
	case ResetQuestion:
		parts += fmt.Sprintf(" %d", a.UpdatedAt.UnixMicro())
	case ReleaseLock:
		parts += fmt.Sprintf(" %s %t", u.Stuck.Reference, u.Stuck.Locked)
	}
	return brief(parts)
}

// brief is a digest that tells versions apart.
func brief(parts string) string {
	sum := sha256.Sum256([]byte(parts))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// Finding is the result of a search: one member, only a number if several share an address, or what a reference number
// is about if that is not a registration.
type Finding struct {
	Count    int
	ID       uuid.UUID // of the member found
	Referral *recovery.Referral
}

// By is the kind of value searched for.
type By string

// The kinds of values.
const (
	ByUsername  By = "username"
	ByCardID    By = "card_id"
	ByReference By = "reference"
	ByEmail     By = "email"
	ByAny       By = "any" // whichever it is
)

// findAny looks a value up as what it can be, and returns as what it was found, "any" for nothing. No username has an @;
// some have the form of a member number or of a reference.
func (s *Service) findAny(ctx context.Context, value string) (Finding, *Subject, By, error) {
	ways := []By{ByCardID, ByReference, ByUsername}
	if strings.Contains(value, "@") {
		ways = []By{ByEmail}
	}
	for _, by := range ways {
		if f, u, err := s.find(ctx, by, value); err != nil || f.Count > 0 {
			return f, u, by, err
		}
	}
	return Finding{}, nil, ByAny, nil
}

// find looks a value up exactly.
func (s *Service) find(ctx context.Context, by By, value string) (Finding, *Subject, error) {
	switch by {
	case ByUsername, ByEmail:
		found, err := s.accounts.FindExact(ctx, accounts.By(by), value)
		if err != nil || len(found) != 1 {
			return Finding{Count: len(found)}, nil, err
		}
		u := &Subject{ID: found[0].ID, Account: found[0]}
		return Finding{Count: 1, ID: u.ID}, u, nil
	case ByCardID:
		number, err := s.roster.ParseMemberNumber(value)
		if err != nil {
			return Finding{}, nil, nil
		}
		member, err := s.roster.Find(ctx, number)
		if errors.Is(err, members.ErrUnknown) {
			return Finding{}, nil, nil
		}
		if err != nil {
			return Finding{}, nil, err
		}
		u, err := s.ofMember(ctx, member)
		if err != nil {
			return Finding{}, nil, err
		}
		return Finding{Count: 1, ID: u.ID}, u, nil
	case ByReference:
		return s.findReference(ctx, value)
	}
	return Finding{}, nil, Invalid{"by": "unknown"}
}

func (s *Service) findReference(ctx context.Context, spoken string) (Finding, *Subject, error) {
	referral, err := s.recovery.Referral(ctx, spoken)
	if errors.Is(err, recovery.ErrNoReferral) {
		return Finding{}, nil, nil
	}
	if err != nil {
		return Finding{}, nil, err
	}
	stuck, err := s.stuckAs(ctx, referral)
	if errors.Is(err, registration.ErrNothing) {
		return Finding{Count: 1, Referral: &referral}, nil, nil
	}
	if err != nil {
		return Finding{}, nil, err
	}
	u, err := s.ofStuck(ctx, stuck)
	if err != nil {
		return Finding{}, nil, err
	}
	return Finding{Count: 1, ID: u.ID, Referral: &referral}, u, nil
}

// stuckAs finds the registration that a number is about.
func (s *Service) stuckAs(ctx context.Context, referral recovery.Referral) (registration.Stuck, error) {
	stuck, err := s.registration.StuckAs(ctx, referral.Reference)
	if errors.Is(err, registration.ErrNothing) && referral.About != uuid.Nil {
		return s.registration.StuckAt(ctx, referral.About)
	}
	return stuck, err
}

const maxValue = 254 // the longest value: an address

// Find looks for a member by an exact value. If there are several, only their number is returned. The error is Invalid,
// ErrForbidden, ErrStaff, *LimitError, or the database's.
func (s *Service) Find(ctx context.Context, p Person, by By, value string) (f Finding, err error) {
	if value == "" || len(value) > maxValue {
		return f, Invalid{"value": "missing"}
	}
	var u *Subject
	err = s.record(ctx, p, entry{act: Find}, func(ctx context.Context, e *entry) error {
		if err := s.allow(p, Find, nil); err != nil {
			return err
		}
		if err := s.take(ctx, lookups, p); err != nil {
			return err
		}
		if by == ByAny {
			f, u, by, err = s.findAny(ctx, value)
		} else {
			f, u, err = s.find(ctx, by, value)
		}
		if err != nil {
			return err
		}
		if u != nil {
			e.subject = u
		}
		e.data = map[string]string{"by": string(by), "found": countWord(f.Count)}
		return s.allow(p, Find, u)
	})
	return f, err
}

func countWord(n int) string {
	switch n {
	case 0:
		return "none"
	case 1:
		return "one"
	}
	return "several"
}
