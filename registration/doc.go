// Package registration is how a member gets an account: five steps, one record, one transaction at the end.
//
//	agreement ──De acuerdo──> personal ──match──> credentials ──> code ──> review ──Finalizar──> account, signed in,
//	  │ En desacuerdo            │ ^                 │ ^            │         │                   back to the app
//	  v                          │ └─Previo, void────┘ └──Previo────┘<─Previo─┘
//	sign-in, nothing kept        └─ third refusal in a row ──> locked, with a reference number
//
// step.go holds the order as a table. A step opens once all before it are done; who comes to another is sent to the first
// that is not. Previo keeps what was typed, secrets apart. The authorization request that waits (flow) goes along in the
// address and in the record, and is resumed at the end.
//
// # The record
//
// A row of registrations is found by an opaque cookie (SHA-256 is stored), works only in the browser that began it, and
// lives for 24 h without use. It chooses the account's id at once, so that the hashes of password and answer are bound to
// it; the secrets themselves are never stored. The card as typed and the chosen username and address are sealed (purpose
// pii). What a form refuses is kept as well, so that a reload or another language loses nothing. A finished row keeps none
// of that; for ten minutes it answers a second Finalizar like the first.
//
// A post takes at most four round trips and one commit (trips_test.go): the lock comes with begin, and all that a step leaves
// behind, mail and session included, goes out in one batch with the commit.
//
// # Shared browsers
//
// Whoever begins where a registration is open is asked first (open.go), and so is who looks again after fifteen minutes; number
// and birth date are then not put back. The steps after the match say for whom. A sign-in in the browser, or signing out, erases
// what was open (QueueEndBrowser).
//
// # Who is who
//
// The roster decides (package members); every refusal is the same sentence. Refusals are counted before they are judged on
// the record and on the member number typed, existing or not: the third in a row locks both under one reference number until
// IdentityLock has passed or staff call Release. A match ends the counts; the same claim again counts once. The browser is
// not locked: another person begins anew there with another card. A source slows down after twenty refusals in an hour, and
// later where cards match. Counters and locks are rows of identity_guards, by keyed digest.
//
// A matched member who has an account walks on as everybody does (S-52): the code page looks the same, but no code exists,
// and the mailbox on file is told, at most once a day. Two browsers with one card both may come to the end; the unique
// member of accounts decides, and the later one reads that the member has an account.
//
// # Codes
//
// Six digits, kept as a MAC (purpose pepper-code) for 15 minutes and five tries. Mails to one
// member: a minute apart, 5 an hour, 10 a day (S-14); to one address 40 an hour; of one source 20 an hour (S-09), those that
// were read apart. A code that has to wait loses nothing of the form.
//
// # Tables and times
//
// registrations, identity_guards; of a refused card the names of the fields that differ are kept for support (StuckAs,
// StuckAt, CardLock), never shown to the browser; instants are UTC and arrive as arguments. Sweep deletes idle rows after a day, rows with a
// lock after a week, counters when their window or lock is over.
//
// # Errors
//
// ErrNoMatch, ErrCode, ErrCodeExpired, ErrCodeEnded, ErrUsernameTaken, ErrHasAccount become sentences on the page of the
// step. A step out of order is a 303 to the right one, a registration that is gone a 410 with the way to begin anew, a limit
// a 429, a row that another request holds a 503.
//
// # Texts
//
// The agreement and the certification are files by version and language (legal.go); version, language and hash of what was
// shown are recorded. The samples are to be replaced by the operator.
package registration
