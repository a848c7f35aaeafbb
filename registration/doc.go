// Package registration creates a member's account: five steps, one record, one transaction at the end.
//
//	agreement ──De acuerdo──> personal ──match──> credentials ──> code ──> review ──Finalizar──> account, signed in,
//	  │ En desacuerdo            │ ^                 │ ^            │         │                   back to the app
//	  v                          │ └─Previo, void────┘ └──Previo────┘<─Previo─┘
//	sign-in, nothing kept        └─ third refusal in a row ──> locked, with a reference number
//
// step.go holds the order as a table. A step opens once all before it are done; a request for another step is redirected to
// the first that is not. Previo keeps what was typed, except for secrets. The pending authorization request (flow) is part
// of the address and of the record, and is resumed at the end.
//
// The step is not stored: it follows from what the record holds, so that Previo and a card changed later void what depends
// on them. Package recovery has a machine of its own because there the step is stored and only moves forward: an earlier
// proof is neither repeated nor undone, and the account decides which steps exist. A machine for both would need a flag for
// each of these.
//
// # The record
//
// A row of registrations is found by an opaque cookie (its SHA-256 is stored), works only in the browser that began it, and
// lives for 24 h without use. It chooses the account's ID at once, so that the hashes of password and answer are bound to
// it; the secrets themselves are never stored. The card as typed and the chosen username and address are sealed (purpose
// pii). A refused form is stored as well, so that a reload or another language loses nothing. A finished row keeps none
// of that; for ten minutes it answers a second Finalizar like the first.
//
// A POST takes at most four round trips and one commit (trips_test.go): the lock is part of the first batch, and all changes
// of a step, mail and session included, are sent in one batch with the commit.
//
// # Shared browsers
//
// Once somebody has opened an entrance (web.Entrance), every page and form of an open registration leads to the question
// whose it is (open.go), and so does a return after fifteen minutes. Whoever says that it is theirs types the number of the
// matched card (claim.go); three wrong ones erase it. Number and birth date are then not filled in again, and nothing is of
// a card that was not matched. The steps after the match name the person. A sign-in in the browser, or a sign-out, erases
// an open registration (QueueEndBrowser). The welcome mail carries the link with which an owner undoes what somebody else
// has finished.
//
// # Matching
//
// The roster decides (package members); every refusal has the same text. An attempt is counted before it is judged, on the
// record and on the member number typed, known or not: the third refusal in a row locks both under one reference number until
// IdentityLock has passed or staff call Release. A match resets the counts; the same claim again is counted once. The browser
// is not locked: another person can start again with another card. A source is slowed down after twenty refusals in an hour,
// or later if cards of that source match. Counters and locks are rows of identity_guards, by keyed digest.
//
// A matched member who has an account continues like everybody (S-52): the code page looks the same, but there is no code,
// and the mailbox on file is notified, at most once a day. Two browsers with one card may both reach the end; the unique
// member of accounts decides, and the later one is shown that the member has an account.
//
// # Codes
//
// Six digits, stored as a MAC (purpose pepper-code) for 15 minutes and five tries. Mails to one
// member: a minute apart, 5 an hour, 10 a day (S-14); to one address 40 an hour; of one source 20 an hour (S-09), not counting
// those whose code was entered. If a code has to wait, nothing of the form is lost.
//
// # Tables and times
//
// registrations, identity_guards; of a refused card the names of the fields that differ are stored for support (StuckAs,
// StuckAt, CardLock), never shown to the browser; instants are UTC and arrive as arguments. Sweep deletes idle rows after a day, rows with a
// lock after a week, counters when their window or lock is over.
//
// # Errors
//
// ErrNoMatch, ErrCode, ErrCodeExpired, ErrCodeEnded, ErrUsernameTaken, ErrHasAccount are shown on the page of the step.
// ErrNoMatch at Finalizar leads to the card: the member left the roster since the match, and gets the same text as anybody who is not on it.
// A step out of order is a 303 to the right one, a registration that is gone a 410 with a link to start again, a limit
// a 429, a row that another request holds a 503.
//
// # Texts
//
// The agreement and the certification are files by version and language (legal.go); version, language and hash of what was
// shown are recorded. The samples are to be replaced by the operator.
package registration
