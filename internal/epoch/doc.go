// Package epoch keeps the past from coming back with a restored database: a code that was redeemed since the backup, a
// refresh token that was spent or revoked, a session that was ended.
//
//	Guard.Check   every new connection of a server is asked which database it leads to
//	Guard.Watch   the beat: every 5 s a mark that only grows, written with a flush and remembered; behind a pooler, whose
//	              connections outlive a restore, it judges as Check does
//	Guard.Remember   keeps what was seen in a file, for the next start
//	Raise         idp restore-epoch: voids what tables.go says, in one transaction, and raises the epoch
//
// # What the guard knows a restored database by
//
// The row of settings says which database it is: the cluster's system identifier, the database's oid, the timeline, and the
// beat. The server says which it is in fact. A restore breaks every connection, so no statement reaches a restored database
// before the check of its connection.
//
//	identifier or oid differ                 a dump that was loaded, a clone: refused
//	beat older than this server remembers    the past came back: refused
//	    timeline differs, at most 30 s older   a failover that lost the last commits: an alert, and on
//	timeline differs, beat as remembered     a failover that lost nothing: on
//	timeline differs, nothing remembered     beat at most 60 s old: a failover while we started; else refused
//
// A promotion makes a new timeline and a recovery to a point in time does too; only what is remembered tells them apart. The
// server that refuses writes why into the row, so that one witness stops all, also those that start later and remember
// nothing. A cluster that is put back file by file while no server runs, and that keeps its timeline, is known only by the
// file of Remember: docs/operate.md therefore restores with recovery.signal, and raises the epoch after each restore.
//
// The check costs a new connection one round trip of the five or more that it takes anyway, and the beat is one row in five
// seconds: neither shows in a measurement.
//
// # Table
//
// settings: one row, of all instances. doubt stands until Raise.
package epoch
