package admin

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/members"
	"huskyidp/recovery"
	"huskyidp/templates"
)

// Ask is a request for an act on a member.
type Ask struct {
	Reason  string // 10 to 500 letters
	Ticket  string // case number
	Version string // Summary.Version as the person saw it
	Lock    string // for ReleaseLock
	Email   string // of ChangeEmail: the new address
	Number  string // of ChangeMember: the member number of the right row
}

// The locks that ReleaseLock takes: those of accounts, and that of registrations.
const identityLock = "identity"

// Locks lists them.
func Locks() []string {
	return []string{identityLock, string(accounts.PasswordLock), string(accounts.FactorLock), string(accounts.AnswerLock), string(accounts.QuestionLock)}
}

// State is the state of an act.
type State string

// The states: done at once, waiting for a second person, or on hold.
const (
	Done   State = "done"
	Asked  State = "awaiting_approval"
	OnHold State = "on_hold"
)

// Outcome is the result of an act.
type Outcome struct {
	Act       Act       `json:"act"`
	State     State     `json:"state"`
	RequestID uuid.UUID `json:"request_id,omitzero"` // while it waits for a second person
	ExpiresAt time.Time `json:"expires_at,omitzero"` // of that request
	ApplyAt   time.Time `json:"apply_at,omitzero"`   // of a held change
}

var ticketForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9./_-]{0,39}$`)

// socialSecurityForm tells such a number from a case number of as many digits.
var socialSecurityForm = regexp.MustCompile(`^[0-9]{3}[._-][0-9]{2}[._-][0-9]{4}$`)

const (
	reasonMin = 10
	reasonMax = 500
)

func checkReason(reason string, roster *members.Roster, invalid Invalid) string {
	reason, wrong := checkText(reason, reasonMin, reasonMax, roster)
	if wrong != "" {
		invalid["reason"] = "reason_" + wrong
	}
	return reason
}

// checkWhy checks the reason and the case number.
func checkWhy(reason, ticket string, roster *members.Roster, invalid Invalid) (string, string) {
	ticket = strings.TrimSpace(ticket)
	switch {
	case !ticketForm.MatchString(ticket):
		invalid["ticket"] = "ticket_missing"
	case socialSecurityForm.MatchString(ticket):
		invalid["ticket"] = "ticket_number"
	}
	return checkReason(reason, roster, invalid), ticket
}

// check validates the input before anything is looked up.
func (a *Ask) check(act Act, roster *members.Roster) error {
	invalid := Invalid{}
	a.Reason, a.Ticket = checkWhy(a.Reason, a.Ticket, roster, invalid)
	if act == ReleaseLock {
		known := false
		for _, lock := range Locks() {
			known = known || lock == a.Lock
		}
		if !known {
			invalid["lock"] = "lock_unknown"
		}
	}
	if act == ChangeEmail {
		address, err := accounts.ParseEmail(a.Email)
		if err != nil {
			invalid["email"] = "email_format"
		}
		a.Email = address
	}
	if len(invalid) > 0 {
		return invalid
	}
	return nil
}

// Do performs an act on a member, or asks for a second person's approval. The error is Invalid, those of allow,
// ErrNotFound, ErrUnverified, *PendingError, ErrConflict, ErrOtherBody, *LimitError, ErrBusy, or the database's.
func (s *Service) Do(ctx context.Context, p Person, o *Once, id uuid.UUID, act Act, a Ask) (out Outcome, err error) {
	if !rules[act].onMember {
		return out, fmt.Errorf("admin: %q is not an act on a member", act)
	}
	if err := a.check(act, s.roster); err != nil {
		return out, err
	}
	begun := entry{act: act, subjectID: id, reason: a.Reason, ticket: a.Ticket}
	if act == ReleaseLock {
		begun.data = map[string]string{"lock": a.Lock}
	}
	err = s.record(ctx, p, begun, func(ctx context.Context, e *entry) error {
		return s.once(ctx, p, o, &out, func(ctx context.Context) error {
			u, err := s.caller(ctx, p, e, id)
			if err != nil {
				return err
			}
			if number, err := s.roster.ParseMemberNumber(a.Ticket); err == nil && number == u.Member.MemberNumber {
				e.ticket = "" // not kept in the book either
				return Invalid{"ticket": "ticket_number"}
			}
			out, err = s.do(ctx, p, e, u, a)
			return err
		})
	})
	return out, err
}

// do judges the member's state, then performs the act or freezes it for a second person.
func (s *Service) do(ctx context.Context, p Person, e *entry, u *Subject, a Ask) (Outcome, error) {
	if err := s.take(ctx, acts, p); err != nil {
		return Outcome{}, err
	}
	if err := s.effective(ctx, p.ID, e.act, u, a); err != nil {
		return Outcome{}, err
	}
	st, err := s.standing(ctx, p, u)
	if err != nil {
		return Outcome{}, err
	}
	v := st.verification.state()
	rule := ruleOf(e.act, a.Lock)
	second := needsSecond(e.act, rule, v.Method, st.helped)
	if second {
		waits, err := s.pending(ctx, p, u, e.act, a.Lock)
		if err != nil {
			return Outcome{}, err
		}
		if waits != nil {
			return Outcome{}, waits
		}
	}
	if a.Version != u.version(st.last) {
		nothing, err := s.nothing(ctx, p.ID, e.act, u)
		switch {
		case err != nil:
			return Outcome{}, err
		case nothing != nil: // what changed is that it was done
			return Outcome{}, nothing
		}
		return Outcome{}, ErrConflict
	}
	if rule.needs(v) != "" {
		return Outcome{}, ErrUnverified
	}
	e.verification = st.verification.ID
	if second {
		return s.ask(ctx, p, e, u, a, st.verification.ID)
	}
	return s.perform(ctx, e, p.ID, u, a, v.Method)
}

// effective refuses an act that has nothing to act on, before anybody is asked to approve it. The error is *NothingError,
// Invalid, or the database's.
func (s *Service) effective(ctx context.Context, by uuid.UUID, act Act, u *Subject, a Ask) error {
	if rules[act].account && !u.hasAccount() {
		return &NothingError{Why: "account"}
	}
	if u.hasAccount() && u.Account.Status == accounts.Disabled && idleDisabled(act) {
		return &NothingError{Why: "account_disabled", Next: Enable}
	}
	some, why := true, ""
	switch act {
	case Withdraw:
		return s.nothingToWithdraw(ctx, by, u)
	case StopChange:
		return s.nothingToStop(ctx, u)
	case ChangeEmail:
		if strings.EqualFold(a.Email, u.Account.Email) && u.Account.EmailProven { // else the link that proves it is mailed again
			return Invalid{"email": "same"}
		}
	case ResetFactor:
		factors, err := s.accounts.Factors(ctx, u.ID)
		if err != nil {
			return err
		}
		some, why = factors.Any(), "factor"
	case ChangeMember:
		_, err := s.freeRow(ctx, u, a.Number)
		return err
	case ResetQuestion:
		questions, err := s.accounts.Questions(ctx, u.ID)
		if err != nil {
			return err
		}
		some, why = len(questions) > 0, "question"
	}
	if !some {
		return &NothingError{Why: why}
	}
	return nil
}

// idleDisabled reports whether an act helps nobody while staff have the account closed: nobody can sign in, and its sessions have ended.
// What has to be put right before it is opened again is not among them.
func idleDisabled(act Act) bool {
	return act == SendUsername || act == StartReset || act == EndSessions
}

// freeRow is the row of the roster with a number, which is not the account's already and has no account.
func (s *Service) freeRow(ctx context.Context, u *Subject, typed string) (members.Member, error) {
	none := Invalid{"member_number": "no_row"}
	number, err := s.roster.ParseMemberNumber(typed)
	if err != nil {
		return members.Member{}, none
	}
	member, err := s.roster.Find(ctx, number)
	if errors.Is(err, members.ErrUnknown) || err == nil && (member.Ended || member.ID == u.Member.ID) {
		return members.Member{}, none
	}
	if err != nil {
		return members.Member{}, err
	}
	found, err := s.accounts.FindExact(ctx, accounts.ByMemberID, member.ID.String())
	if err == nil && len(found) > 0 {
		err = none
	}
	return member, err
}

// needsSecond reports whether a second person must approve: always for another address, the second steps and the
// question; for lifting a lock if the caller has proven only a mailbox; and for the third help within a week (S-64,
// S-65). A code to the mailbox, spoken or typed, never makes one person sufficient: whoever reads the mailbox could
// then have the second steps removed and recover.
func needsSecond(act Act, r rule, m Method, helped int) bool {
	return r.second || act == Enable && slices.Contains(anybodys, m) || r.recovery && helped >= helpAlone
}

// needs is what the caller has yet to prove: verified, better, or "" for nothing.
func (r rule) needs(v Verification) string {
	switch {
	case r.verified && !v.Verified:
		return "verified"
	case r.verified && slices.Contains(r.unproven, v.Method):
		return "better"
	}
	return ""
}

// ruleOf is what an act demands. To open a question after a denied change is like taking it away: whoever reads the mailbox and
// knows the former answer would recover.
func ruleOf(act Act, lock string) rule {
	r := rules[act]
	if act == ReleaseLock && lock == string(accounts.QuestionLock) {
		r.second, r.unproven = true, anybodys
	}
	return r
}

// perform does an approved act and notifies the member. by is who asked for it, and how the caller was verified then.
func (s *Service) perform(ctx context.Context, e *entry, by uuid.UUID, u *Subject, a Ask, m Method) (Outcome, error) {
	act := e.act
	out := Outcome{Act: act, State: Done}
	id := u.ID
	changed, err := true, error(nil)
	switch act {
	case ReleaseLock:
		changed, err = s.release(ctx, u, a.Lock)
	case SendUsername:
		err = s.recovery.SendUsername(ctx, id)
	case StartReset:
		err = s.recovery.StartReset(ctx, id)
	case EndSessions:
		err = s.accounts.EndSessions(ctx, id, "")
	case StopChange:
		changed, err = s.recovery.StopHeld(ctx, id)
	case Withdraw: // nothing has happened to the member
		if changed, err = s.store.withdraw(ctx, id, by, s.now()); err == nil && !changed {
			err = ErrConflict
		}
		return out, err
	case Disable:
		if changed, err = s.accounts.Disable(ctx, id); err == nil && changed {
			err = s.recovery.StopUnlessClosing(ctx, id)
		}
	case Enable:
		changed, err = s.accounts.Enable(ctx, id)
	case ChangeEmail, ResetFactor, ResetQuestion, ChangeMember:
		change := recovery.Change{AccountID: id, Act: recovery.Act(act), Email: a.Email, AskedBy: by.String(), InPerson: m == InPerson}
		if act == ChangeMember {
			row, err := s.freeRow(ctx, u, a.Number)
			if _, gone := errors.AsType[Invalid](err); gone { // since it was asked for
				return out, ErrConflict
			}
			if err != nil {
				return out, err
			}
			change.MemberID = row.ID
		}
		held, err := s.recovery.Hold(ctx, change)
		if errors.Is(err, recovery.ErrHeld) {
			return out, &BlockedError{Why: BlockedHeld}
		}
		out.State, out.ApplyAt = OnHold, held.ApplyAt.UTC()
		e.data = map[string]string{"state": string(OnHold)} // the member's history must not say that it is done
		return out, err
	default:
		return out, fmt.Errorf("admin: nobody knows how to do %q", act)
	}
	if err != nil {
		return out, err
	}
	if !changed {
		return out, &NothingError{Why: unchanged[act]}
	}
	if !u.hasAccount() { // there is nobody to notify yet
		return out, nil
	}
	return out, s.accounts.Notify(ctx, id, "staff_acted", templates.Args{"act": templates.Key("admin.act." + string(act)), "ticket": a.Ticket})
}

// release ends one lock and reports whether it was held.
func (s *Service) release(ctx context.Context, u *Subject, lock string) (bool, error) {
	if lock != identityLock {
		if !u.hasAccount() {
			return false, nil
		}
		return s.accounts.ReleaseLock(ctx, u.ID, accounts.LockKind(lock))
	}
	if u.Stuck.Reference == "" {
		return false, nil
	}
	return s.registration.Release(ctx, u.Stuck.Reference)
}
