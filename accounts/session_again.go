package accounts

import (
	"crypto/sha256"
	"time"

	"github.com/google/uuid"
)

// againWithin is how soon the sign-in form, or Finalizar, is taken for the same one sent again. Two presses, or a lost
// answer, open a session each; the browser keeps the cookie of one of them, and nobody knows which.
const againWithin = 15 * time.Minute

// openedIn is the digest by which the sessions that one browser opened for one account are known; nil without its cookie.
func openedIn(browser []byte, account uuid.UUID) []byte {
	if browser == nil {
		return nil
	}
	sum := sha256.Sum256(append(browser[:len(browser):len(browser)], account[:]...))
	return sum[:]
}

// openedTogether holds for a session s that the same form as session n opened; sameForm for one that is open.
const sameForm = openedTogether + ` and s.ended_at is null`
const openedTogether = `s.account_id = n.account_id and s.opened_in = n.opened_in and s.sid <> n.sid
	and s.auth_time between n.auth_time - interval '15 minutes' and n.auth_time + interval '15 minutes'`

// neverUsed holds for a session s that no request has had since the form was answered, but for its first minute.
const neverUsed = `s.last_seen_at = s.auth_time and s.renewed_at is null`
