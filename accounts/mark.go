package accounts

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// A mark ties a secret to the audit, whose rows are chained: the event that set the secret holds a MAC of it, and a
// secret that is used must match the newest one. A former value that somebody restored in the database would decrypt,
// but is refused (S-46, S-74). The MAC covers the plaintext of the seal, since key rotation re-encrypts it. Secrets set
// before marks existed have none, and are accepted.
type mark string

const (
	markPassword mark = "mark_password"
	markAnswer   mark = "mark_answer"
	markTOTP     mark = "mark_totp"
)

// gone is the mark of a secret that was removed.
const gone = "gone"

// newest returns the newest mark of an account as a column, "" if there is none.
func (m mark) newest(account string) string {
	return `coalesce((select e.data->>'` + string(m) + `' from audit_events e where e.account_id = ` + account + ` and e.data ? '` + string(m) + `'
		and e.data ?| array['mark_password', 'mark_answer', 'mark_totp'] order by e.at desc, e.id desc limit 1), '')`
}

// secret is a sealed secret together with its location.
type secret struct {
	mark    mark
	purpose seal.Purpose
	place   seal.Place
	sealed  []byte
}

func passwordSecret(id uuid.UUID, sealed []byte) secret {
	return secret{markPassword, seal.PepperPassword, passwordPlace(id), sealed}
}

func answerSecret(id uuid.UUID, sealed []byte) secret {
	return secret{markAnswer, seal.PepperAnswer, answerPlace(id), sealed}
}

func TOTPSecretOf(id uuid.UUID, sealed []byte) secret {
	return secret{markTOTP, seal.TOTP, totpPlace(id), sealed}
}

// markOf adds the marks of secrets to the data of the event that sets them. The error is that of opening a sealed
// value.
func (s *Service) markOf(data map[string]string, secrets ...secret) (map[string]string, error) {
	marked := map[string]string{}
	for name, value := range data {
		marked[name] = value
	}
	for _, one := range secrets {
		plain, err := s.keyring.Open(one.purpose, one.place, one.sealed)
		if err != nil {
			return nil, fmt.Errorf("marking a secret: %w", err)
		}
		marked[string(one.mark)] = base64.RawURLEncoding.EncodeToString(s.keyring.MAC(seal.TokenMAC, one.parts(plain)...))
	}
	return marked, nil
}

func (x secret) parts(plain []byte) [][]byte {
	return [][]byte{[]byte(x.mark), []byte(x.place.Row), plain}
}

// current reports whether a secret matches the newest mark.
func (s *Service) current(x secret, newest string) bool {
	if newest == "" {
		return true
	}
	mac, err := base64.RawURLEncoding.DecodeString(newest)
	plain, openErr := s.keyring.Open(x.purpose, x.place, x.sealed)
	return err == nil && openErr == nil && s.keyring.VerifyMAC(seal.TokenMAC, mac, x.parts(plain)...)
}

// formerEvent is the alert that a former secret is in the database again.
func (s *Service) formerEvent(ctx context.Context, id uuid.UUID, x secret) audit.Event {
	return audit.Event{Kind: audit.SealBroken, At: s.now(), AccountID: id.String(), RequestID: web.RequestID(ctx), Reason: "former_value",
		Data: map[string]string{"table": x.place.Table, "column": x.place.Column, "row": x.place.Row}}
}

// queueNewest reads a mark in the batch with everything else.
func (m mark) queueNewest(b *pgx.Batch, account uuid.UUID, newest *string) {
	b.Queue(`select `+m.newest("$1"), account).QueryRow(func(row pgx.Row) error { return row.Scan(newest) })
}
