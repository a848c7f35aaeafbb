package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/mail"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/templates"
)

const (
	emailProofLife  = 15 * time.Minute
	emailProofTries = 5 // S-14
)

func emailProofPlace(account uuid.UUID) seal.Place {
	return seal.Place{Table: "email_proofs", Column: "email_sealed", Row: account.String()}
}

// emailCodeParts binds a code to its account and address.
func emailCodeParts(account uuid.UUID, email, code string) [][]byte {
	return [][]byte{[]byte("accounts.email_proof"), account[:], []byte(email), []byte(code)}
}

// StartEmailProof mails a code to an address returned by ParseEmail, replacing an earlier one. It belongs to the
// session. The mailbox may be anybody's: source uses up what strangers may use of it (S-14). The error is *ratelimit.Exceeded, or the
// database's.
func (s *Service) StartEmailProof(ctx context.Context, account Account, sid, source, email string) error {
	return s.startEmailProof(ctx, "email_code", account, sid, email, func(ctx context.Context, now time.Time, asks ...ratelimit.Ask) error {
		return TakeStrangers(ctx, s.db, s.limiter, now, Network(source), strings.ToLower(email), asks...)
	})
}

// StartWelcomeProof mails a code to the address on file of an imported account, which its member has yet to prove. The
// error is that of StartEmailProof.
func (s *Service) StartWelcomeProof(ctx context.Context, account Account, sid string) error {
	return s.startEmailProof(ctx, "settle", account, sid, account.Email, s.limiter.TakeAll)
}

func (s *Service) startEmailProof(ctx context.Context, kind string, account Account, sid, email string, take func(context.Context, time.Time, ...ratelimit.Ask) error) error {
	code, err := NewCode()
	if err != nil {
		return err
	}
	content, err := s.mails.Mail(account.Language, kind, templates.Args{"username": account.Username, "code": code})
	if err != nil {
		return err
	}
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := take(ctx, now, MailAsks(kind, account.ID, "", email)...); err != nil {
			return err
		}
		b := &pgx.Batch{}
		b.Queue(`
			insert into email_proofs (account_id, email_sealed, code_mac, expires_at, sid) values (@id, @email, @mac, @expires, @sid)
			on conflict on constraint email_proofs_pkey do update set
				email_sealed = excluded.email_sealed, code_mac = excluded.code_mac, tries = 0, refused = null, expires_at = excluded.expires_at, sid = excluded.sid`,
			pgx.NamedArgs{"id": account.ID, "sid": sid, "email": s.keyring.Seal(seal.PII, emailProofPlace(account.ID), []byte(email)),
				"mac": s.keyring.MAC(seal.PepperCode, emailCodeParts(account.ID, email, code)...), "expires": now.Add(emailProofLife)})
		err := s.outbox.Queue(ctx, b, mail.Message{Kind: kind, To: email, Lang: account.Language, AccountID: account.ID, Content: content, NotAfter: now.Add(emailProofLife)})
		if err != nil {
			return err
		}
		return s.store.run(ctx, b)
	})
}

// EmailProof returns the address that awaits its code in a session, and how many tries are left. The error is ErrNoPending,
// ErrCodeElsewhere, or the database's.
func (s *Service) EmailProof(ctx context.Context, id uuid.UUID, sid string) (email string, left int, err error) {
	email, _, tries, err := s.readEmailProof(ctx, id, sid, `
		select email_sealed, code_mac, tries from email_proofs where account_id = $1 and expires_at > $2 and tries < $3 and sid = $4`)
	return email, emailProofTries - tries, err
}

func (s *Service) readEmailProof(ctx context.Context, id uuid.UUID, sid, statement string, more ...any) (email string, mac []byte, tries int, err error) {
	var sealed []byte
	err = s.db.From(ctx).QueryRow(ctx, statement, append([]any{id, s.now(), emailProofTries, sid}, more...)...).Scan(&sealed, &mac, &tries)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil, 0, s.whyNoCode(ctx, id, sid)
	}
	if err != nil {
		return "", nil, 0, fmt.Errorf("reading a proof of an address: %w", err)
	}
	plain, err := s.keyring.Open(seal.PII, emailProofPlace(id), sealed)
	return string(plain), mac, tries, err
}

// whyNoCode returns ErrCodeElsewhere if another session has since requested a code, which is valid there.
func (s *Service) whyNoCode(ctx context.Context, id uuid.UUID, sid string) error {
	var elsewhere bool
	err := s.db.From(ctx).QueryRow(ctx, `select exists (select from email_proofs where account_id = $1 and expires_at > $2 and tries < $3 and sid <> $4)`,
		id, s.now(), emailProofTries, sid).Scan(&elsewhere)
	if err == nil && elsewhere {
		return ErrCodeElsewhere
	}
	return cmp.Or(err, ErrNoPending)
}

// ProveEmail checks the code and, once, calls then with the proven address, in the transaction that uses up the code: one that
// fails leaves the code, and whoever finds the code used finds what it did. The try is counted before the code is compared;
// left is the number of remaining tries. The same wrong code sent again counts once. The error is ErrCodeFormat (not counted),
// ErrWrongCode, ErrNoPending, ErrCodeElsewhere, ErrNoSession, that of then, or the database's.
func (s *Service) ProveEmail(ctx context.Context, id uuid.UUID, sid, typed string, then func(ctx context.Context, email string) error) (left int, err error) {
	code, ok := ReadCode(typed)
	if !ok {
		return 0, ErrCodeFormat
	}
	email, mac, tries, err := s.readEmailProof(ctx, id, sid, `
		update email_proofs set tries = tries + case when refused = $5 then 0 else 1 end, refused = $5
		where account_id = $1 and expires_at > $2 and tries < $3 and sid = $4 returning email_sealed, code_mac, tries`,
		s.keyring.MAC(seal.PepperCode, []byte("accounts.refused"), id[:], []byte(code)))
	if err != nil {
		return 0, err
	}
	if !s.keyring.VerifyMAC(seal.PepperCode, mac, emailCodeParts(id, email, code)...) {
		return emailProofTries - tries, ErrWrongCode
	}
	return 0, s.InSession(ctx, Session{AccountID: id, SID: sid}, func(ctx context.Context) error {
		tag, err := s.db.From(ctx).Exec(ctx, `delete from email_proofs where account_id = $1 and code_mac = $2`, id, mac)
		if err == nil && tag.RowsAffected() == 0 {
			err = ErrNoPending // another request was faster
		}
		if err != nil {
			return err
		}
		return then(ctx, email)
	})
}
