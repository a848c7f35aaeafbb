package recovery

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
)

// store holds every statement on support_references.
type store struct{ db *postgres.DB }

// newest is the latest reference of a browser for one reason and matter since an instant, "" if there is none.
func (s store) newest(ctx context.Context, browser []byte, reason string, about uuid.UUID, since time.Time) (string, error) {
	return text(s.db.From(ctx).QueryRow(ctx, `
		select reference from support_references
		where browser = $1 and reason = $2 and about is not distinct from $3 and created_at > $4
		order by created_at desc limit 1`, browser, reason, nullable(about), since))
}

// latest is newest whatever the reason.
func (s store) latest(ctx context.Context, browser []byte, since time.Time) (string, error) {
	return text(s.db.From(ctx).QueryRow(ctx, `
		select reference from support_references where browser = $1 and created_at > $2
		order by created_at desc limit 1`, browser, since))
}

func text(row pgx.Row) (s string, err error) {
	err = row.Scan(&s)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return s, err
}

func (s store) queueInsert(b *pgx.Batch, args pgx.NamedArgs) {
	b.Queue(`
		insert into support_references (reference, reason, browser, about, language, created_at)
		values (@reference, @reason, @browser, @about, @language, @now)`, args)
}

// sweep deletes numbers nobody will ask for any more, at most 10,000 at a time.
func (s store) sweep(ctx context.Context, before time.Time) (int64, error) {
	tag, err := s.db.From(ctx).Exec(ctx, `
		delete from support_references where reference in (
			select reference from support_references where created_at < $1 limit 10000 for update skip locked)`, before)
	return tag.RowsAffected(), err
}
