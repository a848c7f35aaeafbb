// Package audit is the append-only record of security events: who did what to which
// account or client, when, and how it went (S-71).
//
// An event is written in the transaction that ctx carries, so that there is no
// change without its row and no row without its change. Record takes one round
// trip; Queue adds the rows to a batch that the caller sends anyway.
//
// Table audit_events: one row per event, ids are UUIDv7, instants are UTC. Rows are
// inserted and read; a trigger refuses UPDATE, DELETE and TRUNCATE (S-72). They are
// kept for six years (S-73).
//
// Events hold ids and words of our own only, never names, addresses, card numbers,
// user agents or anything typed. Subject is a random id or a keyed digest where there
// is no account. What a member may see of her own account is shown under the catalog
// key "event.name." + Kind; the other kinds carry a dot.
package audit
