// Package accounts holds what a member signs in with: username, email address, password, second steps, secret question, and
// the sessions that sign-ins open. It knows rules and tables; its pages are in package selfservice.
//
// # Sign-in
//
//	Authenticate   wait for a hash slot (ErrBusy or *TurnError at once if that takes over 1.5 s)
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
// With a second step, no session begins before it (S-18). A pending sign-in has a token of its own, which opens nothing else,
// for ten minutes and five tries in one browser:
//
//	StartPending   clear the failures, keep the sign-in back        1 batch
//	ProvePending   count the try; then one of
//	                 CheckTOTP      count, look, compare-and-set
//	                 UseSavedCode   count, a keyed digest, compare-and-set
//	                 FinishPasskey  take the challenge, compare-and-set of the counter
//	FinishPending  take what waits, then as StartSession            1 transaction
//
// A step-up (S-20) works the same way and ends in RenewSession: the session keeps its sid and its end, and gets
// another token, amr, acr and auth_time. The same proof sent again within 15 s gets the same token (RenewedSession).
// A passkey that verified its owner also replaces the password. The failures of a factor are counted separately from
// the password's, and only its own right proof clears them (S-16). A factor that is enrolled within a day after a
// recovery, or by the password alone within ten days after a sign-in on a new device, is neither asked for nor
// accepted for a day (S-55): Factors returns those that count now. "This wasn't me" and a recovery remove those that
// still wait.
//
// The ladder of acr values is in acr.go. amr holds pwd, otp (an app's or a saved code), pop (a passkey; whether its key is in
// hardware is unknown) and mfa.
//
// A failure is counted before the password is compared, so parallel attempts gain nothing, and their cost does not depend on
// whether the username exists (S-10, S-12, S-13). Five failures in a row start a wait of 60 s that doubles up to an hour; a
// hundred disable the password until it is reset (S-07). They are counted per canonical username, existing or not (S-08),
// except from a browser whose device cookie proves an earlier sign-in to this account: it has a count of its own, so that a
// attacker cannot lock a member out (S-11). SendNotices notifies the owner of a lock, and of a sign-in from a new device, soon
// afterwards and outside the sign-in.
//
// Slow hashes are computed a few at a time, in the order of arrival (slots.go). A person who would have to wait too long within
// a request gets a turn: the page comes back for it by itself.
//
// # Accounts of another system
//
// ImportAll imports accounts with their existing hashes (ParseForeignHash), sealed in the place of our own. The first right
// password replaces the hash; one that is unused for a year is deleted. Until then a wrong password costs one hash of each
// scheme, for any account. The member's session is Unsettled until the page at WelcomePath has a proof of the address, a secret
// question, and another password if the old one breaks the rules; selfservice and the provider lead there first.
//
// # Support desk
//
// FindExact finds accounts by whole values, Locks lists what too many failures have locked and until when, ReleaseLock ends a
// lock. Disable closes an account and ends its sessions and grants; Enable reopens it in the state its owner left: a protected
// one stays protected. BeginClose and Close end an account at its member's wish, which package recovery holds in between:
// credentials, address and the tie to the roster are erased at the end, the username 30 days later. People of the desk have accounts too (CreateStaff), without a card, and without a password until recovery
// sets the first one. The desk's console joins the view open_sessions, to end together with the sign-in that it came from.
//
// # Tables
//
// accounts: one row per account; username is the canonical form; the address is sealed (purpose pii) and found by a keyed digest
// of its folded form; the password is an Argon2id PHC string, sealed (pepper-password) and bound to the row. Other packages join
// the views account_states and session_ends. account_questions: the question's key and the sealed hash of its answer
// (pepper-answer), and how many answers were wrong since the last right one. former_questions: the question before, for ten days, for "this wasn't me". account_acceptances: which version
// of the agreement and of the certification was accepted, in which language, with the hash of the text. sessions: SHA-256 of the
// token, sid, what was proven, expiry, and after the end whether its apps are still to be notified; kept for 30 days.
// sign_in_throttles: consecutive failures per keyed digest of a username.
// account_totp: the sealed key (totp) and the newest step that was accepted; a key that was shown and never proven is deleted
// after a day. account_passkeys: public keys. account_saved_codes: sealed digests (pepper-code). factor_throttles: wrong codes
// of a factor, consecutive and within a window. pending_sign_ins and passkey_ceremonies: what awaits a second step, and what a
// browser's passkey was asked; both are found by a digest and used once. disown_links: "this wasn't me", by a digest,
// ten days; one of the history dies with its session.
// remembered_devices: browsers that are spared the second step, by a digest; they end with the sessions that they opened, other
// than by time or sign-out, and with every change of credentials. used_disown_links: one that was just used, for its second press. answer_throttles: a day's wrong answers. email_proofs: the
// address that a member wants to change to, and its code. All instants are in UTC and come from Deps.Now.
//
// Passwords, answers and apps' keys are tied to the audit: the event that set one holds a MAC of it (mark.go), and a former one
// that was restored in the database is refused.
//
// # Who sees what
//
// A member sees their own account (package selfservice); the provider reads accounts by ID to release
// claims; registration creates them. Hashes and answers leave this package only sealed.
//
// # Errors
//
// The sentinels and WaitError are in errors.go. Flaw is what is wrong with typed text, as the suffix of a catalog key.
//
// # Where it implements what
//
// Security bar S-01 to S-08, S-10 to S-13, S-15 to S-23, S-25, S-46, S-49, S-50, S-55, S-57, S-58, R-08; NIST SP 800-63B-4 3.1.1;
// RFC 8265 (usernames), RFC 9106 (Argon2id), RFC 6238 (TOTP), RFC 8176 (amr), WebAuthn 3.
// S-03's list is derived from a frequency list of shorter passwords, see common.go. Since use is recorded once a minute, an idle
// session may end up to a minute early.
package accounts
