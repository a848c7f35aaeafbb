// Package postgres holds the connection pool, the one transaction mechanism of
// the program, and the schema's migrations.
//
// # One transaction, carried in the context
//
//	use case            db.InTx(ctx, fn)      begins, or joins what ctx carries
//	  store of accounts   db.From(ctx)        the transaction
//	  audit, outbox       db.From(ctx)        the same transaction
//	anything else       db.From(ctx)          the pool
//
// Use cases open transactions; stores and handlers only take part. The outermost
// InTx repeats its callback up to three times when PostgreSQL reports a
// serialization failure or a deadlock (SQLSTATE 40001, 40P01), so a callback does
// nothing but database work.
//
// Begin travels with the first statement, and commit with the batch that a use case
// gives to db.Finish at its end: neither costs a round trip of its own.
//
// # Limits (security bar S-78, R-07)
//
// Every connection runs with a 3 s statement, 600 ms lock and 5 s
// idle-in-transaction timeout. Waiting for a connection ends after 1 s with
// ErrUnavailable, as does a lost server: pages answer 503 and never fail open.
//
// A server that hangs, or is gone without a word, costs one request half a second, and the next host of the address is asked
// (hosts.go). Behind a pooler in transaction mode time-outs come of the role, and nothing is kept in a session (pooler.go).
//
// # Migrations
//
// Files in migrations/ are numbered SQL for goose, forward only; an applied file
// is history. River's own tables come first, from its Go migrator. Migrate holds an advisory lock of its session, so many
// instances may call it at once, and refuses a pooler, whose sessions are not its own. Killed, it is run again: each migration
// is a transaction, but for indexes made concurrently, which the next run makes whole.
//
// A schema says which programs may run on it: settings.oldest_program is the number of a migration that they must bring along.
// CheckSchema refuses a schema that lacks a migration of this program, and a newer one that says so; on any other newer one the
// program serves, and Migrate leaves it as it is. CONTRIBUTING.md has the rules by which a migration raises the number.
//
// Migrate runs as the owner of the tables, and grants the role idp_app, where there is one, what the service may do
// (grants.sql): rows alone, and of the record inserts alone (S-79). Owns tells who may more.
//
// All instants are timestamptz in UTC and arrive as arguments.
package postgres
