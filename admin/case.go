package admin

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"huskyidp/members"
	"huskyidp/recovery"
	"huskyidp/registration"
)

// Case is a matter with what is known about it.
type Case struct {
	Matter
	SubjectID   uuid.UUID   // whose page says more; zero if nobody is known
	Failed      []time.Time // when the registration was refused, newest first
	Compared    bool
	Differs     []string // names of the fields of the last try, never values
	Agrees      []string
	Locked      bool
	LockedUntil time.Time // zero: until staff release it
	Written     []Note
	Helpers     []Helper // to whom the viewer may hand it over; none unless it is theirs
}

const failuresShown = 20

// OpenCase shows one matter of the queue. It counts as a search. The error is ErrNotFound, ErrForbidden, ErrStaff,
// *LimitError, or the database's.
func (s *Service) OpenCase(ctx context.Context, p Person, ref string) (c Case, err error) {
	if !matterForm.MatchString(ref) {
		return c, ErrNotFound
	}
	err = s.record(ctx, p, entry{act: OpenCase, ticket: ref}, func(ctx context.Context, e *entry) error {
		if err := s.allow(p, OpenCase, nil); err != nil {
			return err
		}
		if err := s.take(ctx, lookups, p); err != nil {
			return err
		}
		c, err = s.caseOf(ctx, p, ref)
		e.subjectID = c.SubjectID
		return err
	})
	return c, err
}

func (s *Service) caseOf(ctx context.Context, p Person, ref string) (c Case, err error) {
	if c.Matter, err = s.store.matter(ctx, p.ID, ref); err != nil {
		return c, err
	}
	var u *Subject
	if c.Held() {
		u, err = s.subject(ctx, c.Account)
	} else {
		u, err = s.ofReference(ctx, &c)
	}
	if err != nil {
		return c, err
	}
	if u != nil {
		c.SubjectID = u.ID
	}
	if err := s.allow(p, OpenCase, u); err != nil {
		return c, err
	}
	if c.State == Taken && c.StaffID == p.ID {
		if c.Helpers, err = s.helpers(ctx, p, c.Matter); err != nil {
			return c, err
		}
	}
	c.Written, err = s.store.notes(ctx, ref)
	return c, err
}

// ofReference adds what is kept of the registration that a number is about, and finds whom it concerns: nil if nobody is known.
func (s *Service) ofReference(ctx context.Context, c *Case) (*Subject, error) {
	referral, err := s.recovery.Referral(ctx, c.Ref)
	if errors.Is(err, recovery.ErrNoReferral) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	stuck, err := s.stuckAs(ctx, referral)
	if errors.Is(err, registration.ErrNothing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c.Locked, c.LockedUntil = stuck.Locked, stuck.LockedUntil
	c.compare(stuck.Differs)
	if c.Failed, err = s.audit.Refusals(ctx, stuck.ID, failuresShown); err != nil {
		return nil, err
	}
	return s.ofStuck(ctx, stuck)
}

// compare splits the fields of the card. With an unknown number there is nothing to compare the others with.
func (c *Case) compare(differs []string) {
	c.Compared, c.Differs = len(differs) > 0, differs
	if !c.Compared || slices.Contains(differs, members.FieldMemberNumber) {
		return
	}
	for _, field := range []string{members.FieldBirthDate, members.FieldFirstName, members.FieldLastName, members.FieldSuffix, members.FieldMemberNumber} {
		if !slices.Contains(differs, field) {
			c.Agrees = append(c.Agrees, field)
		}
	}
}
