// Package outbound makes the few calls that the service makes to addresses registered by clients: key sets, sector
// identifier files, logout notifications. Whoever registers an address could aim it at our own network (server-side
// request forgery), so a call reaches only what is publicly reachable anyway (S-66).
//
// # A call
//
//	check the address   https, port 443, no user information
//	resolve once        every answer must be a public unicast address
//	dial that address   2 s; the name is not looked up again, so it cannot be rebound
//	TLS 1.2 or 1.3      certificate verified against the name
//	read the answer     5 s in total, 64 KiB; no redirects, no proxies
//
// Options.Allow lifts the rules on address and port for listed hosts, for test deployments with partners on a private
// network.
//
// # Key sets
//
// Keys caches JWK Sets (RFC 7517 section 5) by address. They are fetched by one caller at a time, at most once a minute even
// if a kid is unknown, and kept for 5 to 60 minutes according to Cache-Control (S-67). A set that cannot be renewed is used
// until it is an hour old.
//
// # Errors
//
// Every failure is ErrUnavailable with one fixed text, so that nothing about our network can be learned from it; the cause
// can be unwrapped for the log.
package outbound
