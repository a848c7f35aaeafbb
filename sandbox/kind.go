package sandbox

import (
	"context"
	"errors"
	"fmt"

	"huskyidp/internal/postgres"
)

var (
	// ErrProduction means that the database is a production service's.
	ErrProduction = errors.New("this database is a production service's")
	// ErrSandbox means that the database is a sandbox's.
	ErrSandbox = errors.New("this database is a sandbox's, with invented members and known passwords")
	// ErrInUse means that the database holds what no sandbox has made.
	ErrInUse = errors.New("this database holds accounts, a roster or clients already")
	// ErrUnclaimed means that no service has started on the database yet.
	ErrUnclaimed = errors.New("no service has started on this database yet")
)

// Claim says what the database is for, or compares it with what was said before. The error is ErrProduction, ErrSandbox, ErrInUse, or the
// database's.
func Claim(ctx context.Context, db *postgres.DB, isSandbox bool) error {
	known, err := kind(ctx, db, "")
	if err == nil && known != nil {
		return judge(*known, isSandbox)
	}
	if err != nil {
		return err
	}
	return db.InTx(ctx, func(ctx context.Context) error {
		known, err := kind(ctx, db, " for update")
		if err != nil {
			return err
		}
		if known != nil {
			return judge(*known, isSandbox)
		}
		if isSandbox {
			var used bool
			err := db.From(ctx).QueryRow(ctx, `select exists (select from accounts) or exists (select from members) or exists (select from clients) or exists (select from served_issuer)`).Scan(&used)
			if err != nil {
				return fmt.Errorf("looking whether the database is in use: %w", err)
			}
			if used {
				return ErrInUse
			}
		}
		if _, err := db.From(ctx).Exec(ctx, `update settings set sandbox = $1`, isSandbox); err != nil {
			return fmt.Errorf("saying what the database is for: %w", err)
		}
		return nil
	})
}

// Check returns nil if the database is of the kind. For production it may also be one on which nothing has started. The error is
// ErrProduction, ErrSandbox, ErrUnclaimed, or the database's.
func Check(ctx context.Context, db *postgres.DB, isSandbox bool) error {
	known, err := kind(ctx, db, "")
	switch {
	case err != nil:
		return err
	case known != nil:
		return judge(*known, isSandbox)
	case isSandbox:
		return ErrUnclaimed
	}
	return nil
}

func judge(known, wanted bool) error {
	switch {
	case known == wanted:
		return nil
	case known:
		return ErrSandbox
	}
	return ErrProduction
}

// kind is nil as long as nobody has said.
func kind(ctx context.Context, db *postgres.DB, lock string) (known *bool, err error) {
	if err = db.From(ctx).QueryRow(ctx, `select sandbox from settings`+lock).Scan(&known); err != nil {
		return nil, fmt.Errorf("reading what the database is for: %w", err)
	}
	return known, nil
}
