package admin

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"huskyidp/recovery"
	"huskyidp/templates"
)

// PendingError says that an act of this kind on the member is on hold, or was asked for: a second one could not be done.
type PendingError struct {
	Act   Act
	State State     // OnHold or Asked
	Name  string    // who asked; "" for the member
	Until time.Time // when it is made, or when the request expires
	Own   bool      // asked for by the viewer
	ID    uuid.UUID // of the request
}

func (e *PendingError) Error() string { return "admin: such an act is on hold or asked for" }

// Is makes it an ErrConflict for the book.
func (e *PendingError) Is(target error) bool { return target == ErrConflict }

// OnHold reports whether it is approved and waits for its hour.
func (e *PendingError) OnHold() bool { return e.State == OnHold }

func (e *PendingError) problem() templates.Problem {
	key := "admin.act.pending_asked"
	switch {
	case e.State == OnHold && e.Name == "":
		key = "admin.act.pending_held_member"
	case e.State == OnHold:
		key = "admin.act.pending_held"
	case e.Own:
		key = "admin.act.pending_own"
	}
	return templates.Problem{Key: key, Args: templates.Args{"name": e.Name, "datetime": e.Until}}
}

// pending returns the act of the kind that waits already, on hold or for a second person; nil for none. Requests that can no longer
// be approved do not count.
func (s *Service) pending(ctx context.Context, p Person, u *Subject, act Act, lock string) (*PendingError, error) {
	held, err := s.heldOf(ctx, u, act)
	if err != nil {
		return nil, err
	}
	if held != nil {
		names, err := s.store.names(ctx, []uuid.UUID{held.asker()})
		return &PendingError{Act: act, State: OnHold, Name: names[held.asker()], Until: held.ApplyAt, Own: held.AskedBy == p.ID.String()}, err
	}
	rows, err := s.store.requestsOf(ctx, u.ID, act, s.now())
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		a, err := s.store.thaw(r)
		if err != nil {
			return nil, err
		}
		if a.Lock != lock {
			continue
		}
		why, err := s.block(ctx, r, a, u)
		if err != nil {
			return nil, err
		}
		if why == "" {
			names, err := s.store.names(ctx, []uuid.UUID{r.AskedBy})
			return &PendingError{Act: act, State: Asked, Name: names[r.AskedBy], Until: r.ExpiresAt.UTC(), Own: r.AskedBy == p.ID, ID: r.ID}, err
		}
	}
	return nil, nil
}

// heldChange is a change on hold.
type heldChange struct{ recovery.Change }

// asker is who of the desk asked for it; zero for the member.
func (c heldChange) asker() uuid.UUID {
	id, err := uuid.Parse(c.AskedBy)
	if err != nil {
		return uuid.Nil
	}
	return id
}

// heldOf returns the member's change of a kind that is on hold; nil for none.
func (s *Service) heldOf(ctx context.Context, u *Subject, act Act) (*heldChange, error) {
	if !u.hasAccount() {
		return nil, nil
	}
	held, err := s.recovery.Pending(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(held, func(c recovery.Change) bool { return Act(c.Act) == act }); i >= 0 {
		return &heldChange{held[i]}, nil
	}
	return nil, nil
}

// Block is why a request cannot be approved any more; "" if it can.
type Block string

// The reasons. Their words are the ends of catalog keys and of the API.
const (
	BlockedAsker   Block = "asker"   // left, or may not ask for it any more
	BlockedChanged Block = "changed" // the member did since
	BlockedHeld    Block = "on_hold" // another change of the kind
	BlockedNothing Block = "nothing" // there is nothing left to act on
)

// BlockedError says that a request cannot be approved any more, and why.
type BlockedError struct {
	Why   Block
	Name  string // of the person who asked
	Ended bool   // the request did, by itself
}

func (e *BlockedError) Error() string {
	return "admin: the request cannot be approved: " + string(e.Why)
}

// Is makes it an ErrGone or an ErrConflict for the book.
func (e *BlockedError) Is(target error) bool {
	if e.Why == BlockedAsker {
		return target == ErrGone
	}
	return target == ErrConflict
}

func (e *BlockedError) problem() templates.Problem {
	if e.Ended {
		return templates.Problem{Key: "admin.approval.ended", Args: templates.Args{"name": e.Name}}
	}
	return templates.Problem{Key: "admin.approval.blocked_" + string(e.Why)}
}

// block judges an open request.
func (s *Service) block(ctx context.Context, r requestRow, a Ask, u *Subject) (Block, error) {
	if may, err := s.stillMay(ctx, r.AskedBy, r.Act); err != nil || !may {
		return BlockedAsker, err
	}
	if u == nil || u.frozen(r.Act) != r.Version {
		return BlockedChanged, nil
	}
	if held, err := s.heldOf(ctx, u, r.Act); err != nil || held != nil {
		return BlockedHeld, err
	}
	err := s.effective(ctx, r.AskedBy, r.Act, u, a)
	if _, invalid := errors.AsType[Invalid](err); invalid || errors.Is(err, ErrConflict) {
		return BlockedNothing, nil
	}
	return "", err
}
