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

// A mark ties a secret to the audit, whose rows are chained: the event that set the secret
// holds a MAC of it, and a secret that is used must fit the newest one. A former value that
// somebody put back with the database opens at its place, and is refused all the same
// (S-46, S-74). The MAC is of what is sealed, which is sealed anew when keys rotate. Secrets
// set before there were marks have none, and are taken.
type mark string

const (
	markPassword mark = "mark_password"
	markAnswer   mark = "mark_answer"
	markTOTP     mark = "mark_totp"
)

// gone is the mark of a secret that was taken away.
const gone = "gone"

// newest is the newest mark of an account, as a column; "" for none.
func (m mark) newest(account string) string {
	return `coalesce((select e.data->>'` + string(m) + `' from audit_events e where e.account_id = ` + account + ` and e.data ? '` + string(m) + `'
		and e.data ?| array['mark_password', 'mark_answer', 'mark_totp'] order by e.at desc, e.id desc limit 1), '')`
}

// secret is a sealed secret where it lives.
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

// markOf is what the event that sets these secrets holds besides data. The error is the
// sealed value's.
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

// current reports whether a secret is the one that the newest mark is of.
func (s *Service) current(x secret, newest string) bool {
	if newest == "" {
		return true
	}
	mac, err := base64.RawURLEncoding.DecodeString(newest)
	plain, openErr := s.keyring.Open(x.purpose, x.place, x.sealed)
	return err == nil && openErr == nil && s.keyring.VerifyMAC(seal.TokenMAC, mac, x.parts(plain)...)
}

// formerEvent is the alert that a former secret stands in the database again.
func (s *Service) formerEvent(ctx context.Context, id uuid.UUID, x secret) audit.Event {
	return audit.Event{Kind: audit.SealBroken, At: s.now(), AccountID: id.String(), RequestID: web.RequestID(ctx), Reason: "former_value",
		Data: map[string]string{"table": x.place.Table, "column": x.place.Column, "row": x.place.Row}}
}

// queueNewest reads a mark in the batch of what else is read.
func (m mark) queueNewest(b *pgx.Batch, account uuid.UUID, newest *string) {
	b.Queue(`select `+m.newest("$1"), account).QueryRow(func(row pgx.Row) error { return row.Scan(newest) })
}
