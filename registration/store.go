package registration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// store holds all statements on registrations and identity_guards.
type store struct {
	db      *postgres.DB
	keyring *seal.Keyring
}

// row is a registration as stored; zero times and IDs are null.
type row struct {
	ID                uuid.UUID
	Browser           []byte
	AccountID         uuid.UUID
	Flow              string
	Language          string
	TouchedAt         time.Time
	AgreementVersion  string
	AgreementLanguage string
	AgreementHash     []byte
	AgreedAt          time.Time
	Identity          []byte
	MemberID          *uuid.UUID
	HolderID          *uuid.UUID
	Differs           []string
	Failures          int
	CardFailures      int
	Reference         *string
	LockedUntil       *time.Time
	Refused           []byte
	MatchedAt         *time.Time
	SlowUntil         *time.Time
	Veiled            bool
	Credentials       []byte
	PasswordHash      []byte
	AnswerHash        []byte
	CodeMAC           []byte `db:"code_mac"`
	CodeSentAt        *time.Time
	CodeExpiresAt     *time.Time
	CodeTries         int
	ProvenAt          *time.Time
	FinishedAt        *time.Time
}

const columns = `id, browser, account_id, flow, language, touched_at, agreement_version, agreement_language, agreement_hash, agreed_at,
	identity, member_id, holder_id, differs, failures, card_failures, reference, locked_until, refused, matched_at, slow_until, veiled, credentials, password_hash, answer_hash,
	code_mac, code_sent_at, code_expires_at, code_tries, proven_at, finished_at`

// queueFind reads the registration by its cookie's digest; the batch fails with errGone if there is none.
func (s store) queueFind(b *pgx.Batch, tokenHash []byte, r **Registration) {
	s.queueOne(b, `select `+columns+` from registrations where token_hash = $1`, tokenHash, r)
}

// queueLock is queueFind for a change: it locks the row until the transaction ends. The error is errBusy if another
// request holds the registration for too long.
func (s store) queueLock(b *pgx.Batch, tokenHash []byte, r **Registration) {
	s.queueOne(b, `select `+columns+` from registrations where token_hash = $1 for update`, tokenHash, r)
}

func (s store) queueOne(b *pgx.Batch, sql string, tokenHash []byte, r **Registration) {
	b.Queue(sql, tokenHash).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[row])
		if err != nil {
			return storeError(err)
		}
		*r, err = s.open(found)
		return err
	})
}

// lock is queueLock in a round trip of its own.
func (s store) lock(ctx context.Context, tokenHash []byte) (r *Registration, err error) {
	b := &pgx.Batch{}
	s.queueLock(b, tokenHash, &r)
	err = s.db.From(ctx).SendBatch(ctx, b).Close()
	return r, err
}

// lockNotAvailable is PostgreSQL's code for a lock that was not granted within lock_timeout.
const lockNotAvailable = "55P03"

func storeError(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return errGone
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == lockNotAvailable {
		return errBusy
	}
	return fmt.Errorf("reading registration: %w", err)
}

// queueInsert adds the insertion of a registration to a batch.
func (s store) queueInsert(b *pgx.Batch, r *Registration, tokenHash []byte) {
	b.Queue(`
		insert into registrations (id, token_hash, browser, account_id, flow, language, created_at, touched_at,
			agreement_version, agreement_language, agreement_hash, agreed_at)
		values (@id, @token_hash, @browser, @account_id, @flow, @language, @touched_at, @touched_at,
			@agreement_version, @agreement_language, @agreement_hash, @agreed_at)`,
		pgx.NamedArgs{
			"id": r.ID, "token_hash": tokenHash, "browser": r.Browser, "account_id": r.AccountID, "flow": r.Flow,
			"language": r.Language, "touched_at": r.TouchedAt, "agreement_version": r.AgreementVersion,
			"agreement_language": r.AgreementLanguage, "agreement_hash": r.AgreementHash, "agreed_at": r.AgreedAt,
		})
}

const updateRow = `
	update registrations set flow = @flow, language = @language, touched_at = @touched_at, agreement_version = @agreement_version,
		agreement_language = @agreement_language, agreement_hash = @agreement_hash, agreed_at = @agreed_at, identity = @identity,
		member_id = @member_id, holder_id = @holder_id, differs = @differs, failures = @failures, card_failures = @card_failures, reference = @reference, locked_until = @locked_until,
		refused = @refused, matched_at = @matched_at, slow_until = @slow_until, veiled = @veiled, credentials = @credentials, password_hash = @password_hash, answer_hash = @answer_hash, code_mac = @code_mac,
		code_sent_at = @code_sent_at, code_expires_at = @code_expires_at, code_tries = @code_tries, proven_at = @proven_at,
		finished_at = @finished_at
	where id = @id`

