// Package embedded runs a PostgreSQL server of the program's own: for `idp demo`
// and for tests. Production gives an address instead.
//
// # The life of the server
//
//	Start -> is a server answering on our socket?  yes: adopt it, Stop leaves it alone
//	      -> find initdb and postgres              BinDir, PATH, distribution folders, the cached bundle
//	      -> data folder empty?                    initdb; never over existing data
//	      -> PG_VERSION fits the programs?         else ErrVersion
//	      -> start postgres, poll the socket       ErrStart with the end of its log
//	Stop  -> SIGINT (fast shutdown), wait
//
// It listens on a unix socket in a folder of mode 0700 and on no network address.
// Started by root, the programs run as user "postgres", else "nobody", because
// PostgreSQL refuses to run as root. On Linux the server gets a signal when the
// parent dies, so that kill -9 of the program leaves nothing running; elsewhere
// the next Start adopts what was left.
package embedded
