// Package postgres contains the connection pool, the program's only transaction mechanism, and the schema's migrations.
//
// # One transaction, carried in the context
//
//	use case            db.InTx(ctx, fn)      begins, or joins what ctx carries
//	  store of accounts   db.From(ctx)        the transaction
//	  audit, outbox       db.From(ctx)        the same transaction
//	anything else       db.From(ctx)          the pool
//
// Use cases open transactions; stores and handlers only take part. The outermost InTx repeats its callback up to three
// times when PostgreSQL reports a serialization failure or a deadlock (SQLSTATE 40001, 40P01), so a callback does nothing
// but database work.
//
// Begin travels with the first statement, and commit with the batch that a use case passes to db.Finish at its end:
// neither costs a round trip of its own.
//
// # Limits (S-78, R-07)
//
// Every connection has a statement timeout of 3 s, a lock timeout of 600 ms and an idle-in-transaction timeout of 5 s.
// Waiting for a connection ends after 1 s with ErrUnavailable, which is also the error if the server is lost: pages
// answer 503 and never fail open.
//
// Far from the database, each round trip counts. Connections are dialled before requests need them, a lost one is
// noticed without a query (hosts.go), and a statement that a request has sent on one connection is prepared on the
// others in the background, so that it takes a single round trip there too (prepared.go).
//
// An unresponsive server costs one request half a second before the next host of the address is tried (hosts.go). Behind
// a pooler in transaction mode the timeouts are those of the role, and nothing is kept in a session (pooler.go).
//
// # Migrations
//
// Files in migrations/ are numbered SQL for goose, forward only; an applied file must not change. River's own tables come
// first, from its Go migrator. Migrate holds a session-level advisory lock, so that many instances may call it at once, and
// refuses a pooler, which shares sessions. If it is killed, run it again: each migration is a transaction, except for
// indexes created concurrently, which the next run repairs.
//
// A schema says which programs may run on it: settings.oldest_program is the number of a migration that they must contain.
// CheckSchema refuses a schema that lacks a migration of this program, and a newer one that no longer supports it; on any
// other newer schema the program serves, and Migrate does not modify it. CONTRIBUTING.md says when a migration
// raises the number.
//
// Migrate runs as the owner of the tables. It grants the role idp_app, if it exists, what the service needs (grants.sql):
// rows only, and only inserts into the audit (S-79). Owns reports roles that may do more.
//
// All instants are timestamptz in UTC and are passed as arguments.
package postgres
