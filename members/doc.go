// Package members is the roster of eligible people and matches claims against it.
//
// # Purpose
//
// A registrant proves to be a member with what is printed on the member's card: names, suffix, birth date, member number
// ("Número de ID del Cliente"). The roster knows who has such a card. It is also the source of the claims about
// coverage. It is never edited here: a file from the programme replaces it.
//
// # Life of a member
//
//	            in the file             not in the file            in the file again
//	(unknown) ──────────────> active ─────────────────> ended ─────────────────────────> active
//
// An ended member keeps the row, its ID and data: the account remains, coverage does not. Member.Ended says so.
//
// # Import
//
//	file ─> text ─> entries (CSV lines, 834 loops) ─> digests ─> look up, judge ─> seal ─> COPY ─> staging table ─> settle ─> INSERT, UPDATE, end
//	        └────────── one goroutine ────────────────────────┘   └── the other ─────────────────┘                └── in one transaction ──┘
//
// CSV is read in UTF-8, UTF-16 or Windows-1252 (a file that is right only in code page 850 or Mac Roman is refused until a setting
// names its encoding, charset.go), with any of the usual separators and line ends, and with its header in any
// spelling below a title. Other formats (PDF, a web page, a spreadsheet) are recognized and named. In 04/10/1984 the month
// comes first, as on the card, unless a date of the column can only have the day first: then the file is refused until a
// setting states the order. So it is if no date of a column shows the order, and the roster has clearly more of them with the
// day first (date_known.go). X12 834 (005010X220A1) is read as a full or a change file, which BGN08 distinguishes. A full
// file is the whole roster. A change file affects only the members it names. It is read ahead: if several loops have one number, and
// one of them ends or is a dependent's, they come together, so that their order does not matter; so do those that name their member in two ways, which are left out (together.go).
//
// The dates of an 834 are DTP 356, 357, 348, 349, and where those are missing 473, 474 and 303 (x834_dates.go). An end whose only date is
// another one is a fault. Control numbers that repeat refuse the file.
//
// In X12 834 only loops of medical coverage count (HD03, a setting). Those of other insurance lines change nothing and are counted;
// in a full file they mark their member as present. A 024 that names programmes ends these; the member continues under another one
// that covers later days. A dependent (INS*N) who is another person than the subscriber under the same number is left out, wherever
// the loop is; of several dependents under a number that nobody has none becomes its owner.
//
// Columns are recognized by our own names, by the words of the member guide and by the names that programs write
// (column_words.go). Lines that cannot belong to a member, such as totals, page numbers, group titles and repeated headers,
// are skipped and named (skipped.go); a header with other columns in the middle refuses the file.
//
// An entry with a fault is reported and left out, and its member stays as before: every number in it counts as present. If
// no number can be read, the file may not end anybody without AllowUnreadable. Several lines of one member are merged into
// one record with several coverage spans; if they contradict each other, as spans of one programme do that overlap and differ, or one has a
// fault, all of them are left out but those that are held. A
// known number with another name and another birth date is held back until somebody decides on its line, naming the list
// that showed it. So is one with the same names, another suffix and another birth date, as a father and a son have, and one whose birth date
// moves by more than fifteen years while coverage begins later than any that is known, unless the date may be a slip: one digit, two that
// changed places, the century, or the year alone (relative.go). So is, in a full file without AllowDoubtful, a line with both names new, or with the name or birth date of the
// row beside, because cells have slipped (shift.go). So is, in a change file too, a birth date that several
// are given anywhere in the file, and one, or a last name, that two exchange (others_data.go), and a first or last name that changes places
// among two or more, in a ring, while the other name and the birth date stay. So is a change of one name, the suffix or the birth date where
// such changes are dense, or many in the file (dense.go). Of more than a hundred such changes rings come about by
// chance, and of more than three hundred pairs: then those count that one chunk of some 8,000 lines has (renamed.go).
// So are programmes and days of coverage that lines close together have from each other, and an end of coverage that is the known begin
// (coverage_moved.go). The same holds for a line with the name and birth date of an absent
// member under another number, since a digit may be wrong: neither that member nor the number's own changes (renumber.go). So
// is a new number with the name and birth date of any other known member, active or ended, or with a member's as its former
// one (REF Q4), in full and change files (namesake.go); two people of one name whom one file adds are left alone, and the lines of three or more are held (dragged_number.go). If the
// number was given to another person, the former holder keeps row and account, without number and coverage, and the new one
// gets a row of their own, so that no account ever releases another person's claims. If a later file has the former holder
// under that number, the line says so, and the same decision gives the number back to that row, and so to its account. Under
// a new number they are held as well: as the same person they continue in that row (holder.go). If a line gives a known number to
// another known member, that one's row continues under it; so do both rows if one file swaps two numbers (displaced.go, claim.go).
//
// Data that a file does not mention stay as they were: fields without a column, and everything that a change file omits. A
// name that nobody could type, that lost its accented letters, or that is in another script (letters.go) does not replace a good one,
// since it was damaged on the way: the former name stays and the
// line is reported. So does one that only lost its blanks (blanks.go), without AllowDoubtful. Somebody who is given another person's number inherits nothing. The report counts for each field how
// many known members it changes and how many lose it, and how many members on the roster are covered today and would not be any more, or are
// covered again (covered.go); a file that removes a field from most of those who have it is refused
// without AllowDoubtful.
//
// An unterminated last line may have lost part of its last field. Many programs write no line end, so the line is applied
// if all fields are there, unless it would change a known member's data or its last field is most likely incomplete: then it
// is left out, and the file may not end anybody without AllowUnreadable. A new member's line is reported unless its last
// field is certainly complete (cut.go). If fields are missing the file counts as cut off. X12 counts its segments; CSV has
// no count that could be trusted.
//
// Dates that programs write for an empty cell, such as 1900-01-01 and 1899-12-30, are nobody's birth date, in a file or
// typed: the line has a fault, and its member stays as before. As a bound of coverage they mean that there is none.
//
// Faults of the file as a whole (header, compression, truncation, zeros, envelopes, a line beyond 64 KiB) refuse the file.
// Without the matching option so do a column that nothing reads and that seems to say who ended (end_columns.go),
// dates that were moved or sorted (date_moved.go), programmes that are another order of themselves or the row's beside, birth dates and begins
// of coverage that changed places (column_moved.go), a file that consists of two
// (returned.go), one with fewer rows than a total in it says (totals.go), one whose rows were pasted over others (pasted.go), a file that would end more than 5 % of the members, together with those who ended in the last three days, or
// take the coverage of as many that they have today, and one in which so many known numbers come with other people's data
// that a column must have shifted. A file is identified by the SHA-256 of its lines, whichever line ends they have: importing
// the newest again with the same settings only lists the lines that are still held (with others it is read anew, reading.go); an older one is refused, as is an 834 that was made, by BGN or
// GS, before one that was applied.
// CSV does not say when it was made, so the sum of its rows' digests is kept as well: an older file in another form or order is
// refused too (rows.go).
//
// The limit for a million members is one minute and 200 MiB, whether everybody is new, a full file changes everybody, or a
// change file does (TestScaleOf834).
//
// # Tables
//
// members: id (UUIDv7, which accounts refer to), number_mac (HMAC of the number, seal.Index, by which a member is found),
// content_mac (HMAC of the record, which tells whether an import changes it), identity_mac (HMAC of last name, first name and birth
// date as they are compared, by which a person is found without a number; null if not known, and then matched by nobody), sealed (the record as JSON, seal.PII, bound to
// the ID), ended_at, replaced_at (the number was given to somebody else), created_at, changed_at. roster_imports: one row per
// applied file, with its hash, the settings that it was read with, the digest of its rows, its counts, and when it was made. Instants are in UTC; dates are civil dates without a zone.
// No column holds personal data in clear. Rows are never deleted here.
//
// After a rotation of the index key, members are also found under the old digest, and the next import moves them to the new
// one. It counts them as changed, since their content digest is new as well.
//
// Rows of a release that knew no identity_mac get it at the beginning of the next import, in its transaction, whether or not the
// file names them.
//
// # Matching
//
// Every part must be equal in content: first name, last name (both surnames), suffix, birth date, number. How it was typed
// does not matter: Unicode form, case, spaces, kinds of apostrophe and hyphen; nor do accents (Ñ is N), apostrophes, hyphens,
// dots, commas, slashes and inner spaces. One rule (name.go) reads the names of form and file; names in a file that nobody
// could type are counted and reported as "cannot register". There are no nicknames, swapped names or edit distances. Numbers
// lose spaces and dashes, keep leading zeros, and have a configurable form (nine digits).
//
// # Errors
//
// ErrNoMatch is the only answer to a wrong claim and costs the same work as a match. ErrUnknown: no such ID or number, for
// callers that know what they ask for. ErrMemberNumber: the form is wrong; it says nothing about the roster. *FileError, the
// guards (*ShrinkError, *UnreadableError, *DoubtError, *ClearError, *LapseError, *DateOrderError, *EncodingError, *MovedError, *SortedError, *ExchangedError, *LateError, *TwiceError, *ShortError, *PastedError, *EndColumnError, *ReviewError), ErrOldFile,
// ErrImportRunning: an import was refused and nothing changed. The guards have seen the whole file; as many as apply are
// returned together with its report. No error quotes personal data, but the end of a number.
//
// Design section 5; security bar S-13 (equal work), S-46 (sealed, bound to the row), S-47 (key versions), S-52, S-71.
package members
