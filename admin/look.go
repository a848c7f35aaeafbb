package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// Summary is a member as shown to the desk: masked, with what keeps them from signing in.
type Summary struct {
	ID           uuid.UUID
	Version      string // to be sent with an act
	Username     string
	Name         string // initials
	Email        string
	BirthYear    int
	MemberNumber string // its last three digits
	Status       string // active, disabled, protected, closed or no_account
	CreatedAt    time.Time
	LastSignInAt time.Time
	Factors      accounts.Factors
	Question     bool // a secret question is set
	Obstacles    []Obstacle
	Mails        []mail.Delivery
	Held         []Held
	Verification Verification
	NeedsSecond  bool  // the next recovery needs a second person (S-65)
	Acts         []Act // that the person may ask for
	Timeline     []Moment
}

// Obstacle is something that keeps a member from signing in.
type Obstacle struct {
	Kind   string    // differs, unknown_number, number_given, ended, state_protected, state_disabled, or lock_ and the lock's name
	Fields []string  // for differs: the names of the fields
	Lock   string    // the value for ReleaseLock; "" if it cannot be released
	Until  time.Time // when it ends on its own; zero if it does not
}

// Held is a change on hold, which the member can stop.
type Held struct {
	Act     Act
	ApplyAt time.Time
}

// Moment is a line of the member's timeline.
type Moment struct {
	At      time.Time
	Kind    audit.Kind
	Act     Act    // of the desk
	Asked   Act    // as of Line
	Refused string // see refusals
	Name    string
	Role    Role
	Reason  string
	Ticket  string
	Outcome string
	App     string // for app_allowed and app_stopped
}

// Words returns the arguments of the moment's text.
func (m Moment) Words() templates.Args {
	return templates.Args{"app": m.App, "act": templates.Key("admin.act." + string(m.Act))}
}

const (
	mailsShown    = 5
	timelineShown = 50
)

// Look returns a member and leaves a trace that the member sees (S-65). The error is ErrNotFound, ErrForbidden,
// ErrStaff, or the database's.
func (s *Service) Look(ctx context.Context, p Person, id uuid.UUID) (sum Summary, err error) {
	err = s.record(ctx, p, entry{act: Look, subjectID: id}, func(ctx context.Context, e *entry) error {
		if err := s.allow(p, Look, nil); err != nil {
			return err
		}
		u, err := s.subject(ctx, id)
		if err != nil {
			return err
		}
		e.subject = u
		if err := s.allow(p, Look, u); err != nil {
			return err
		}
		sum, err = s.summary(ctx, p, u)
		return err
	})
	return sum, err
}

func (s *Service) summary(ctx context.Context, p Person, u *Subject) (Summary, error) {
	var st standing
	var asked bool
	var lines []Line
	var factors accounts.Factors
	b := &pgx.Batch{}
	s.store.queueStanding(b, u.ID, p, s.now(), &st)
	s.store.queueHasAsked(b, u.ID, p.ID, s.now(), &asked)
	s.store.queueLines(b, u.ID, timelineShown, &lines)
	s.accounts.QueueFactors(b, u.ID, &factors)
	err := s.db.From(ctx).SendBatch(ctx, b).Close()
	if err != nil {
		return Summary{}, fmt.Errorf("reading the desk's book: %w", err)
	}
	if err := s.endDenied(ctx, u, &st); err != nil {
		return Summary{}, err
	}
	sum := Summary{ID: u.ID, Version: u.version(st.last), Status: statusOf(u), NeedsSecond: st.helped >= helpAlone, Factors: factors, Verification: st.verification.state()}
	if m := u.Member; m.ID != uuid.Nil {
		sum.Name, sum.BirthYear = initials(m.FirstName+" "+m.LastName), m.BirthDate.Year
		sum.MemberNumber = tail(m.MemberNumber)
	}
	if u.hasAccount() {
		a := u.Account
		sum.Username, sum.Email, sum.CreatedAt, sum.LastSignInAt = a.Username, templates.MaskEmail(a.Email), a.CreatedAt, a.LastSignInAt
		questions, err := s.accounts.Questions(ctx, u.ID)
		if err != nil {
			return sum, err
		}
		sum.Question = len(questions) > 0
		if sum.Mails, err = s.outbox.Deliveries(ctx, u.ID, mailsShown); err != nil {
			return sum, err
		}
		held, err := s.recovery.Pending(ctx, u.ID)
		if err != nil {
			return sum, err
		}
		for _, c := range held {
			sum.Held = append(sum.Held, Held{Act(c.Act), c.ApplyAt.UTC()})
		}
	}
	if sum.Obstacles, err = s.obstacles(ctx, u); err != nil {
		return sum, err
	}
	for _, act := range memberActs() {
		if p.may(act) && sum.offers(act) && (act != Withdraw || asked) {
			sum.Acts = append(sum.Acts, act)
		}
	}
	sum.Timeline, err = s.timeline(ctx, u, lines)
	return sum, err
}