// queueUpdate adds the update of a registration to a batch.
func (s store) queueUpdate(b *pgx.Batch, r *Registration) {
	b.Queue(updateRow, pgx.NamedArgs{
		"id": r.ID, "flow": r.Flow, "language": r.Language, "touched_at": r.TouchedAt, "agreement_version": r.AgreementVersion,
		"agreement_language": r.AgreementLanguage, "agreement_hash": r.AgreementHash, "agreed_at": r.AgreedAt,
		"identity": sealed(s, r.ID, "identity", r.Identity), "member_id": postgres.Nullable(r.MemberID), "holder_id": postgres.Nullable(r.HolderID), "differs": append([]string{}, r.Differs...),
		"failures": r.Failures, "card_failures": r.CardFailures, "reference": postgres.Nullable(r.Reference), "locked_until": postgres.Nullable(r.LockedUntil),
		"refused": r.Refused, "matched_at": postgres.Nullable(r.MatchedAt), "slow_until": postgres.Nullable(r.SlowUntil), "veiled": r.Veiled,
		"credentials": sealed(s, r.ID, "credentials", r.Credentials), "password_hash": r.PasswordHash, "answer_hash": r.AnswerHash,
		"code_mac": r.CodeMAC, "code_sent_at": postgres.Nullable(r.CodeSentAt), "code_expires_at": postgres.Nullable(r.CodeExpiresAt),
		"code_tries": r.CodeTries, "proven_at": postgres.Nullable(r.ProvenAt), "finished_at": postgres.Nullable(r.FinishedAt),
	})
}

// queueRemove deletes a registration that the member left.
func (s store) queueRemove(b *pgx.Batch, id uuid.UUID) {
	b.Queue(`delete from registrations where id = $1`, id)
}

// QueueEndBrowser erases what a browser has begun and not finished when somebody signs in there or signs out: the next
// person finds nothing of it. What support looks at of a locked one stays.
func QueueEndBrowser(b *pgx.Batch, browser []byte) {
	b.Queue(`delete from registrations where browser = $1 and finished_at is null and reference is null`, browser)
	b.Queue(`
		update registrations set browser = '', identity = null, credentials = null, password_hash = null, answer_hash = null,
			code_mac = null, proven_at = null
		where browser = $1 and finished_at is null`, browser)
}

// sweep deletes abandoned rows: idle and finished registrations after a day, those with a lock after a week (S-73).
func (s store) sweep(ctx context.Context, now time.Time) (int64, error) {
	registrations, err := s.db.DeleteBatches(ctx, `
		delete from registrations where id in (
			select id from registrations where touched_at <= $1 and (reference is null or touched_at < $2) limit 10000 for update skip locked)`,
		now.Add(-idle), now.AddDate(0, 0, -7))
	if err != nil {
		return registrations, fmt.Errorf("sweeping registrations: %w", err)
	}
	guards, err := s.db.DeleteBatches(ctx, `
		delete from identity_guards where (kind, key) in (
			select kind, key from identity_guards where expires_at < $1 limit 10000 for update skip locked)`, now)
	if err != nil {
		return registrations, fmt.Errorf("sweeping identity guards: %w", err)
	}
	return registrations + guards, nil
}

// place binds a sealed column to its row (S-46).
func place(id uuid.UUID, column string) seal.Place {
	return seal.Place{Table: "registrations", Column: column, Row: id.String()}
}

// sealed returns nil for a zero value.
func sealed[T comparable](s store, id uuid.UUID, column string, v T) []byte {
	var zero T
	if v == zero {
		return nil
	}
	plain, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings always encode
	}
	return s.keyring.Seal(seal.PII, place(id, column), plain)
}

func (s store) unseal(id uuid.UUID, column string, sealed []byte, v any) error {
	if sealed == nil {
		return nil
	}
	plain, err := s.keyring.Open(seal.PII, place(id, column), sealed)
	if err != nil {
		return fmt.Errorf("registration %s: %s: %w", id, column, err)
	}
	if json.Unmarshal(plain, v) != nil {
		return fmt.Errorf("registration %s: %s does not decode", id, column) // the cause would quote personal data
	}
	return nil
}

func (s store) open(r row) (*Registration, error) {
	out := &Registration{
		ID: r.ID, AccountID: r.AccountID, Browser: r.Browser, Flow: r.Flow, Language: r.Language, TouchedAt: r.TouchedAt,
		AgreementVersion: r.AgreementVersion, AgreementLanguage: r.AgreementLanguage, AgreementHash: r.AgreementHash, AgreedAt: r.AgreedAt,
		MemberID: postgres.Value(r.MemberID), HolderID: postgres.Value(r.HolderID), Differs: r.Differs, Failures: r.Failures, CardFailures: r.CardFailures, Reference: postgres.Value(r.Reference),
		LockedUntil: postgres.Value(r.LockedUntil), Refused: r.Refused, MatchedAt: postgres.Value(r.MatchedAt), SlowUntil: postgres.Value(r.SlowUntil), Veiled: r.Veiled,
		PasswordHash: r.PasswordHash, AnswerHash: r.AnswerHash, CodeMAC: r.CodeMAC,
		CodeSentAt: postgres.Value(r.CodeSentAt), CodeExpiresAt: postgres.Value(r.CodeExpiresAt), CodeTries: r.CodeTries,
		ProvenAt: postgres.Value(r.ProvenAt), FinishedAt: postgres.Value(r.FinishedAt),
	}
	err := errors.Join(s.unseal(r.ID, "identity", r.Identity, &out.Identity), s.unseal(r.ID, "credentials", r.Credentials, &out.Credentials))
	return out, err
}
