package admin

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// AskedRoles are roles that an administrator asked for, until another one confirms them. It is zero for none.
type AskedRoles struct {
	Roles []Role
	By    uuid.UUID
	Name  string // of that person
	At    time.Time
	Reset bool // not roles, but to remove the two-step verification
	Ended bool // that person may not ask for it any more

	Reason, Ticket string // why; the reason only of one colleague
	sealed         []byte // that reason
}

// Open reports whether what was asked for may still be confirmed.
func (a AskedRoles) Open(now time.Time) bool {
	return a.Roles != nil && !a.Ended && now.Before(a.At.Add(requestLife))
}

// asking is the act that asked for what waits.
func (r StaffRow) asking() Act {
	switch {
	case r.Asked.Reset:
		return ResetPerson
	case r.isNew():
		return AddPerson
	}
	return SetRoles
}

// waiting says to a person that what was asked for comes first.
func (r StaffRow) waiting(p Person) *PendingError {
	return &PendingError{Act: r.asking(), State: Asked, Name: r.Asked.Name, Until: r.Asked.At.Add(requestLife), Own: r.Asked.By == p.ID}
}

// askRoles keeps what waits for another administrator, and why.
func (s *Service) askRoles(ctx context.Context, id uuid.UUID, a AskPerson, by uuid.UUID, reset bool) error {
	_, err := s.db.From(ctx).Exec(ctx, `
		update staff set asked_roles = $2, asked_by = $3, asked_at = $4, updated_at = $4, asked_reason_sealed = $5, asked_ticket = $6,
			asked_reset = $7, asked_ended = false where account_id = $1`,
		id, a.Roles, by, s.now(), s.store.seal("staff", "asked_reason_sealed", id, []byte(a.Reason)), a.Ticket, reset)
	return err
}

// endAskedFor ends what was asked for somebody who keeps their roles.
func (s *Service) endAskedFor(ctx context.Context, who StaffRow, p Person) error {
	if err := s.store.dropAsked(ctx, who.ID); err != nil {
		return err
	}
	return s.setRoles(ctx, who.ID, who.Roles, p.ID.String())
}

// dropAsked forgets what was asked for a person who has roles.
func (s *store) dropAsked(ctx context.Context, id uuid.UUID) error {
	_, err := s.db.From(ctx).Exec(ctx, `
		update staff set asked_roles = null, asked_by = null, asked_at = null, asked_reason_sealed = null, asked_ticket = '', asked_reset = false, asked_ended = false
		where account_id = $1`, id)
	return err
}
