package registration

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// Stuck is what support sees of a refused registration: never what was typed.
type Stuck struct {
	ID          uuid.UUID // of the registration; zero if it is gone and only the lock is left
	Reference   string    // of the lock, or ""
	Locked      bool
	LockedUntil time.Time // zero: until staff release it
	Differs     []string  // names of the fields that differ, as in members.NoMatchError
	MemberID    uuid.UUID // whom the card matched; zero: nobody
	HolderID    uuid.UUID // account that the matched member already had
	Language    string
	At          time.Time // of the last use
}

// ErrNothing is returned if support has nothing to see here.
var ErrNothing = errors.New("registration: no such registration or lock")

// StuckAt finds a registration by its ID. The error is ErrNothing, or the database's.
func (s *Service) StuckAt(ctx context.Context, id uuid.UUID) (Stuck, error) {
	return s.stuck(ctx, `select id, coalesce(reference, ''), locked_until, differs, member_id, holder_id, language, touched_at from registrations
		where id = $1`, id)
}

// StuckAs finds the registration that was locked under a reference number. The error is ErrNothing, or the database's.
func (s *Service) StuckAs(ctx context.Context, reference string) (Stuck, error) {
	return s.stuck(ctx, `select id, coalesce(reference, ''), locked_until, differs, member_id, holder_id, language, touched_at from registrations
		where reference = $1 order by differs = '{}', touched_at desc limit 1`, reference)
}

// CardLock reports whether identities with this number are refused without a lookup, under which reference and until
// when. The error is ErrNothing if they are not, or the database's.
func (s *Service) CardLock(ctx context.Context, number string) (Stuck, error) {
	keys := s.Keyring.MACs(seal.Index, []byte("identity guard"), []byte("card"), []byte(number))
	now := s.Now()
	return s.stuck(ctx, `
		select r.id, g.reference, g.locked_until, coalesce(r.differs, '{}'), r.member_id, r.holder_id, coalesce(r.language, ''),
			coalesce(r.touched_at, g.opened_at)
		from identity_guards g left join registrations r on r.reference = g.reference
		where g.kind = 'card' and g.key = any($1) and g.reference is not null and (g.locked_until is null or g.locked_until > $2)
		order by coalesce(r.differs, '{}') = '{}', r.touched_at desc limit 1`, keys, now)
}

func (s *Service) stuck(ctx context.Context, sql string, args ...any) (stuck Stuck, err error) {
	var id, member, holder *uuid.UUID
	var until *time.Time
	err = s.DB.From(ctx).QueryRow(ctx, sql, args...).Scan(&id, &stuck.Reference, &until, &stuck.Differs, &member, &holder, &stuck.Language, &stuck.At)
	if errors.Is(err, pgx.ErrNoRows) {
		return Stuck{}, ErrNothing
	}
	if err != nil {
		return Stuck{}, fmt.Errorf("reading what a registration is stuck on: %w", err)
	}
	stuck.ID, stuck.MemberID, stuck.HolderID, stuck.LockedUntil = postgres.Value(id), postgres.Value(member), postgres.Value(holder), postgres.Value(until).UTC()
	stuck.Locked = stuck.Reference != "" && (until == nil || s.Now().Before(*until))
	return stuck, nil
}
