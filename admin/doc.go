// Package admin is the support desk: how people of the programme help members who are stuck, over a JSON API and a console
// of pages on the same use cases. It stands on top and may look at every feature; nothing imports it but cmd/idp.
//
// # A call to the desk
//
//	Find      one exact value ──> one member, or only how many          60 an hour
//	Look      masked summary, what stands in the way, what happened
//	Check     how the caller was verified, for 15 minutes and one person of the desk
//	          spoken code │ facts of the card │ call back │ in person │ none
//	Do        one act, with reason and case number                      20 an hour
//	           ├─ done, and the member is told
//	           ├─ frozen for a second person, within a day ── Decide ──┐
//	           └─ held for a day by package recovery, with a link that stops it <┘ (address, second steps)
//
// Every use case goes through record, which writes a line into the desk's book and an audit event in the transaction of what
// was done; a denial undoes the transaction and is recorded by itself. allow is the one gate, rules its one table. Acts on one
// member wait for each other and carry the version of the member that the person saw.
//
// # Who may do what
//
// Roles are read, recover, approve, admin and audit; rules in act.go says which acts each gives, TestRoleTable prints it.
// Roles are read anew for each call. Nobody acts on accounts of the desk. Acts, decisions and exports need a sign-in within
// the last five minutes. A second person is needed for another address; for taking second steps away, unless the caller has
// read out a code from the mailbox; and for the third recovery of one member in seven days.
//
// # The two ways in
//
// API: bearer access tokens of the provider with the scope admin and the API's address as audience, from a sign-in with a
// second step; tokens that are bound to a key are not taken. Idempotency-Key on everything that changes something. Errors are
// problem+json. openapi.json is made from the table of endpoints and from the types (go test -run DocumentFile -update).
//
// Console: a relying party of the provider (authorization code, PKCE, nonce), whose calls to it stay in the program. Cookies
// are SameSite=Strict; a browser that another site leads here is shown a page that leads to itself, so that they come along.
// A form that meets an old sign-in is kept, sealed, until the person has signed in again.
//
// # Tables
//
// staff: who works here. desk_entries: the book; reasons are sealed, since a person typed them, and stay out of the audit.
// caller_verifications: methods and instants, the code as a keyed digest. desk_requests: acts that wait, sealed as they were
// asked. desk_replies: answers to repeats, for a day. console_sign_ins, console_sessions: SHA-256 of state and token. All
// instants are UTC and arrive from Deps.Now. Requests go 30 days after their end, book and verifications after six years
// (S-73).
//
// # Who sees what
//
// The desk sees usernames, initials, the year of birth, the end of the member number, the first letter and the domain of the
// address, names of fields that differ; never values, answers, secrets, codes or links. An approver sees the new address.
// Members see in their history that the desk looked or acted, and get a mail for each act.
//
// # Errors
//
// errors.go: each denial is a sentinel with a word for the book; problem.go turns them into problems, the pages into
// sentences. *LimitError is a 429 and, where it is a person's own limit, an alert.
//
// # Where it implements what
//
// Security bar S-20, S-21 (in part), S-23 to S-26, S-61 to S-65, S-69 to S-71, S-74, R-03, R-04; RFC 9457, RFC 6750, RFC 9068,
// RFC 9470, RFC 9207; OpenAPI 3.1. Opening a closed account takes one person of the role admin: design.md asks for no second.
package admin
