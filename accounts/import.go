package accounts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/seal"
	"huskyidp/templates"
)

// Import is an account of another system, validated with CheckUsername, ParseEmail and ParseForeignHash. Its member
// signs in with the existing password, and then provides what registration would have asked for.
type Import struct {
	Username    string // canonical
	Email       string // parsed
	EmailProven bool   // the other system had verified it
	Language    string
	MemberID    uuid.UUID
	Hash        ForeignHash // zero: no password; recovery sets the first one
	Disabled    bool
	CreatedAt   time.Time // zero: now
}

// ErrImported is returned if an account with this username was imported or registered before: it stays as it is.
// ErrImportedOther is returned if, in addition, its address or status differs from the file's.
var (
	ErrImported      = errors.New("accounts: the account exists and stays as it is")
	ErrImportedOther = errors.New("accounts: the account exists with another address or status, and stays as it is")
)

// KeptError is ErrImported for an account of which the file says something else, which may have changed here since.
type KeptError struct{ Password, Language, EmailProven bool }

func (e *KeptError) Error() string { return ErrImported.Error() }

// Is makes it an ErrImported.
func (e *KeptError) Is(target error) bool { return target == ErrImported }

// ImportAll makes the accounts of a batch in one transaction and returns an outcome for each: nil, ErrImported,
// *KeptError, ErrImportedOther, ErrUsernameTaken or ErrMemberHasAccount. With dryRun nothing changes. notify mails each member that
// the account moved.
func (s *Service) ImportAll(ctx context.Context, all []Import, dryRun, notify bool) (outcomes []error, err error) {
	now := s.now()
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		made := make([]Account, len(all))
		b := &pgx.Batch{}
		outcomes = make([]error, len(all))
		for i, one := range all {
			made[i] = Account{ID: uuid.Must(uuid.NewV7()), Subject: rand.Text(), Username: one.Username, Email: one.Email, EmailProven: one.EmailProven,
				Language: one.Language, MemberID: one.MemberID, Status: Active, CreatedAt: one.CreatedAt, UpdatedAt: now}
			if one.Disabled {
				made[i].Status = Disabled
			}
			if one.CreatedAt.IsZero() {
				made[i].CreatedAt = now
			}
			s.store.queueImport(b, made[i], one.Hash, now, &outcomes[i])
		}
		if err := s.db.From(ctx).SendBatch(ctx, b).Close(); err != nil {
			return fmt.Errorf("importing accounts: %w", err)
		}
		if dryRun {
			return errDryRun
		}
		return s.announceImports(ctx, all, made, outcomes, now, notify)
	})
	if errors.Is(err, errDryRun) {
		err = nil
	}
	return outcomes, err
}

var errDryRun = errors.New("dry run")

func (s *Service) announceImports(ctx context.Context, all []Import, made []Account, outcomes []error, now time.Time, notify bool) error {
	b := &pgx.Batch{}
	for i, account := range made {
		if outcomes[i] != nil {
			continue
		}
		data := map[string]string{"origin": "imported"}
		if all[i].Hash.text != "" {
			marked, err := s.markOf(data, passwordSecret(account.ID, s.store.sealForeign(account.ID, all[i].Hash)))
			if err != nil {
				return err
			}
			data = marked
		}
		s.audit.Queue(ctx, b, audit.Event{Kind: audit.AccountCreated, At: now, AccountID: account.ID.String(), Success: true, Data: data})
		if !notify || account.Status != Active {
			continue
		}
		content, err := s.mails.Mail(account.Language, "moved", templates.Args{"username": account.Username})
		if err != nil {
			return err
		}
		if err := s.outbox.Queue(ctx, b, mail.Message{Kind: "moved", To: account.Email, Lang: account.Language, AccountID: account.ID, Content: content}); err != nil {
			return err
		}
	}
	return s.store.run(ctx, b)
}

func (s *store) sealForeign(id uuid.UUID, h ForeignHash) []byte {
	if h.text == "" {
		return []byte{}
	}
	return s.keyring.Seal(seal.PepperPassword, passwordPlace(id), []byte(foreignMark+h.text))
}

// queueImport makes the account unless the username or the member has one, in which case it finds out which.
func (s *store) queueImport(b *pgx.Batch, a Account, h ForeignHash, now time.Time, outcome *error) {
	s.queueLock(b, a.Username)
	b.Queue(`
		with made as (
			insert into accounts (id, subject, username, email_sealed, email_digest, email_proven, language, member_id, status, password_sealed, password_scheme,
				created_at, updated_at, credentials_changed_at, imported_at)
			select @id, @subject, @username, @email_sealed, @email_digest, @email_proven, @language, @member_id::uuid, @status, @password_sealed, nullif(@scheme, ''),
				@created_at::timestamptz, @now::timestamptz, @created_at, @now
			where not exists (select from accounts where `+bare("username")+` = `+bare("@username::text")+`)
			on conflict do nothing returning id
		)
		select exists (select from made), (select member_id from accounts where username = @username),
			(select email_digest <> @email_digest or (status = 'active') <> (@status = 'active') from accounts where username = @username), exists (select from accounts where member_id = @member_id),
			is_at.id, coalesce(is_at.password_sealed, ''), is_at.password_scheme is not null, coalesce(is_at.language <> @language, false), coalesce(is_at.email_proven <> @email_proven, false)
		from (select) one left join accounts is_at on is_at.username = @username`,
		pgx.NamedArgs{
			"id": a.ID, "subject": a.Subject, "username": a.Username, "language": a.Language, "member_id": a.MemberID, "status": a.Status,
			"email_sealed": s.keyring.Seal(seal.PII, emailPlace(a.ID), []byte(a.Email)), "email_digest": s.emailDigest(a.Email), "email_proven": a.EmailProven,
			"password_sealed": s.sealForeign(a.ID, h), "scheme": h.scheme, "created_at": a.CreatedAt, "now": now,
		}).QueryRow(func(row pgx.Row) error {
		var isMade, hasAccount, isForeign bool
		var holder, id *uuid.UUID
		var sealed []byte
		var kept KeptError
		var differs *bool
		if err := row.Scan(&isMade, &holder, &differs, &hasAccount, &id, &sealed, &isForeign, &kept.Language, &kept.EmailProven); err != nil {
			return err
		}
		switch {
		case isMade:
		case holder != nil && *holder == a.MemberID && *differs:
			*outcome = ErrImportedOther
		case holder != nil && *holder == a.MemberID:
			kept.Password = s.hasOther(*id, sealed, isForeign, h)
			*outcome = ErrImported
			if kept != (KeptError{}) {
				*outcome = &kept
			}
		case holder != nil:
			*outcome = ErrUsernameTaken
		case hasAccount:
			*outcome = ErrMemberHasAccount
		default: // a staff account, or one that was made just now
			*outcome = ErrUsernameTaken
		}
		return nil
	})
}

// hasOther reports whether an account without a password of its own here has another hash than h, or none. What was hashed anew at a
// sign-in cannot be compared.
func (s *store) hasOther(id uuid.UUID, sealed []byte, isForeign bool, h ForeignHash) bool {
	if h.text == "" || !isForeign {
		return h.text != "" && len(sealed) == 0
	}
	plain, err := s.keyring.Open(seal.PepperPassword, passwordPlace(id), sealed) // one that does not open is reported by the keyring
	return err == nil && string(plain) != foreignMark+h.text
}
