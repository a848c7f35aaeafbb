// Package keys makes, rotates and publishes the keys that sign the provider's tokens.
//
// # Life of a key
//
//	            Rotate / Advance          not_before reached          published_until passed
//	(none) ───────────────────────> next ────────────────────> active ──> retiring ─────────────> (deleted)
//	                                  │                           │          │
//	                                  └────────── Revoke ─────────┴──────────┘──> revoked (private key erased)
//
// next: published, signs nothing yet, so that relying parties that cache the JWK Set have seen it in time (24 h by
// default). active: signs; one per algorithm at any moment. retiring: published until the longest-lived token it signed
// has ended, used for checking only. revoked: not published; the row stays as a record.
//
// # How it works
//
// Service.Current is an immutable Set: signers, public keys and the bytes of the JWK Set, all built beforehand and
// swapped atomically. Run reloads it every 30 s, so a key revoked on one instance is gone from all of them within a
// minute (S-45 asks for 5), and moves keys whose time has come to their next state; any instance may do that, the
// database decides who was first. While the database is away the last Set keeps serving.
//
// # Table, units, clocks
//
// Table signing_keys: kid (start of the RFC 7638 thumbprint), alg, state, not_before, published_until, created_at (all
// UTC), sealed (PKCS #8, sealed under seal.Signing and bound to its kid; null once revoked). Public keys are computed
// from the private ones, so a row altered in the database can publish nothing. Sweep deletes what is no longer
// published.
//
// # Algorithms
//
// An RS256 key is RSA-2048 (3072 by setting) and signs PS256 as well; for that reason RSA keys are published without
// "alg" (RFC 7517 4.4 leaves it optional). An ES256 key is on P-256. An EdDSA key is on Ed25519 (RFC 8037) and exists once
// a client has registered that algorithm: Want.
//
// # Errors
//
// ErrUnknownAlgorithm: no key of this kind exists or can be made. ErrNextExists: Rotate found a key already waiting.
// ErrUnknownKey: Revoke did not find the kid. Everything else is the database's or a failing unseal, and wraps its cause.
//
// Specifications: RFC 7515, 7517, 7518, 7638; OpenID Connect Core 10.1.1 (rotation); security bar S-45 to S-47, S-71.
package keys
