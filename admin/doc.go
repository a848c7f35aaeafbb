// Package admin is the support desk: how staff of the programme help members who are stuck, through a JSON API and a console
// with the same use cases. It is above all features and may import each; only cmd/idp imports it.
//
// # A call to the desk
//
//	Find      one exact value ──> one member, or only how many          60 an hour
//	          name and birth date (role recover) ──> one member, or few, masked
//	Look      masked summary, obstacles, what happened
//	Check     how the caller was verified, for 15 minutes, one person of the desk and one session, until a check fails
//	          spoken code │ facts of the card │ call back │ in person │ none
//	Do        one act, with reason and case number                      20 an hour
//	           ├─ done, and the member is notified
//	           ├─ frozen for a second person, within a day ── Decide ──┐     one of a kind and member at a time
//	           └─ held for a day by package recovery, with a link that stops it <┘ (address, second steps)
//
// # The queue
//
// Queue lists what waits: numbers that members were told, and changes on hold (view support_matters, without closings). It names
// nobody (S-62). OpenCase shows one, as a search that counts: when a registration was refused and which fields differ. HelpWith
// takes it, hands it over to a colleague or to whoever takes it next, finishes it, or adds a note; who asked for a change on hold, or
// approved it, only adds notes to its case, which ends with the change. Each press carries the version
// that the person saw, so that of two one succeeds and the other gets a *TakenError. A member is helped on the member's page, as
// after a search.
//
// Every use case goes through record, which writes a line into the desk's book and an audit event in the same transaction; a
// denial rolls it back and is recorded separately. allow is the only gate, rules its only table. Acts on one member are
// serialised and carry the version of the member that the person saw. Notes, reasons and case numbers with a member number or a
// Social Security number are refused (free_text.go).
//
// # Who may do what
//
// Roles are read, recover, approve, admin and audit; rules in act.go says which acts each gives, TestRoleTable prints it.
// Roles are read for every call. Nobody acts on accounts of the desk. Acts, decisions and exports need a sign-in within the
// last five minutes. A second person must approve another address, removing the second steps or the secret question, lifting
// a lock for a caller who has proven only a mailbox, and the third recovery of one member within seven days.
//
// Administrators decide who works at the desk (people_change.go). What is taken away ends at once, and
// with the last role that may help the person's cases are free; new roles, and new people, wait up to a day for another
// administrator, who sees why, since one alone could otherwise be both people of an act that needs two. What somebody asked for ends with the role to ask for it.
// So does the removal of a colleague's two-step verification that was lost, which outlives a change of roles. Whoever asked withdraws it. Nobody changes their own roles; emergency accounts are the operator's. A colleague's page shows administrators and auditors
// what that person did, saw and was denied in seven days, and what of theirs is on hold; also that of who left, for six years. Who may decide gets a mail, at most four an hour.
//
// Alerts lists the audit's alerts of 90 days (view alert_events), those of one kind about the same account, app and person in one row;
// administrators and auditors note what they have seen and handled, not of what they set off themselves. Who reaches the limit of
// searches or acts is told to them by mail.
//
// Figures counts by day, without members' names: help from the queue, locks by cause, how far registrations got, what each
// person of the desk did. Its CSV has fixed words but for those persons' names; a cell that would begin a formula gets an apostrophe.
// AppFigures counts, by year, the members who let apps of their choice have health data (42 CFR 431.60).
//
// # The two ways in
//
// API: bearer access tokens of the provider with the scope admin and the API's address as audience, from a sign-in with a
// second step; sender-constrained tokens are not accepted. Everything that changes something takes an Idempotency-Key. Errors
// are problem+json. Each act of rules has an endpoint, also those of supervisors. openapi.json is generated from the table of endpoints and the types (go test -run DocumentFile -update).
//
// Console: a relying party of the provider (authorization code, PKCE, nonce), whose calls to it stay within the process.
// Cookies are SameSite=Strict; a browser led here by another site gets a page that reloads itself, so that the cookies are
// sent. A form submitted with an old sign-in is kept, sealed, until the person has signed in again; so is one with a note or a
// reason whose session ended meanwhile, also by a sign-out in another tab; the page's script sends it by itself with keep=yes. The page then says that it is not done
// yet (kept.go), and a form whose sender has lost the role says that the roles changed and shows what was written.
//
// # Tables
//
// staff: people, roles, and roles that wait for an administrator; also who left, without roles. desk_entries: the book; reasons are sealed, since a person typed them, and not part of the audit.
// caller_verifications: methods and instants, code and refused facts as keyed digests. desk_requests: acts awaiting approval, sealed.
// desk_alerts: who saw or handled an alert, for six years.
// desk_cases: who helps with what. desk_notes: what they wrote about it, sealed. desk_replies: responses
// to repeats, for a day. console_sign_ins, console_sessions: SHA-256 of state and token. All instants are UTC and come from
// Deps.Now. Requests are deleted 30 days after their end, notes and cases after 60 days, book and verifications
// after six years (S-73).
//
// # Who sees what
//
// The desk sees usernames, initials, the year of birth, the end of the member number, the first letter and the domain of the
// address, and names of fields that differ; never values, answers, secrets, codes or links. An approver sees the new address.
// Members see in their history that the desk looked or acted, and are notified of each act by mail.
//
// # Errors
//
// errors.go: each denial is a sentinel with a word for the book; problem.go maps them to problems, the pages to sentences.
// *LimitError is a 429 and, if it is a person's own limit, an alert.
//
// # Where it implements what
//
// S-20, S-21 (in part), S-23 to S-26, S-61 to S-65, S-69 to S-71, S-74, R-03, R-04; RFC 9457, RFC 6750, RFC 9068,
// RFC 9470, RFC 9207; OpenAPI 3.1. Opening a closed account takes one person of the role admin: design.md asks for no second.
package admin
