// Package seal protects data from readers of the database: it encrypts columns, computes keyed digests for looking up
// encrypted values, and makes tokens of which only digests are stored.
//
// # Keys
//
// A key encryption key (KEK) comes from outside: a file only its owner can read, or the environment. It wraps one
// 256-bit data key per purpose and version; the wrapped data keys are rows of table data_keys. Neither the KEK nor the
// database is of use to a thief without the other.
//
//	KEK ──wraps──> data key (purpose, version) ──HKDF-SHA-256──> encryption key, AES-256-GCM
//	                                                      └────> MAC key, HMAC-SHA-256
//
// A data key lives through these states:
//
//	next ──Promote──> writing ──the following Promote──> readable ──re-encrypted──> dropped
//
// Exactly one version of a purpose writes; every version reads. A new version starts as next, so that all instances
// know it (they call Refresh at least once a minute) before the first value is written with it.
//
// Rotate takes these steps one by one (S-47), each after every instance has learned of the previous one. It re-encrypts
// old values in batches, in the columns that the owning packages list, then deletes the old version. Keys of digests have
// versions too, but digests cannot be recomputed: their old versions stay.
//
// The first KEK given to Load wraps new data keys, the others only unwrap. Rotating the KEK: start every instance with
// "new, old", call Rewrap, then start them with "new" alone.
//
// # Format
//
// A sealed value is
//
//	version (2 bytes, big endian) | nonce (12) | ciphertext | tag (16)
//
// The tag also covers purpose, version and Place (table, column, row), so a value copied to another row, column or
// table does not open. A MAC covers length-prefixed parts, so that ("ab","c") and ("a","bc") differ.
//
// # Table and errors
//
// Table data_keys: purpose, version (from 1), state, kek_id (which KEK wrapped it: a short hash, no secret), wrapped,
// created_at, since (UTC; when it entered its state). Only Rotate deletes rows.
//
// Open returns ErrOpen for everything that is not the value sealed at that place, whatever the cause. Load returns
// *UnwrapError if none of the KEKs fits, naming the KEK that would; it then changes nothing. Using an unknown purpose is a
// programming error and panics.
//
// Implements S-46 (envelope, bound to its place), S-47 (several versions), S-48 (weak keys refused), S-22 and S-49 (tokens).
package seal
