// Package audit is the append-only record of security events: who did what to which
// account or client, when, and how it went (S-71).
//
// An event is written in the transaction that ctx carries, so that there is no
// change without its row and no row without its change. Record takes one round
// trip; Queue adds the rows to a batch that the caller sends anyway.
//
//	Record, Queue ──> audit_events + audit_unsealed        with the change
//	Chain.Seal    ──> audit_chain, in order of sealing     every few seconds, one instance at a time
//	Chain.Checkpoint ──> audit_checkpoints                 once an hour, signed (EdDSA)
//	Chain.End     ──> the log of each instance             a minute after the last, when rows were sealed since
//	Chain.Verify  ──> nil, or the first *Fault             idp audit verify
//	Chain.Prune   ──> the oldest rows and links go         after the retention (S-73)
//
// # The chain
//
// seal(n) = MAC(audit-seal, seal(n-1), n, row). Sealing waits for no request and no request
// for it: rows that commit late are sealed late. Whoever holds the database but not the
// data key can neither change a row, take one out, nor add one without Verify naming the
// place; that the end was cut shows by a checkpoint, so copies of them belong elsewhere:
// each instance writes the end to its log, a minute after the row at the latest, and raises an alert itself when what it
// wrote last is no longer there.
//
// # Tables
//
// audit_events: one row per event, ids are UUIDv7, instants are UTC. audit_unsealed: ids
// that wait. audit_chain: position, row, seal. audit_checkpoints: what the end was. Triggers
// refuse all but inserts, and deletes by retention; six years by default. The application's role may not even try: Prune calls a
// function of the owner's, which takes nothing younger than a year. After retention
// the oldest link stands without its row, as the anchor of those that follow.
//
// Events hold ids and words of our own only, never names, addresses, card numbers,
// user agents or anything typed. Subject is a random id or a keyed digest where there
// is no account. What a member may see of her own account is shown under the catalog
// key "event.name." + Kind; the other kinds carry a dot.
package audit
