// Package recovery helps members who cannot get in: it reminds them of their username,
// lets them set a new password, lets them say "this wasn't me", holds changes that
// support has asked for until their owner could stop them, and hands out the number
// under which support finds everything else.
//
// # Forgotten password
//
//	/recover/password ── any name ──> code ── right ──> question ── right ──> factor ── right ──> new password ──> done
//	                                   │ 5 wrong         │ 3 wrong, or        │ 5 wrong             (every session
//	                                   v                 │ closed for a day   v                      and grant ends)
//	                                 ended               v                  ended
//	                                                  support
//
// The question comes where one is set, the second step where one is enrolled (S-55);
// after is the whole order. A Recovery is found by an opaque cookie, bound to the
// browser, and stands at one step: pages and posts of other steps lead to that one's
// (S-60). What was ended or done never goes on.
//
// # Shared browsers
//
// Whoever begins where a recovery is past its mailbox is asked first (open_page.go), and so is who looks again after fifteen
// minutes. The steps after the mailbox say for whom. A sign-in in the browser, or signing out, ends what was open.
//
// # Nobody learns who has an account
//
// A request keeps what was typed and queues a job; whose name or card it is, is looked up
// by the job, out of sight and time of the request (S-12, S-13). Limits of an address or a
// card work there unseen, those of a source are told (S-09, S-14, S-52).
//
// # Links in notices
//
// /not-me protects the account (accounts.Disown) and ends its open recoveries, /cancel-change stops a held change or
// undoes a change of address, /confirm-email proves one that support has set. Looking changes nothing, the button does, once (S-51).
//
//	Hold ── 24 h ──> applied ── 72 h, a new address only ──> final
//	  └─ link ──> stopped  └─ link ──> undone
//
// # Tables
//
// recoveries: one way to a new password; the name typed is sealed until it is looked up;
// kept for a day after its end. recovery_cards: a card until it is looked up.
// recovery_staff_codes: a code that support has sent. held_changes: addresses sealed
// (purpose pii), the link as a digest; 30 days after the end of the undo time nothing is
// left. support_references: numbers like H7K-2QD-9MW and what they are about, 30 days. All
// instants are UTC and arrive from Deps.Now.
//
// # Who sees what
//
// Whoever holds a cookie sees what a stranger would until the mailbox is proven; then the
// question, and at the end the username. Support sees reasons, never codes, answers or
// links.
//
// # Errors
//
// ErrCode, ErrCodeExpired, ErrEnded, ErrHeld, ErrLink and ErrNoReferral say what they
// mean; accounts' errors of answers and second steps pass through.
//
// # Where it implements what
//
// design.md 2 (Recovery), security bar S-12 to S-14, S-51 to S-60, S-63, S-64.
package recovery
