package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// ChangeEmail sets the address of an account, as returned by ParseEmail, and ends its sessions. proven says whether the
// member has proven it; until then it is never released as verified. Links sent to the old address stay valid, so that
// its reader can stop a wrongful change. It takes part in the transaction of ctx.
func (s *Service) ChangeEmail(ctx context.Context, id uuid.UUID, email string, proven bool) error {
	return s.setEmail(ctx, id, email, proven, func(*pgx.Batch, time.Time) {})
}

// ChangeEmailInPerson is ChangeEmail for an owner who came to the desk with an ID: links sent to the old address become void,
// since whoever reads that may be why the owner came.
func (s *Service) ChangeEmailInPerson(ctx context.Context, id uuid.UUID, email string) error {
	return s.setEmail(ctx, id, email, false, func(b *pgx.Batch, _ time.Time) {
		b.Queue(`delete from disown_links where account_id = $1`, id)
	})
}

// RestoreEmail changes back to the former address: links sent to the wrong one become void, as do grants given since
// (S-53). The link that was sent to the former address has proven it.
func (s *Service) RestoreEmail(ctx context.Context, id uuid.UUID, email string) error {
	return s.setEmail(ctx, id, email, true, func(b *pgx.Batch, now time.Time) {
		b.Queue(`delete from disown_links where account_id = $1`, id)
		b.Queue(`update accounts set credentials_changed_at = $2 where id = $1`, id, now)
	})
}

func (s *Service) setEmail(ctx context.Context, id uuid.UUID, email string, proven bool, queueMore func(*pgx.Batch, time.Time)) error {
	parsed, err := ParseEmail(email)
	if err != nil {
		return fmt.Errorf("changing an address: %w", err)
	}
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.EndSessions(ctx, id, ""); err != nil {
			return err
		}
		b := &pgx.Batch{}
		s.store.changeEmail(b, id, parsed, proven, now)
		s.store.queueEndBegun(b, id)
		queueMore(b, now)
		s.audit.Queue(ctx, b, audit.Event{Kind: audit.EmailChanged, At: now, AccountID: id.String(), RequestID: web.RequestID(ctx), Success: true})
		return s.store.run(ctx, b)
	})
}

func (s *store) changeEmail(b *pgx.Batch, id uuid.UUID, email string, proven bool, now time.Time) {
	b.Queue(`
		update accounts set email_sealed = $2, email_digest = $3, updated_at = $4, email_proven = $5,
			settle_proven_at = case when settled_at is not null then settle_proven_at when $5 then $4::timestamptz end
		where id = $1`,
		id, s.keyring.Seal(seal.PII, emailPlace(id), []byte(email)), s.emailDigest(email), now, proven)
}

// QueueProveEmail records that the member has proven the address on file, which an imported account must do whatever
// the other system knew. It is idempotent.
func (s *Service) QueueProveEmail(ctx context.Context, b *pgx.Batch, id uuid.UUID) {
	b.Queue(`
		update accounts set email_proven = true, settle_proven_at = coalesce(settle_proven_at, $2), updated_at = $2
		where id = $1 and (not email_proven or imported_at is not null and settle_proven_at is null)`, id, s.now())
}