// offers leaves out acts that would have no effect.
func (sum *Summary) offers(act Act) bool {
	if sum.Status == string(accounts.Disabled) && idleDisabled(act) {
		return false
	}
	switch act {
	case ReleaseLock:
		return slices.ContainsFunc(sum.Obstacles, func(o Obstacle) bool { return o.Lock != "" })
	case ResetFactor:
		return sum.Factors.Any()
	case ResetQuestion:
		return sum.Question
	case StopChange:
		return len(sum.Held) > 0
	case Withdraw: // the book shows whether there is a request
		return true
	case Disable:
		return sum.Status == string(accounts.Active) || sum.Status == string(accounts.Protected)
	case Enable:
		return sum.Status == string(accounts.Disabled)
	}
	return sum.Status != "no_account" && sum.Status != "closed"
}

// obstacles are the current obstacles and when each ends.
func (s *Service) obstacles(ctx context.Context, u *Subject) (all []Obstacle, err error) {
	if fields := u.Stuck.Differs; slices.Contains(fields, "member_number") {
		all = append(all, Obstacle{Kind: "unknown_number"})
	} else if len(fields) > 0 {
		all = append(all, Obstacle{Kind: "differs", Fields: fields})
	}
	if u.Member.ID != uuid.Nil && u.Member.MemberNumber == "" {
		all = append(all, Obstacle{Kind: "number_given"})
	}
	if u.Member.Ended && u.Member.MemberNumber != "" {
		all = append(all, Obstacle{Kind: "ended"})
	}
	if u.Stuck.Locked {
		all = append(all, Obstacle{Kind: "lock_identity", Lock: identityLock, Until: u.Stuck.LockedUntil})
	}
	if u.hasAccount() {
		if status := u.Account.Status; status == accounts.Protected || status == accounts.Disabled {
			all = append(all, Obstacle{Kind: "state_" + string(status)})
		}
		locks, err := s.accounts.Locks(ctx, u.ID)
		if err != nil {
			return nil, err
		}
		for _, lock := range locks {
			o := Obstacle{Kind: "lock_" + string(lock.Kind), Until: lock.Until}
			if lock.Opens {
				o.Lock = string(lock.Kind)
			}
			all = append(all, o)
		}
	}
	left, until, err := s.limiter.Left(ctx, factTries, u.ID.String(), s.now())
	if err == nil && left == 0 {
		all = append(all, Obstacle{Kind: "lock_facts", Until: until})
	}
	return all, err
}

// timeline is the member's history, with the desk's acts, who did them, and why.
func (s *Service) timeline(ctx context.Context, u *Subject, lines []Line) ([]Moment, error) {
	var all []Moment
	for _, l := range lines {
		kind := audit.StaffActed
		if l.Act == Look || l.Act == Find || l.Act == FindName {
			kind = audit.StaffLooked
		}
		all = append(all, Moment{At: l.At, Kind: kind, Act: l.Act, Asked: l.Asked, Name: l.Name, Role: roleOf(l), Reason: l.Reason, Ticket: l.Ticket, Outcome: l.Outcome})
	}
	if u.hasAccount() {
		events, err := s.audit.History(ctx, u.ID, timelineShown)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if e.Actor == "" && e.Reason != audit.Again && !strings.Contains(string(e.Kind), ".") { // the desk's own are in the book
				all = append(all, Moment{At: e.At.UTC(), Kind: e.Kind, Refused: refusals[e.Kind][e.Reason], App: cmp.Or(e.App(web.LangOf(ctx)), e.ClientID)})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Moment) int { return b.At.Compare(a.At) })
	return all[:min(len(all), timelineShown)], nil
}

// refusals are the sign-ins and locks that wrong passwords did not cause, and a question that was not changed but removed; their words
// are the ends of catalog keys.
var refusals = map[audit.Kind]map[string]string{
	audit.SignInFailed:  {"account_disabled": "disabled", "account_protected": "protected", "waiting": "waiting"},
	audit.AccountLocked: {"failed_codes": "codes"},

	audit.QuestionChanged: {"removed": "question_removed"},
}

// roleOf is the role under which something was done, as shown to colleagues.
func roleOf(l Line) Role {
	if l.Outcome == outcomeApproved {
		return Approve
	}
	if roles := rules[l.Act].roles; len(roles) > 0 {
		return roles[0]
	}
	return Read
}

// initials masks a name: M••• G•••.
func initials(name string) string {
	words := strings.Fields(name)
	for i, word := range words {
		words[i] = string([]rune(word)[:1]) + "•••"
	}
	return strings.Join(words, " ")
}
