// Package recovery helps members who cannot get in, and holds the pages on which everybody finds help.
//
//	/recover ── one of three needs ──> a reference number ──> /support
//	registration, three refused identities ──> Refer ──> the same kind of number
//
// Support staff take over from the number: it says what the browser that showed it is stuck on. Nothing is asked of the
// member here, so nothing is said about whether an account exists (S-52).
//
// Table support_references: the number, the reason, the digest of the browser cookie, the registration it is about, the
// language and the instant (UTC). Rows go after 30 days. A number is a name and no secret: it opens nothing.
//
// /privacy and /language-help are pages without state. All pages keep the pending authorization request in ?flow=.
package recovery
