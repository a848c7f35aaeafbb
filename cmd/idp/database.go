package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/internal/epoch"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// openDatabase opens a pool, and looks whether the database is there and has this program's schema. check judges each
// connection; nil: none is refused.
func openDatabase(ctx context.Context, dsn string, conns int32, check func(context.Context, *pgx.Conn) error) (*postgres.DB, error) {
	db, err := postgres.Open(ctx, postgres.Options{DSN: dsn, MaxConns: conns, Check: check})
	if err != nil {
		return nil, err
	}
	if err := postgres.CheckSchema(ctx, db); err != nil {
		db.Close()
		return nil, databaseError(dsn, err)
	}
	return db, nil
}

// databaseError says in one line what is wrong, and with which database. The driver's own text may have several.
func databaseError(dsn string, err error) error {
	text := err.Error()
	if wrong, ok := errors.AsType[*pgconn.PgError](err); ok {
		text = wrong.Message
	} else if errors.Is(err, postgres.ErrUnavailable) {
		_, cause, _ := strings.Cut(text, postgres.ErrUnavailable.Error()+": ")
		if text = cause; !errors.Is(err, epoch.ErrRestored) {
			text = "it does not answer: " + cause
		}
	}
	return &oneLine{fmt.Sprintf("IDP_DATABASE_URL: %s: %s", shownDSN(dsn), strings.Join(strings.Fields(text), " ")), err}
}

// oneLine is an error in words of our own.
type oneLine struct {
	text  string
	cause error
}

func (e *oneLine) Error() string { return e.text }
func (e *oneLine) Unwrap() error { return e.cause }

func loadKeyring(ctx context.Context, db *postgres.DB, keks []seal.KEK) (*seal.Keyring, error) {
	ring, err := seal.Load(ctx, db, keks...)
	if _, wrong := errors.AsType[*seal.UnwrapError](err); wrong {
		err = fmt.Errorf("IDP_KEK: %w", err)
	}
	return ring, err
}
