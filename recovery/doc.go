// Package recovery helps members who cannot sign in: it reminds them of their username, lets them set a new password and say
// "this wasn't me", holds changes made by support until their owner had time to stop them, and issues the number under which
// support finds everything else.
//
// # Forgotten password
//
//	/recover/password ── any name ──> code ── right ──> question ── right ──> factor ── right ──> new password ──> done
//	                                   │ 5 wrong         │ 3 wrong, or        │ 5 wrong             (every session
//	                                   v                 │ closed for a day   v                      and grant ends)
//	                                 ended               v                  ended
//	                                                  support
//
// The question is asked if one is set, the second step if one is enrolled (S-55); after defines the whole order. A Recovery is
// found by an opaque cookie, bound to the browser, and is at one step: pages and posts of other steps redirect to its page
// (S-60). A recovery that has ended or is done never continues. The step is stored and only moves forward, unlike that of
// package registration, whose steps can be revisited and follow from what was typed; see there why each has its own.
//
// # Shared browsers
//
// Once somebody has opened an entrance (web.Entrance), every page and form of an open recovery leads to the question whose it
// is (open_page.go), and so does a return after fifteen minutes. Whoever says that it is theirs proves everything again: a new
// code is mailed, then the question and the second step. The steps after the mailbox name the person. A sign-in in the browser,
// or a sign-out, ends an open recovery.
//
// # Nobody learns who has an account
//
// A request stores what was typed and queues a job, which looks up whose name or card it is, outside of the request
// (S-12, S-13). Limits of an address or a card are applied there silently, those of a source are reported (S-09, S-14, S-52).
//
// # Links in notices
//
// /not-me protects the account (accounts.Disown) and ends its open recoveries, /cancel-change stops a held change or
// undoes a change of address, /confirm-email proves one that support has set. Opening a page changes nothing, its button does, once (S-51).
//
//	Hold ── 24 h ──> applied ── 72 h, a new address only ──> final
//	  └─ link ──> stopped  └─ link ──> undone
//
// A member's closing of the account is held for days (Deps.CloseHold); a sign-in stops it too (QueueKeptOpen). It is dropped
// if staff or "this wasn't me" have shut the account meanwhile.
//
// # Tables
//
// recoveries: the name typed is sealed until it is looked up; a row is kept for a day after its end. recovery_cards: a card
// until it is looked up. recovery_staff_codes: a code sent by support. held_changes: addresses sealed (purpose pii), the link
// as a digest; deleted 30 days after the end of the undo time. support_references: numbers like H7K-2QD-9MW and what they
// refer to, for 30 days. All instants are in UTC and come from Deps.Now.
//
// # Who sees what
//
// The holder of a cookie sees what anybody would see until the mailbox is proven; then the
// question, and at the end the username. Support sees reasons, never codes, answers or
// links.
//
// # Errors
//
// ErrCode, ErrCodeExpired, ErrEnded, ErrHeld, ErrLink and ErrNoReferral; the errors of accounts for answers and second steps
// are passed through.
//
// # What it implements
//
// design.md 2 (Recovery), security bar S-12 to S-14, S-51 to S-60, S-63, S-64.
package recovery
