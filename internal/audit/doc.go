// Package audit is the append-only record of security events: who did what to which
// account or client, when, and how it went (S-71).
//
// An event is written in the transaction that ctx carries, so that there is no
// change without its row and no row without its change. Record takes one round
// trip; Queue adds the rows to a batch that the caller sends anyway.
//
//	Record, Queue ──> audit_events + audit_unsealed        with the change
//	Chain.Seal    ──> audit_chain, in order of sealing     every few seconds, on one instance at a time
//	Chain.Checkpoint ──> audit_checkpoints                 once an hour, signed (EdDSA)
//	Chain.End     ──> the log of each instance             once a minute, if rows were sealed
//	Chain.Verify  ──> nil, or the first *Fault             idp audit verify
//	Chain.Prune   ──> the oldest rows and links            after the retention period (S-73)
//
// # The chain
//
// seal(n) = MAC(audit-seal, seal(n-1), n, row). Sealing and requests do not wait for each other: rows that commit late
// are sealed late. Somebody who has the database but not the data key can neither change, remove nor insert a row
// without Verify naming the place. A truncated chain is detected by a later checkpoint, so checkpoints must be kept
// elsewhere as well: each instance writes the end of the chain to its log within a minute, and raises an alert itself
// when the end that it wrote last is no longer in the chain.
//
// # Tables
//
// audit_events: one row per event; IDs are UUIDv7, instants are UTC. audit_unsealed: IDs of rows waiting to be sealed.
// audit_chain: position, row, seal. audit_checkpoints: signed ends of the chain. Triggers reject everything but inserts
// and the deletes of Prune, and the application role has no other privileges: Prune calls a function of the schema
// owner that deletes nothing younger than a year. Rows are kept for six years by default. After pruning, the oldest
// link remains without its row as the anchor of those that follow.
//
// Events hold only IDs and words of this program, never names, addresses, card numbers, user agents or anything typed
// by a person. Subject is a random ID or a keyed digest where there is no account. What members may see of their own
// account is shown under the catalog key "event.name." + Kind; all other kinds contain a dot.
package audit
