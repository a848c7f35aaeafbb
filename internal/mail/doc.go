// Package mail is the outbox: mails are queued in the caller's transaction and sent by workers, at least once, under a
// constant Message-ID.
//
//	use case ── Enqueue(ctx) ──> row in mails + River job      same transaction
//	worker   ── job ──> SMTP ── accepted ──> sent, body cleared
//	                      ├─ rejected (5xx) ──> failed, body cleared
//	                      └─ anything else ──> retried after 5 s … 1 h, with jitter
//
// A mail is rendered in the member's language when it is queued. Recipient, subject and both parts are sealed (purpose
// queue) until the mail is sent, failed or expired (NotAfter): an expired code is not sent. After 80 attempts, about three
// days, a mail has failed. The job of a dead worker restarts within 120 s (package jobs), and Requeue finds mails that
// have lost their job.
//
// Table mails: id (UUIDv7), kind, account_id, state queued | sent | failed | expired, attempts, last_error (an SMTP status
// or a fixed text, never the server's text, which quotes addresses), sealed, created_at, not_after, done_at (UTC). Sweep
// deletes rows 30 days after they are done. River's tables hold only the row's ID.
//
// SMTP requires TLS, implicit or by STARTTLS, with a verified certificate (S-79); plain text is for the demo's mailbox on
// the same machine. Headers are built by go-mail from parsed addresses (S-50).
package mail
