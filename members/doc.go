// Package members is the roster of eligible people and the matching of a claim against it.
//
// # What it is for
//
// A registrant proves to be a member by what is printed on the member's card: names, suffix, birth date, member number
// ("Número de ID del Cliente"). The roster says who has such a card. It is also where the claims about coverage come
// from. It is never edited here: a file from the programme replaces it.
//
// # Life of a member
//
//	            in the file             not in the file            in the file again
//	(unknown) ──────────────> active ─────────────────> ended ─────────────────────────> active
//
// An ended member keeps row, id and data: the account stays, coverage does not. Member.Ended tells the caller.
//
// # Import
//
//	file ─> lines (bounded) ─> rows (checked) ─> digests ─> look up ─> seal ─> COPY ─> staging table ─> INSERT, UPDATE, end
//	        └────────── one goroutine ──────────────────┘   └────── the other ───────┘   └── all of it in one transaction ──┘
//
// Lines with a fault are reported and left out, and their members stay as they are. Faults of the file as a whole
// (header, encoding, compression, a number in two lines, a cut-off end, a line beyond 64 KiB) refuse the file. So does
// a file that would end more than 5 % of the members, unless told otherwise. A file is known by its SHA-256: the newest
// again does nothing, an older one is refused unless told otherwise. Memory stays at some ten MiB for any file.
//
// # Tables
//
// members: id (UUIDv7, what accounts refer to), number_mac (HMAC of the number, seal.Index: how a member is found),
// content_mac (HMAC of the record: whether an import changes it), sealed (the record as JSON, seal.PII, bound to the id),
// ended_at, created_at, changed_at. roster_imports: one row per applied file, with its hash and counts. Instants are
// UTC; dates are civil dates without zone. No column shows personal data. Nothing is deleted here.
//
// After the index key has a new version, members are found under the old digest too, and the next import moves them
// (and counts them as changed, since their content digest is new as well).
//
// # Matching
//
// Every part must be equal in content: first name, last name (both surnames), suffix, birth date, number. How it was
// typed does not count: Unicode form, case, spaces, kinds of apostrophe and hyphen; nor do accents (Ñ is N),
// apostrophes, hyphens, dots and inner spaces. Never nicknames, swapped names or edit distance. Numbers: spaces and
// dashes dropped, leading zeros kept, form by setting (nine digits).
//
// # Errors
//
// ErrNoMatch is the one answer to every wrong claim and costs the same work as a match. ErrUnknown: no such id or
// number, for callers that know what they ask for. ErrMemberNumber: the form is wrong; says nothing about the roster.
// *FileError, *ShrinkError, ErrOldFile, ErrImportRunning: an import was refused and nothing changed. No error quotes
// personal data.
//
// Design section 5; security bar S-13 (equal work), S-46 (sealed, bound to the row), S-47 (key versions), S-52, S-71.
package members
