// Package seal keeps what the database must not be able to read by itself: it encrypts columns, computes the keyed
// digests under which encrypted values are found again, and makes tokens, of which only digests are stored.
//
// # Keys
//
// A key encryption key (KEK) comes from outside: a file only its owner can read, or the environment. It wraps one
// 256-bit data key per purpose and version; the wrapped data keys are rows of table data_keys. KEK and database have to
// be stolen together to be of use.
//
//	KEK ──wraps──> data key (purpose, version) ──HKDF-SHA-256──> encryption key, AES-256-GCM
//	                                                      └────> MAC key, HMAC-SHA-256
//
// A data key lives through these states:
//
//	next ──Promote──> writing ──the following Promote──> readable ──sealed anew──> dropped
//
// Exactly one version of a purpose writes; every version reads. A new version starts as next, so that all instances
// know it (they call Refresh at least once a minute) before the first value is written with it.
//
// Rotate takes these steps one after another (S-47), each once every instance knows of the one before. Old values are sealed
// anew in batches, in the columns that the owners of the tables name; then the old version is deleted. Keys of digests have
// versions too, but what they made cannot be made anew: their old versions stay.
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
// table does not open. A MAC covers its parts each under its length, so that ("ab","c") and ("a","bc") differ.
//
// # Table and errors
//
// Table data_keys: purpose, version (from 1), state, kek_id (which KEK wrapped it: a short hash, no secret), wrapped,
// created_at, since (UTC; when it came into its state). Only Rotate deletes rows.
//
// Open answers ErrOpen for everything that is not the value sealed at that place, whatever the cause. Load answers
// *UnwrapError when none of the KEKs fits, naming the KEK that would; it then changes nothing. Using a purpose that is
// not in the list of this package is a mistake of the programmer and panics.
//
// Security bar: S-46 (envelope, bound to its place), S-47 (several versions), S-48 (weak keys refused), S-22 and S-49 (tokens).
package seal
