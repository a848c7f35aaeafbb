package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// store holds every statement on the tables of this package.
type store struct {
	db      *postgres.DB
	keyring *seal.Keyring
	nobody  []byte // a nonexistent address, sealed for uuid.Nil
}

// run sends a batch, in a transaction of its own unless ctx has one.
func (s *store) run(ctx context.Context, b *pgx.Batch) error {
	return Refused(s.db.From(ctx).SendBatch(ctx, b).Close())
}

// Refused turns the violation of a constraint of this package into its sentinel: ErrUsernameTaken, ErrMemberHasAccount,
// ErrExists or ErrDisabled. Other errors are returned unchanged.
func Refused(err error) error {
	switch postgres.Violated(err) {
	case "":
		return err
	case "accounts_username_key":
		return ErrUsernameTaken
	case "accounts_member_key":
		return ErrMemberHasAccount
	case "accounts_pkey":
		return ErrExists
	case "sessions_account":
		return ErrDisabled
	case "account_passkeys_credential_key":
		return ErrHasFactor
	}
	return err
}

func emailPlace(id uuid.UUID) seal.Place {
	return seal.Place{Table: "accounts", Column: "email_sealed", Row: id.String()}
}

// emailDigest is the digest by which an address is found. It is not unique per account: families share mailboxes
// (S-50).
func (s *store) emailDigest(address string) []byte {
	return s.keyring.MAC(seal.Index, []byte("accounts.email"), []byte(foldEmail(address)))
}

func (s *store) create(b *pgx.Batch, a Account, n NewAccount) {
	s.queueClaim(b, a.Username)
	b.Queue(`
		insert into accounts (id, subject, username, email_sealed, email_digest, language, member_id, status, password_sealed,
			created_at, updated_at, credentials_changed_at)
		values (@id, @subject, @username, @email_sealed, @email_digest, @language, @member_id, @status, @password_sealed,
			@created_at, @created_at, @created_at)`,
		pgx.NamedArgs{
			"id": a.ID, "subject": a.Subject, "username": a.Username, "language": a.Language, "member_id": a.MemberID, "status": a.Status,
			"email_sealed": s.keyring.Seal(seal.PII, emailPlace(a.ID), []byte(a.Email)), "email_digest": s.emailDigest(a.Email),
			"password_sealed": n.PasswordHash, "created_at": a.CreatedAt,
		})
	if n.Question != "" {
		b.Queue(`insert into account_questions (account_id, question, answer_sealed, set_at) values ($1, $2, $3, $4)`,
			a.ID, n.Question, n.AnswerHash, a.CreatedAt)
	}
	for kind, accepted := range map[string]Acceptance{"agreement": n.Agreement, "certification": n.Certification} {
		b.Queue(`
			insert into account_acceptances (account_id, kind, version, language, text_hash, accepted_at)
			values ($1, $2, $3, $4, $5, $6)`,
			a.ID, kind, accepted.Version, accepted.Language, accepted.TextHash, accepted.At)
	}
}

// accountRow is a row of the table. A left join may leave it empty.
type accountRow struct {
	ID             *uuid.UUID
	Subject        *string
	Username       *string
	EmailSealed    []byte
	Language       *string
	MemberID       *uuid.UUID
	Status         *Status
	CreatedAt      *time.Time
	UpdatedAt      *time.Time
	LastSignInAt   *time.Time
	PasswordSealed []byte
	EmailProven    *bool
	ChangedAt      *time.Time
	ClosesAt       *time.Time
	ClosedAt       *time.Time
}

const accountColumns = `a.id, a.subject, a.username, a.email_sealed, a.language, a.member_id, a.status, a.created_at, a.updated_at, a.last_sign_in_at, a.password_sealed, a.email_proven, a.credentials_changed_at, a.closes_at, a.closed_at`

func (r *accountRow) targets() []any {
	return []any{&r.ID, &r.Subject, &r.Username, &r.EmailSealed, &r.Language, &r.MemberID, &r.Status, &r.CreatedAt, &r.UpdatedAt, &r.LastSignInAt, &r.PasswordSealed, &r.EmailProven, &r.ChangedAt, &r.ClosesAt, &r.ClosedAt}
}

