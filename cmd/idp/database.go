package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/internal/epoch"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// epochFile is the name of the file in IDP_STATE_DIR.
const epochFile = "epoch.json"

// pool is how the settings reach the database. check judges each connection; nil accepts all.
func (s settings) pool(conns int32, check func(context.Context, *pgx.Conn) error) postgres.Options {
	return postgres.Options{DSN: s.dsn, MaxConns: conns, Pooled: s.pooled, Check: check}
}

// openDatabase opens a pool and checks that the database is there, has a schema for this program, and limits its
// statements.
func openDatabase(ctx context.Context, o postgres.Options) (*postgres.DB, error) {
	db, err := postgres.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if err = db.Reach(ctx); err == nil {
		err = postgres.CheckSchema(ctx, db)
	}
	if err == nil {
		err = postgres.CheckPooler(ctx, db)
	}
	if err != nil {
		db.Close()
		return nil, databaseError(o.DSN, err)
	}
	return db, nil
}

// driverWords match what the driver puts before the cause of a connection that fails: the address is told anyway.
var driverWords = regexp.MustCompile("failed to connect to `[^`]*`: ?|dial error: dial \\S+ \\S+ (connect: )?|server error: FATAL: ")

// inOneLine is the driver's text, which has a line for each try, also with and without TLS.
func inOneLine(text string) string {
	var tries []string
	for line := range strings.Lines(driverWords.ReplaceAllString(text, "")) {
		if line = strings.Join(strings.Fields(line), " "); line != "" && !slices.Contains(tries, line) {
			tries = append(tries, line)
		}
	}
	joined := strings.Join(tries, "; ")
	return strings.ReplaceAll(joined, ":; ", ": ") // a heading
}

// databaseError describes a failure and its database in one line. The driver's own text may have several.
func databaseError(dsn string, err error) error {
	text := err.Error()
	if postgres.IsPooler(err) {
		text = postgres.ErrPooler.Error() + ": give `idp migrate` the server's own address, and all else IDP_DATABASE_POOLER=transaction"
	} else if errors.Is(err, postgres.ErrLocked) {
		text = "somebody holds a table that a migration changes (pg_stat_activity tells who). What is applied stays, and nothing is half done: " +
			"run `idp migrate` again"
	} else if wrong, ok := errors.AsType[*pgconn.PgError](err); ok {
		text = wrong.Message
	} else if errors.Is(err, postgres.ErrUnavailable) {
		_, cause, _ := strings.Cut(text, postgres.ErrUnavailable.Error()+": ")
		if text = cause; !errors.Is(err, epoch.ErrRestored) {
			text = "it does not answer: " + cause
		}
	}
	return &oneLine{fmt.Sprintf("IDP_DATABASE_URL: %s: %s", shownDSN(dsn), inOneLine(text)), err}
}

// oneLine is an error with a text of our own.
type oneLine struct {
	text  string
	cause error
}

func (e *oneLine) Error() string { return e.text }
func (e *oneLine) Unwrap() error { return e.cause }

func loadKeyring(ctx context.Context, db *postgres.DB, keks []seal.KEK) (*seal.Keyring, error) {
	ring, err := seal.Load(ctx, db, keks...)
	if wrong, ok := errors.AsType[*seal.UnwrapError](err); ok && slices.Contains(wrong.Given, wrong.KEKID) {
		err = fmt.Errorf("IDP_KEK: %w", err)
	} else if ok {
		err = fmt.Errorf("IDP_KEK: %w. If the key was changed, name the former one in IDP_OLD_KEKS; else fetch the copy of the key with that number. "+
			"Do not make a new one: it reads nothing of this database", err)
	}
	return ring, err
}
