// Package keys makes, rotates and publishes the keys that sign the provider's tokens.
//
// # Life of a key
//
//	            Rotate / Advance          not_before reached          published_until passed
//	(none) ───────────────────────> next ────────────────────> active ──> retiring ─────────────> (deleted)
//	                                  │                           │          │
//	                                  └────────── Revoke ─────────┴──────────┘──> revoked (private key erased)
//
// next: published but not signing yet, so that relying parties that cache the JWK Set see it in time (24 h by default).
// active: signs; one per algorithm at any moment. retiring: published for verification until the longest-lived token it
// signed has expired. revoked: not published; the row remains as a record.
//
// # How it works
//
// Service.Current is an immutable Set of signers, public keys and the bytes of the JWK Set, built beforehand and swapped
// atomically. Run reloads it every second, so a key revoked on one instance disappears from all of them well within the
// five minutes of S-45. It also moves due keys to their next state; any instance may do so, and the database decides which
// one was first. While the database is unavailable the last Set stays in use.
//
// # Table, units, clocks
//
// Table signing_keys: kid (start of the RFC 7638 thumbprint), alg, state, not_before, published_until, created_at (all
// UTC), sealed (PKCS #8, sealed under seal.Signing and bound to its kid; null once revoked). Public keys are derived from
// the private ones, so a row altered in the database cannot publish a key. Sweep deletes keys that are no longer
// published.
//
// # Algorithms
//
// An RS256 key is RSA-2048 (3072 by IDP_RSA_BITS) and signs PS256 as well; for that reason RSA keys are published without
// "alg" (RFC 7517 4.4 leaves it optional). An ES256 key is on P-256. An EdDSA key is on Ed25519 (RFC 8037) and exists once
// a client has registered that algorithm: Want.
//
// # Errors
//
// ErrUnknownAlgorithm: no key of this kind exists or can be made. ErrNextExists: Rotate found a waiting key.
// ErrUnknownKey: Revoke did not find the kid. All other errors come from the database or from unsealing and wrap their cause.
//
// Specifications: RFC 7515, 7517, 7518, 7638; OpenID Connect Core 10.1.1 (rotation); S-45 to S-47, S-71.
package keys