func (s *store) open(r accountRow) (Account, error) {
	email, err := s.keyring.Open(seal.PII, emailPlace(*r.ID), r.EmailSealed)
	if err != nil {
		return Account{}, fmt.Errorf("opening an address: %w", err)
	}
	account := Account{
		ID: *r.ID, Subject: *r.Subject, Username: *r.Username, Email: string(email), EmailProven: *r.EmailProven, Language: *r.Language,
		Status: *r.Status, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), CredentialsChangedAt: r.ChangedAt.UTC(),
	}
	if r.MemberID != nil {
		account.MemberID = *r.MemberID
	}
	if r.LastSignInAt != nil {
		account.LastSignInAt = r.LastSignInAt.UTC()
	}
	if r.ClosesAt != nil {
		account.ClosesAt = r.ClosesAt.UTC()
	}
	if r.ClosedAt != nil {
		account.ClosedAt = r.ClosedAt.UTC()
	}
	return account, nil
}

// nobodyColumns are accountColumns, with what an account has where there is none: $2 for its ID, $3 for what is sealed.
const nobodyColumns = `coalesce(a.id, $2), coalesce(a.subject, ''), coalesce(a.username, 'nobody'), coalesce(a.email_sealed, $3), coalesce(a.language, 'es'), coalesce(a.member_id, $2),
	coalesce(a.status, 'active'), coalesce(a.created_at, now()), coalesce(a.updated_at, now()), a.last_sign_in_at, coalesce(a.password_sealed, $3), coalesce(a.email_proven, true),
	coalesce(a.credentials_changed_at, now()), a.closes_at, a.closed_at`

// queueAccount does the same for a nonexistent ID as for an account's: it reads as many values and opens an address (S-13).
func (s *store) queueAccount(b *pgx.Batch, id uuid.UUID, account *Account) {
	b.Queue(`select `+nobodyColumns+` from (values (1)) one left join accounts a on a.id = $1`, id, uuid.Nil, s.nobody).QueryRow(func(r pgx.Row) error {
		var row accountRow
		if err := r.Scan(row.targets()...); err != nil {
			return err
		}
		found, err := s.open(row)
		if err == nil && found.ID != uuid.Nil {
			*account = found
		}
		return err
	})
}

// bare is a username without its accents, as the index accounts_username_bare has it. Whose names differ by accents alone from before
// keep them; a new one is taken.
func bare(name string) string {
	return `regexp_replace(normalize(` + name + `, NFD), '[\u0300-\u036f]', '', 'g')`
}

// queueClaim locks a new name against those that differ by accents alone, until the transaction ends, and fails if there is one.
func (s *store) queueClaim(b *pgx.Batch, name string) {
	s.queueLock(b, name)
	b.Queue(`select exists (select from accounts where `+bare("username")+` = `+bare("$1::text")+` and username <> $1)`, name).QueryRow(func(r pgx.Row) (err error) {
		isTaken := false
		if err = r.Scan(&isTaken); isTaken {
			return ErrUsernameTaken
		}
		return err
	})
}

func (s *store) queueLock(b *pgx.Batch, name string) {
	b.Queue(`select pg_advisory_xact_lock(hashtextextended('username ' || `+bare("$1::text")+`, 0))`, name)
}

func (s *store) queueTaken(b *pgx.Batch, name string, taken *bool) {
	b.Queue(`select exists (select from accounts where `+bare("username")+` = `+bare("$1::text")+`)`, name).QueryRow(func(r pgx.Row) error { return r.Scan(taken) })
}

func (s *store) account(ctx context.Context, where string, arg any) (Account, error) {
	var row accountRow
	err := s.db.From(ctx).QueryRow(ctx, `select `+accountColumns+` from accounts a where a.`+where, arg).Scan(row.targets()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return Account{}, ErrNotFound
	}
	if err != nil {
		return Account{}, fmt.Errorf("reading an account: %w", err)
	}
	return s.open(row)
}

// queueFree reads the first names that nobody has, at most most, each once.
func (s *store) queueFree(b *pgx.Batch, names []string, most int, free *[]string) {
	b.Queue(`
		select name from unnest($1::text[]) with ordinality as t (name, place)
		where not exists (select from accounts where `+bare("username")+` = `+bare("name")+`) group by name order by min(place) limit $2`, names, most).
		Query(func(rows pgx.Rows) (err error) {
			*free, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
}

func (s *store) atSignIn(ctx context.Context, id uuid.UUID, askedBefore time.Time) (a AtSignIn, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		select coalesce((select version from account_acceptances where account_id = id and kind = 'agreement' order by accepted_at desc limit 1), ''),
			coalesce(question_asked_at, '-infinity') < $2 and not exists (select from account_questions where account_id = id),
			passkey_offered_at is null and not exists (select from account_passkeys where account_id = accounts.id)
		from accounts where id = $1`, id, askedBefore).Scan(&a.Agreement, &a.Question, &a.Passkey)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, nil
	}
	return a, err
}
