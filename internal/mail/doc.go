// Package mail is the outbox: mails are queued in the caller's transaction and sent
// by workers, at least once, under one Message-ID.
//
//	use case ── Enqueue(ctx) ──> row in mails + River job      same transaction
//	worker   ── job ──> SMTP ── accepted ──> sent, body cleared
//	                         ├─ refused for good (5xx) ──> failed, body cleared
//	                         └─ anything else ──> tried again after 5 s … 1 h, with jitter
//
// A mail is rendered in the member's language when it is queued. Recipient, subject
// and both parts are sealed (purpose queue) until it is sent, failed or expired
// (NotAfter): a code that is no longer valid is not sent. After 80 tries, about three
// days, a mail has failed. A job whose worker died is taken up again within 120 s
// (package jobs), and Requeue finds mails whose job is gone without them.
//
// Table mails: id (UUIDv7), kind, account_id, state queued | sent | failed | expired,
// attempts, last_error (an SMTP status or a word of ours, never the server's text,
// which quotes addresses), sealed, created_at, not_after, done_at (UTC). Sweep deletes
// rows 30 days after they are done. River's tables hold the row's id alone.
//
// SMTP needs TLS, implicit or by STARTTLS, with a verified certificate (S-79); plain
// is for the demo's mailbox on the same machine. Headers are built by go-mail from
// parsed addresses (S-50).
package mail
