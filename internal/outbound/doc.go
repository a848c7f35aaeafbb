// Package outbound makes the few calls that the service makes to addresses that its
// clients registered: key sets, sector files, logout notices. Who registers an address
// could aim it at our own network (server-side request forgery), so a call goes only
// where the public could go as well (security bar S-66).
//
// # A call
//
//	check the address   https, port 443, no user information
//	resolve once        every answer must be a public unicast address
//	dial that address   2 s; the name is not looked up again, so it cannot be rebound
//	TLS 1.2 or 1.3      certificate checked against the name
//	read the answer     5 s in all, 64 KiB; redirects are not followed, proxies not used
//
// Options.Allow lifts the rules of address and port for named hosts, for test
// deployments whose partners sit on a private network.
//
// # Key sets
//
// Keys holds JWK Sets (RFC 7517 section 5) by address: fetched by one caller at a time,
// at most once a minute even when a kid is unknown, kept for 5 to 60 minutes as the
// answer's Cache-Control says (S-67). A set that cannot be renewed is used until it is
// an hour old.
//
// # Errors
//
// Every failure is ErrUnavailable, one fixed text, so that nothing about our network
// can be learned from it; the cause is there to unwrap for the log.
package outbound
