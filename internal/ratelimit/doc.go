// Package ratelimit counts, in PostgreSQL, what must not happen too often over all
// instances and restarts (S-09, S-14, S-52, R-11): registrations and mails per
// source, mails per address, tries per card number.
//
//	Take(limit, key) ── fewer than Count in the window ──> nil, counted
//	                 └─ else ──> *Exceeded, with the time to the window's end
//
// TakeAll takes one from each of several limits, or from none; Queue does so in a
// batch.
//
// A window opens with the first take and lasts Limit.Per. Taking is one statement,
// so parallel takes never exceed Count. A take inside a transaction counts
// when that commits: what must count even when the use case fails is taken outside.
//
// Table rate_limits: name of the limit, key as HMAC-SHA-256 (purpose index) of the
// given text, so that addresses and card numbers can be keys; window's start and
// count; expires_at is when the row means nothing, and Sweep deletes it 30 days later
// at most (S-73). Instants are the caller's, in UTC. A new version of the index key
// starts windows anew.
package ratelimit
