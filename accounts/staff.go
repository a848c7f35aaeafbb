package accounts

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// NewStaff is a person of the support desk. The operator vouches for the address.
type NewStaff struct {
	Username string
	Email    string
	Language string
}

// Staff reports whether the account belongs to a person of the support desk: it has no card, and the desk cannot act on
// it (S-63).
func (a Account) Staff() bool { return a.MemberID == uuid.Nil }

// CreateStaff makes the account of a person of the support desk in the transaction of ctx. It has no password: the
// person sets the first one through recovery, with a code sent to the address. The error is a Flaw, ErrUsernameTaken,
// or the database's.
func (s *Service) CreateStaff(ctx context.Context, n NewStaff) (Account, error) {
	username, err := CheckUsername(n.Username)
	if err != nil {
		return Account{}, fmt.Errorf("username: %w", err)
	}
	email, err := ParseEmail(n.Email)
	if err != nil {
		return Account{}, fmt.Errorf("e-mail: %w", err)
	}
	now := s.now()
	a := Account{
		ID: uuid.Must(uuid.NewV7()), Subject: rand.Text(), Username: username, Email: email, Language: n.Language,
		Status: Active, CreatedAt: now, UpdatedAt: now,
	}
	b := &pgx.Batch{}
	s.store.queueClaim(b, username)
	b.Queue(`
		insert into accounts (id, subject, username, email_sealed, email_digest, language, kind, status, password_sealed,
			created_at, updated_at, credentials_changed_at)
		values (@id, @subject, @username, @email_sealed, @email_digest, @language, 'staff', @status, '', @now, @now, @now)`,
		pgx.NamedArgs{
			"id": a.ID, "subject": a.Subject, "username": username, "language": a.Language, "status": a.Status, "now": now,
			"email_sealed": s.keyring.Seal(seal.PII, emailPlace(a.ID), []byte(email)), "email_digest": s.store.emailDigest(email),
		})
	s.audit.Queue(ctx, b, audit.Event{Kind: audit.AccountCreated, At: now, AccountID: a.ID.String(), Success: true, Data: map[string]string{"kind": "staff"}})
	return a, s.store.run(ctx, b)
}

// RestartStaff puts an account of the desk back to before its first sign-in: no second step, no password, no session. The person sets
// a password by a code to their address again, and what they add then counts at once, as on the first day: whoever knew the
// former password is no nearer. It takes part in the transaction of ctx. The person is notified of each second step. The error is
// ErrNotFound, also for a member, or the database's.
func (s *Service) RestartStaff(ctx context.Context, id uuid.UUID) error {
	if account, err := s.Get(ctx, id); err != nil || !account.Staff() {
		return cmp.Or(err, ErrNotFound)
	}
	if err := s.removeFactors(ctx, id, "factor_removed"); err != nil {
		return err
	}
	b := &pgx.Batch{}
	b.Queue(`delete from disown_links where account_id = $1`, id) // that of the notice, too: pressed by the person, it would end what they begin
	b.Queue(`
		update accounts set password_sealed = '', password_scheme = null, password_due = false, last_sign_in_at = null, recovered_at = null, new_device_at = null
		where id = $1`, id)
	s.audit.Queue(ctx, b, audit.Event{Kind: audit.PasswordRemoved, At: s.now(), AccountID: id.String(), RequestID: web.RequestID(ctx), Success: true,
		Data: map[string]string{string(markPassword): gone}})
	return s.store.run(ctx, b)
}
