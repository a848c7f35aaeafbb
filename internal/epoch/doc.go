// Package epoch keeps spent and revoked things from coming back with a restored database: a code redeemed since
// the backup, a refresh token spent or revoked, a session ended.
//
//	Guard.Check      identifies the database on every new connection of a server
//	Guard.Watch      advances the beat, a mark that only grows, every 5 s by a flushed commit, and remembers it; behind a
//	                 pooler, whose connections outlive a restore, it also judges as Check does
//	Guard.Remember   persists what was seen in a file, for the next start
//	Raise            idp restore-epoch: voids what tables.go lists, in one transaction, and raises the epoch
//
// # How a restored database is recognised
//
// The row of settings records which database it is: the cluster's system identifier, the database's OID, the timeline, the
// beat, and whether commits waited for a standby. The server reports what it actually is. A restore breaks every connection, so no statement reaches a restored
// database before its connection was checked.
//
//	identifier or OID differ                 a loaded dump or a clone: refused
//	beat older than this server remembers    an older state
//	  timeline differs, at most 30 s older     a failover that lost the last commits: alert, continue
//	  otherwise                                a restore: refused
//	timeline differs, beat as remembered     a failover: continue; alert unless the old primary was synchronous, since
//	                                         commits after the beat may be lost
//	timeline differs, nothing remembered     beat at most 60 s old: the same, during our start; else refused
//
// A promotion starts a new timeline, and so does a recovery to a point in time; only what servers remember tells them
// apart. The server that refuses records the reason in the row, so that one witness stops all servers, including those
// that start later and remember nothing. A cluster restored file by file with its timeline while no server runs is
// recognised only by the file of Remember; docs/operate.md therefore restores with recovery.signal and raises the epoch
// after every restore.
//
// # Cost
//
// The check adds one round trip to the five or more of a new connection, and the beat updates one row every five seconds.
//
// # Table
//
// settings: one row for all instances. Its column doubt is set until Raise.
package epoch
