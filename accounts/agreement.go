package accounts

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/web"
)

// AcceptAgreement records that the member accepted a newer version of the agreement. It is idempotent.
func (s *Service) AcceptAgreement(ctx context.Context, accountID uuid.UUID, a Acceptance) error {
	b := &pgx.Batch{}
	b.Queue(`
		insert into account_acceptances (account_id, kind, version, language, text_hash, accepted_at)
		values ($1, 'agreement', $2, $3, $4, $5)
		on conflict on constraint account_acceptances_pkey do nothing`,
		accountID, a.Version, a.Language, a.TextHash, a.At)
	s.audit.Queue(ctx, b, audit.Event{Kind: audit.AgreementAccepted, At: a.At, AccountID: accountID.String(), RequestID: web.RequestID(ctx),
		Success: true, Data: a.words()})
	return s.store.run(ctx, b)
}
