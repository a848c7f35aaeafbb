package admin

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// newestCode finds the code of @subject that @staff had mailed last in @session.
const newestCode = `select id from caller_verifications where subject_id = @subject and staff_id = @staff and session = @session and method = 'spoken_code'
	order by created_at desc, id desc limit 1`

// sentCode reads when the newest code was mailed, and its tries; zero if there is none, or if it was spoken.
func (s *store) sentCode(ctx context.Context, subject uuid.UUID, p Person) (sent time.Time, tries int, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `select created_at, tries from caller_verifications where id = (`+newestCode+`) and code_mac is not null`,
		pgx.NamedArgs{"subject": subject, "staff": p.ID, "session": p.Session}).Scan(&sent, &tries)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, 0, nil
	}
	return sent.UTC(), tries, err
}

// tryCode counts a try of the newest code. The error is ErrNoCode if there is none, if it has expired, or if it has no
// tries left.
func (s *store) tryCode(ctx context.Context, subject uuid.UUID, p Person, typed []byte, now time.Time) (r verificationRow, err error) {
	r = verificationRow{StaffID: p.ID, SubjectID: subject, Method: SpokenCode}
	err = s.db.From(ctx).QueryRow(ctx, `
		update caller_verifications set tries = tries + case when refused = @typed then 0 else 1 end, refused = @typed where id = (`+newestCode+`)
			and code_mac is not null and created_at > @since and tries < @most
		returning id, code_mac, tries, created_at`, pgx.NamedArgs{"subject": subject, "staff": p.ID, "session": p.Session, "typed": typed, "since": now.Add(-verification), "most": spokenTries}).
		Scan(&r.ID, &r.CodeMAC, &r.Tries, &r.CreatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, ErrNoCode
	}
	return r, err
}

// voidCode ends a code that nobody can read out any more.
func (s *store) voidCode(ctx context.Context, id uuid.UUID) error {
	_, err := s.db.From(ctx).Exec(ctx, `update caller_verifications set code_mac = null where id = $1`, id)
	return err
}

func (s *store) codeSpoken(ctx context.Context, id uuid.UUID, now time.Time) error {
	_, err := s.db.From(ctx).Exec(ctx, `update caller_verifications set code_mac = null, verified_at = $2 where id = $1`, id, now)
	return err
}
