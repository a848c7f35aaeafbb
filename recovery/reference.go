package recovery

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
)

// alphabet has no vowels, so that no words appear, and neither 0 nor 1, which are read as letters.
const alphabet = "23456789BCDFGHJKLMNPQRSTVWXYZ"

// referenceLife is how long the support page shows a number again.
const referenceLife = 24 * time.Hour

// newReference returns nine random characters, 43 bits, in groups for reading aloud: H7K-2QD-9MW. It is a name, not a
// secret.
func newReference() (string, error) {
	var b strings.Builder
	for i := range 9 {
		if i == 3 || i == 6 {
			b.WriteByte('-')
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return "", err
		}
		b.WriteByte(alphabet[n.Int64()])
	}
	return b.String(), nil
}

// Refer returns the number under which support finds what this browser is stuck on. A new one is stored by the batch,
// which is sent later in the transaction of ctx. reason is identity_locked, username, password or other; about is a
// registration, or uuid.Nil. The same reason within a day gets the same number.
func (s *Service) Refer(ctx context.Context, b *pgx.Batch, reason string, browser []byte, about uuid.UUID, lang string) (string, error) {
	now := s.now()
	known, err := s.store.newest(ctx, browser, reason, about, now.Add(-referenceLife))
	if err != nil {
		return "", fmt.Errorf("referring to support: %w", err)
	}
	if known != "" {
		return known, nil
	}
	reference, err := newReference()
	if err != nil {
		return "", err
	}
	s.store.queueInsert(b, pgx.NamedArgs{
		"reference": reference, "reason": reason, "browser": browser, "about": postgres.Nullable(about), "language": lang, "now": now,
	})
	s.audit.Queue(ctx, b, audit.Event{Kind: audit.SupportReferred, At: now, Success: true, Data: map[string]string{"reference": reference, "need": reason}})
	return reference, nil
}

// ForgetReferences keeps a browser from telling the next person the numbers of those who were there before; the desk still finds
// them. It is for another person's beginning, a sign-in and a sign-out.
func ForgetReferences(b *pgx.Batch, browser []byte) {
	b.Queue(`update support_references set browser = '' where browser = $1`, browser)
}

// ForgetReferences is the function of that name, for packages that know the service.
func (s *Service) ForgetReferences(b *pgx.Batch, browser []byte) { ForgetReferences(b, browser) }

// EndReference is ForgetReferences for a number that the desk is done with: who is stuck once more gets another one, which waits there.
func (s *Service) EndReference(ctx context.Context, reference string) error {
	_, err := s.db.From(ctx).Exec(ctx, `update support_references set browser = '' where reference = $1`, reference)
	return err
}

// Reference is the newest number of a browser, for the support page to repeat; "" if it has none of the last day.
func (s *Service) Reference(ctx context.Context, browser []byte) (string, error) {
	reference, err := s.store.latest(ctx, browser, s.now().Add(-referenceLife))
	if err != nil {
		return "", fmt.Errorf("reading the number of a browser: %w", err)
	}
	return reference, nil
}
