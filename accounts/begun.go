package accounts

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// queueSuperseded ends what is open for an account in other packages, see Deps.Superseded.
func (s *Service) queueSuperseded(b *pgx.Batch, id uuid.UUID) {
	if s.superseded != nil {
		s.superseded(b, id)
	}
}

// queueEndBegun ends what anybody has begun for an account and not finished: a sign-in awaiting its second step, an app
// whose key was shown, a requested passkey, an address awaiting its code, and the browsers that are spared a second step. It accompanies every change that invalidates
// earlier proofs: another password, a recovery, "this wasn't me", another address.
func (s *store) queueEndBegun(b *pgx.Batch, id uuid.UUID) {
	b.Queue(`delete from pending_sign_ins where account_id = $1`, id)
	b.Queue(`delete from account_totp where account_id = $1 and confirmed_at is null`, id)
	b.Queue(`delete from passkey_ceremonies where account_id = $1`, id)
	b.Queue(`delete from email_proofs where account_id = $1`, id)
	queueForget(b, id)
}
