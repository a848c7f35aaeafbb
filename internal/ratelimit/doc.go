// Package ratelimit counts, in PostgreSQL, what must not happen too often across all instances and restarts (S-09, S-14,
// S-52, R-11): registrations and mails per source, mails per address, attempts per card number.
//
//	Take(limit, key) ── fewer than Count in the window ──> nil, counted
//	                 └─ else ──> *Exceeded, with the time until the window ends
//
// TakeAll takes one from each of several limits, or from none; Queue does so in a batch.
//
// A window opens with the first take and lasts Limit.Per. Taking is one statement, so parallel takes never exceed Count
// . A take within a transaction counts when that commits: what must count even if the use case fails is taken outside.
//
// Table rate_limits: the limit's name; the key as HMAC-SHA-256 (purpose index), so that addresses and card numbers can be
// keys; the window's start and count; expires_at, after which the row has no meaning and Sweep deletes it within 30 days
// (S-73). Instants are the caller's, in UTC. A new version of the index key restarts all windows.
package ratelimit
