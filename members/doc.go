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
//	file ─> text ─> entries (CSV lines, 834 loops) ─> digests ─> look up, judge ─> seal ─> COPY ─> staging table ─> settle ─> INSERT, UPDATE, end
//	        └────────── one goroutine ────────────────────────┘   └── the other ─────────────────┘                └── in one transaction ──┘
//
// CSV comes in UTF-8, UTF-16 or Windows-1252, with any of the usual separators and line ends, its header below a title and
// in any spelling; what it is instead (PDF, a web page, a spreadsheet) is said. 04/10/1984 has its month first, as on the
// card, until a date of its column can only have the day first: then the file is refused, and the setting has to say how
// dates are written. X12 834 (005010X220A1) as full or change
// file, which BGN08 tells apart. A full file is the whole roster. A change file touches whom it names, in its order.
//
// Columns are known by our own names, by the words of the members' guide and by those that programs write (column_words.go).
// Lines of reports for people that can carry no member, such as totals, page numbers, group titles and the header again, are
// skipped and named (skipped.go); a header with other columns in the middle refuses the file.
//
// An entry with a fault is reported and left out, and its member stays as before: whatever is wrong, every number in it
// counts as present. Where none can be read, the file may end nobody until told otherwise. Several lines of one member are
// merged into one record with several spans of coverage; if they contradict each other, or one has a fault, all of them are
// left out. A known number with another name and another birth date is held back until somebody named its line and the list
// it stood on; if the number went to another person, the former one keeps row and account, without number and coverage, and
// the new one gets a row of their own, so that no account ever speaks for somebody else.
//
// What a file says nothing of stays as it was: a datum for which it has no column, everything that a change file leaves out.
// Nor does a name that nobody could type take the place of a good one: it was damaged on its way, the former one stays, and
// the line is named. Who gets another person's number inherits none of this. The report counts for each datum in how many
// known members it changes and how many lose it; a file that takes a datum from most of those who have it is refused until
// told otherwise.
//
// A last line without an end may have lost a part of its last field. Many programs write none, so it counts where all fields
// are there, unless it would change data of a known member, or its last field most likely lacks a part: then it is left out,
// and the file may end nobody until told otherwise. A new member's is named unless its last field is whole for certain
// (cut.go). With fields missing the file is cut. X12 counts its segments; CSV has no count that could be trusted.
//
// The days as which programs write an empty cell, such as 1900-01-01 and 1899-12-30, are nobody's birth date, in a file or
// typed: the line is at fault, and its member stays as before. As a bound of coverage they mean that there is none.
//
// Faults of the file as a whole (header, compression, a cut-off end, zeros, envelopes, a line beyond 64 KiB) refuse the file. So
// do, unless told otherwise, a file that would end more than 5 % of the members, and one in which so many known numbers
// come with other people's data that a column must have slipped. A file is known by its SHA-256: the newest again does
// nothing but list the lines that are still held, an older one is refused unless told otherwise. So is an 834
// that was made, by BGN or GS, before one that was applied.
//
// The bound for a million members is a minute and 200 MiB, be it that everybody is new, that a full file changes everybody,
// or that a change file does (TestScaleOf834).
//
// # Tables
//
// members: id (UUIDv7, what accounts refer to), number_mac (HMAC of the number, seal.Index: how a member is found),
// content_mac (HMAC of the record: whether an import changes it), sealed (the record as JSON, seal.PII, bound to the id),
// ended_at, replaced_at (the number went to somebody else), created_at, changed_at. roster_imports: one row per applied file, with its hash, its counts, and when it
// was made. Instants are
// UTC; dates are civil dates without zone. No column shows personal data. Nothing is deleted here.
//
// After the index key has a new version, members are found under the old digest too, and the next import moves them
// (and counts them as changed, since their content digest is new as well).
//
// # Matching
//
// Every part must be equal in content: first name, last name (both surnames), suffix, birth date, number. How it was
// typed does not count: Unicode form, case, spaces, kinds of apostrophe and hyphen; nor do accents (Ñ is N),
// apostrophes, hyphens, dots, commas, slashes and inner spaces. One rule (name.go) reads the names of form and file; what
// a file holds and nobody could type is counted and named as "cannot register". Never nicknames, swapped names or edit distance. Numbers: spaces and
// dashes dropped, leading zeros kept, form by setting (nine digits).
//
// # Errors
//
// ErrNoMatch is the one answer to every wrong claim and costs the same work as a match. ErrUnknown: no such id or
// number, for callers that know what they ask for. ErrMemberNumber: the form is wrong; says nothing about the roster.
// *FileError, the guards (*ShrinkError, *UnreadableError, *DoubtError, *ClearError, *DateOrderError,
// *ReviewError), ErrOldFile, ErrImportRunning: an import was refused and nothing changed. The guards see the whole file and come, as many as apply, with
// its report. No error quotes personal data.
//
// Design section 5; security bar S-13 (equal work), S-46 (sealed, bound to the row), S-47 (key versions), S-52, S-71.
package members
