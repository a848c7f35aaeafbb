package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/ratelimit"
	"huskyidp/templates"
)

// Colleague is a person of the desk as administrators and auditors see them, with what they did lately.
type Colleague struct {
	StaffRow
	Lines  []Line // the newest first, at most diaryShown
	Traces []Trace
}

const formerShown = 200 // people who left, in the list

// Former reports whether the person left.
func (r StaffRow) Former() bool { return !r.RemovedAt.IsZero() }

// isNew reports whether a person never had a role: to refuse what was asked for them is to remove them.
func (r StaffRow) isNew() bool { return len(r.Roles) == 0 && !r.hadRoles }

// Version changes with the person's roles and with what was asked for them.
func (r StaffRow) Version() string { return fmt.Sprint(r.Roles, r.Asked.Roles, r.Asked.At.UnixMicro()) }

// deskMails is how many mails about what waits for them one person gets.
var deskMails = ratelimit.Limit{Name: "desk_mails", Count: 4, Per: time.Hour}

// Colleagues lists who works at the desk, and who left. The error is ErrForbidden, or the database's.
func (s *Service) Colleagues(ctx context.Context, p Person) (people, former []StaffRow, err error) {
	err = s.record(ctx, p, entry{act: ListPeople}, func(ctx context.Context, _ *entry) error {
		if err := s.allow(p, ListPeople, nil); err != nil {
			return err
		}
		if people, err = s.Staff(ctx); err != nil {
			return err
		}
		former, err = s.store.former(ctx)
		return err
	})
	return people, former, err
}

// Colleague shows one person, also who left, what they did, saw and were denied since then (before they left), and what of theirs is on
// hold or was asked for. The error is ErrForbidden, ErrNotFound, or the
// database's.
func (s *Service) Colleague(ctx context.Context, p Person, id uuid.UUID, since time.Time) (who Colleague, err error) {
	err = s.record(ctx, p, entry{act: LookPerson, data: map[string]string{"person": id.String()}}, func(ctx context.Context, _ *entry) error {
		if err := s.allow(p, LookPerson, nil); err != nil {
			return err
		}
		if who.StaffRow, err = s.colleague(ctx, id); err != nil {
			return err
		}
		if who.Former() {
			since = who.RemovedAt.Add(since.Sub(s.now()))
		}
		if who.Lines, err = s.store.ofPerson(ctx, id, since, diaryShown); err != nil {
			return err
		}
		who.Traces, err = s.traces(ctx, id)
		return err
	})
	return who, err
}

func (s *Service) colleague(ctx context.Context, id uuid.UUID) (StaffRow, error) {
	people, err := s.store.staff(ctx, `s.account_id = $1`, id)
	if err != nil {
		return StaffRow{}, err
	}
	if len(people) == 0 {
		return StaffRow{}, ErrNotFound
	}
	who := people[0]
	reason, err := s.store.open("staff", "asked_reason_sealed", id, who.Asked.sealed)
	if err != nil {
		return StaffRow{}, err
	}
	who.Asked.Reason = string(reason)
	err = s.addAccount(ctx, &who)
	return who, err
}

// nobodyConfirms reports whether no administrator is left who could confirm what was asked for who.
func (s *Service) nobodyConfirms(ctx context.Context, who StaffRow) (bool, error) {
	people, err := s.store.people(ctx)
	return !slices.ContainsFunc(people, func(r StaffRow) bool {
		return r.ID != who.ID && r.ID != who.Asked.By && r.isActive && !r.BreakGlass && r.may(ConfirmPerson)
	}), err
}

// enablers are the names of those who can open a closed account again, a few of them.
func (s *Service) enablers(ctx context.Context) (string, error) {
	people, err := s.store.people(ctx)
	var names []string
	for _, who := range people {
		if who.isActive && !who.BreakGlass && who.may(Enable) && len(names) < 5 {
			names = append(names, who.Name)
		}
	}
	return strings.Join(names, ", "), err
}

// about is what mails say of a request: the act, the case number and its page. They name nobody.
func (s *Service) about(act Act, ticket, path string) templates.Args {
	return templates.Args{"act": templates.Key(act.Key()), "ticket": cmp.Or(ticket, "-"), "link": s.base + path}
}

// tell mails everybody who may do the act, except some, that a request waits for them.
func (s *Service) tell(ctx context.Context, act Act, about templates.Args, except ...uuid.UUID) error {
	return s.tellOf(ctx, "staff_waits", act, about, except...)
}

// tellAsker mails whoever asked for an act what a second person decided. Their own limit of acts bounds it.
func (s *Service) tellAsker(ctx context.Context, asker, by uuid.UUID, isApproved bool, about templates.Args) error {
	who, err := s.store.person(ctx, asker)
	if errors.Is(err, ErrNoRole) || err == nil && (asker == by || who.BreakGlass) {
		return nil
	}
	if err != nil {
		return err
	}
	kind := "staff_refused"
	if isApproved {
		kind = "staff_approved"
	}
	return s.accounts.Notify(ctx, asker, kind, about)
}

// tellOf is tell with another mail.
func (s *Service) tellOf(ctx context.Context, kind string, act Act, args templates.Args, except ...uuid.UUID) error {
	people, err := s.store.people(ctx)
	if err != nil {
		return err
	}
	for _, who := range people {
		if slices.Contains(except, who.ID) || who.BreakGlass || !who.isActive || !who.may(act) {
			continue
		}
		if err := s.mail(ctx, who.ID, kind, args); err != nil {
			return err
		}
	}
	return nil
}

// mail tells a person of the desk what waits, at most a few times an hour.
func (s *Service) mail(ctx context.Context, id uuid.UUID, kind string, args templates.Args) error {
	err := s.limiter.Take(ctx, deskMails, id.String(), s.now())
	if _, enough := errors.AsType[*ratelimit.Exceeded](err); enough {
		return nil
	}
	if err != nil {
		return err
	}
	return s.accounts.Notify(ctx, id, kind, maps.Clone(args)) // which gets more of each
}
