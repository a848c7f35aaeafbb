// Package accounts holds what a member signs in with: username, e-mail address,
// password, secret question, and the sessions that sign-ins open.
//
// # Sign-in
//
//	Authenticate   wait for a hash slot (ErrBusy after 1.5 s)
//	               reserve: take from the source's limit, count a
//	                 failure, read the account                      1 batch, commits
//	                 └─ waiting ──> record ──> *WaitError
//	               hash, of nobody's password if there is no account
//	                 ├─ wrong ──> record ──> ErrWrongCredentials
//	                 ├─ right, closed ──> record ──> ErrDisabled
//	                 └─ right ──> Account
//	StartSession   clear the failures, end older sessions, open one,
//	               record                                           1 batch, commits
//	Session        session and account, judged and touched          1 statement
//
// A failure is counted before the password is looked at, so parallel attempts buy
// nothing, and what they cost does not depend on whether the username exists (S-10,
// S-12, S-13). Five failures in a row start a wait of 60 s that doubles to an hour; a
// hundred use the password up until it is set anew (S-07). They are counted per
// canonical username, existing or not (S-08), except from a browser whose device cookie
// proves an earlier sign-in to this account: it has a count of its own, so that a
// stranger cannot lock a member out (S-11). SendNotices tells the owner of a lock, and
// of a sign-in from a new device, soon afterwards and outside the sign-in.
//
// # Tables
//
// accounts: one row per account; username is the canonical form; the address is sealed
// (purpose pii) and found by a keyed digest of its folded form; the password is an
// Argon2id PHC string, sealed (pepper-password) and bound to the row. The view
// account_states is what other packages join with. account_questions: the question's
// key and the sealed hash of its answer (pepper-answer). account_acceptances: which
// version of the agreement and of the certification was accepted, in which language,
// with the hash of the text. sessions: SHA-256 of the token, sid, what was proven, ends;
// kept 30 days. sign_in_throttles: failures in a row per keyed digest of a name. All
// instants are UTC and arrive from Deps.Now.
//
// # Who sees what
//
// A member sees the own account (Handler); the provider reads accounts by id to release
// claims; registration creates them. Hashes and answers leave this package only sealed.
//
// # Errors
//
// The sentinels and WaitError are in errors.go. Flaw says what is wrong with something
// typed, as the end of a catalog key.
//
// # Where it implements what
//
// Security bar S-01 to S-05, S-07, S-08, S-10 to S-13, S-22, S-23, S-25, S-46, S-49,
// S-50, S-57, S-58; NIST SP 800-63B-4 3.1.1; RFC 8265 (usernames), RFC 9106 (Argon2id).
// S-03's list is derived from a frequency list of shorter passwords, see common.go. The
// minute between two notes of use may end an idle session up to a minute early.
package accounts
