package admin

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"huskyidp/partners"
)

// Apps lists what partners ask for, what waits first. The error is ErrForbidden, or the database's.
func (s *Service) Apps(ctx context.Context, p Person) (all []partners.Application, err error) {
	err = s.record(ctx, p, entry{act: ListApps}, func(ctx context.Context, _ *entry) error {
		if err := s.allow(p, ListApps, nil); err != nil {
			return err
		}
		all, err = s.partners.Waiting(ctx)
		return err
	})
	return all, err
}

// App is one request of a partner, and whether its clients are suspended. The error is ErrForbidden, ErrNotFound, or the database's.
func (s *Service) App(ctx context.Context, p Person, id uuid.UUID) (a partners.Application, suspended bool, err error) {
	err = s.record(ctx, p, entry{act: LookApp}, func(ctx context.Context, e *entry) error {
		e.data = map[string]string{"request": id.String()}
		if err := s.allow(p, LookApp, nil); err != nil {
			return err
		}
		if a, err = s.partners.Request(ctx, id); err == nil {
			suspended, err = s.partners.Suspended(ctx, a)
		}
		if err == nil {
			a.Complaints, err = s.partners.Complaints(ctx, a)
		}
		if err == nil {
			a.IsAlone, err = s.partners.IsAlone(ctx, a.OrganisationID)
		}
		return ofPartner(err)
	})
	return a, suspended, err
}

// AppChange is what a person does with a request, or with its organisation: TakeApp, ApproveApp, RefuseApp, SuspendApp, ResumeApp or LetIn.
type AppChange struct {
	Act     Act
	Version int    // of the request, as it was seen
	Reason  string // the partner reads it, except for TakeApp and LetIn

	Although bool // ApproveApp: a criterion is not met
}

// ChangeApp does it. Addresses of the partner are called before the transaction. The error is one of allow, Invalid, ErrNotFound,
// ErrConflict, *LimitError, ErrOtherBody, partners.Invalid if the app breaks a rule of the registry, or the database's.
func (s *Service) ChangeApp(ctx context.Context, p Person, o *Once, id uuid.UUID, change AppChange) (state partners.State, err error) {
	reason, wrong := change.Reason, ""
	if change.Act != TakeApp {
		reason, wrong = checkText(reason, reasonMin, reasonMax, s.roster)
	}
	do, prepared := s.prepareApp(ctx, p, id, change, reason)
	err = s.record(ctx, p, entry{act: change.Act, reason: reason}, func(ctx context.Context, e *entry) error {
		e.data = map[string]string{"request": id.String()}
		return s.once(ctx, p, o, &state, func(ctx context.Context) error {
			if err := s.allow(p, change.Act, nil); err != nil {
				return err
			}
			if wrong != "" {
				return Invalid{"reason": "reason_" + wrong}
			}
			if err := s.take(ctx, acts, p); err != nil {
				return err
			}
			if prepared != nil {
				return prepared
			}
			if err := ofPartner(do(ctx)); err != nil {
				return err
			}
			a, err := s.partners.Request(ctx, id)
			state = a.State
			return ofPartner(err)
		})
	})
	return state, err
}

// prepareApp does what is too slow for a transaction, for somebody who may.
func (s *Service) prepareApp(ctx context.Context, p Person, id uuid.UUID, change AppChange, reason string) (do func(context.Context) error, err error) {
	if s.allow(p, change.Act, nil) != nil {
		return nil, nil
	}
	switch change.Act {
	case TakeApp:
		do, err = s.partners.Taking(ctx, id, change.Version, p.ID)
	case ApproveApp, RefuseApp:
		do, err = s.partners.Deciding(ctx, id, change.Version, p.ID, partners.Decision{Approve: change.Act == ApproveApp, Although: change.Although, Reason: reason})
	case SuspendApp, ResumeApp:
		do = func(ctx context.Context) error {
			return s.partners.SetUse(ctx, id, change.Act == ResumeApp, reason, p.ID)
		}
	case LetIn:
		do = func(ctx context.Context) error { return s.partners.LetIn(ctx, id, p.ID) }
	default:
		err = ErrNotFound
	}
	return do, ofPartner(err)
}

func ofPartner(err error) error {
	switch {
	case errors.Is(err, partners.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, partners.ErrState):
		return ErrConflict
	case errors.Is(err, partners.ErrNotMet):
		return Invalid{"although": "not_met"}
	}
	return err
}
