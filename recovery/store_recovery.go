package recovery

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

const recoveryColumns = `
	select r.id, r.browser, r.flow, r.language, r.name_sealed, r.typed_sealed, r.account_id, r.asker, r.step, r.code_mac, r.code_asked_at,
		r.code_tries, r.answer_tries, r.factor_tries, r.refused, r.created_at, r.expires_at, r.left_behind
	from recoveries r where `

// find reads a recovery by the digest of its cookie; nil if there is none.
func (s store) find(ctx context.Context, token []byte) (*Recovery, error) {
	return s.one(ctx, `r.token = @key`, token)
}

// lock is find for a transaction that changes it.
func (s store) lock(ctx context.Context, token []byte) (*Recovery, error) {
	return s.one(ctx, `r.token = @key for update of r`, token)
}

// lockID is lock by ID, for jobs.
func (s store) lockID(ctx context.Context, id uuid.UUID) (*Recovery, error) {
	return s.one(ctx, `r.id = @key for update of r`, id)
}

func (s store) one(ctx context.Context, where string, key any) (*Recovery, error) {
	var r Recovery
	var account *uuid.UUID
	var name, typed []byte
	err := s.db.From(ctx).QueryRow(ctx, recoveryColumns+where, pgx.NamedArgs{"key": key}).
		Scan(&r.ID, &r.Browser, &r.Flow, &r.Language, &name, &typed, &account, &r.Asker, &r.Step, &r.CodeMAC, &r.CodeAskedAt,
			&r.CodeTries, &r.AnswerTries, &r.FactorTries, &r.Refused, &r.CreatedAt, &r.ExpiresAt, &r.LeftBehind)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a recovery: %w", err)
	}
	if account != nil {
		r.AccountID = *account
	}
	if r.Name, err = s.opened(namePlace(r.ID), name); err == nil {
		r.Typed, err = s.opened(typedPlace(r.ID), typed)
	}
	return &r, err
}

// justBegun finds the recovery that the browser has begun for the same app since then, and that waits for its code; no
// ID if there is none. Presses of one browser wait for each other.
func (s store) justBegun(ctx context.Context, r *Recovery, since time.Time) (id uuid.UUID, token []byte, err error) {
	b := &pgx.Batch{}
	b.Queue(`select pg_advisory_xact_lock(hashtextextended('recovery.begin ' || encode($1::bytea, 'hex'), 0))`, r.Browser)
	b.Queue(`
		select id, token from recoveries
		where browser = $1 and flow = $2 and step = $3 and created_at > $4 order by created_at desc limit 1`,
		r.Browser, r.Flow, stepCode, since).QueryRow(func(row pgx.Row) error {
		if err := row.Scan(&id, &token); !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		return nil
	})
	return id, token, s.db.From(ctx).SendBatch(ctx, b).Close()
}

func namePlace(id uuid.UUID) seal.Place {
	return seal.Place{Table: "recoveries", Column: "name_sealed", Row: id.String()}
}

func typedPlace(id uuid.UUID) seal.Place {
	return seal.Place{Table: "recoveries", Column: "typed_sealed", Row: id.String()}
}

func (s store) queueCreate(b *pgx.Batch, token []byte, r *Recovery) {
	b.Queue(`
		insert into recoveries (id, token, browser, flow, language, name_sealed, typed_sealed, asker, step, code_asked_at, created_at, expires_at)
		values (@id, @token, @browser, @flow, @language, @name, @typed, @asker, @step, @now, @now, @expires_at)`,
		pgx.NamedArgs{
			"id": r.ID, "token": token, "browser": r.Browser, "flow": r.Flow, "language": r.Language, "name": s.sealed(namePlace(r.ID), r.Name), "typed": s.sealed(typedPlace(r.ID), r.Typed),
			"asker": r.Asker, "step": r.Step, "now": r.CreatedAt, "expires_at": r.ExpiresAt,
		})
}

func (s store) queueUpdate(b *pgx.Batch, r *Recovery) {
	b.Queue(`
		update recoveries set step = @step, code_mac = @code_mac, code_asked_at = @code_asked_at, code_tries = @code_tries,
			answer_tries = @answer_tries, factor_tries = @factor_tries, refused = @refused, expires_at = @expires_at,
			typed_sealed = case when @step = 'code' then typed_sealed end
		where id = @id`,
		pgx.NamedArgs{
			"id": r.ID, "step": r.Step, "code_mac": r.CodeMAC, "code_asked_at": r.CodeAskedAt, "code_tries": r.CodeTries,
			"answer_tries": r.AnswerTries, "factor_tries": r.FactorTries, "refused": r.Refused, "expires_at": r.ExpiresAt,
		})
}

// queueFound stores whose name it was, and removes the name.
func (s store) queueFound(b *pgx.Batch, r *Recovery) {
	b.Queue(`update recoveries set account_id = $2, name_sealed = null where id = $1`, r.ID, postgres.Nullable(r.AccountID))
}

// queueStaffCode stores a code of support, replacing the previous one.
func (s store) queueStaffCode(b *pgx.Batch, account uuid.UUID, mac []byte, expires time.Time) {
	b.Queue(`
		insert into recovery_staff_codes (account_id, code_mac, expires_at) values ($1, $2, $3)
		on conflict (account_id) do update set code_mac = excluded.code_mac, expires_at = excluded.expires_at, tries = 0`,
		account, mac, expires)
}

// tryStaffCode counts a try of the code that support has sent, whichever recovery it was typed into, and returns its
// MAC; nil if there is no valid one. Without an account it finds no row. again is what was refused just before, which
// is not counted.
func (s store) tryStaffCode(ctx context.Context, account uuid.UUID, again bool, now time.Time) (mac []byte, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		update recovery_staff_codes set tries = tries + case when $4 then 0 else 1 end where account_id = $1 and expires_at > $2 and tries < $3 returning code_mac`,
		account, now, codeTries, again).Scan(&mac)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return mac, err
}

func queueDropStaffCode(b *pgx.Batch, account uuid.UUID) {
	b.Queue(`delete from recovery_staff_codes where account_id = $1`, account)
}

// queueEndOthers ends the account's other recoveries when its password is set. Nothing stays of them, so nobody who
// returns to one is shown that it failed.
func queueEndOthers(b *pgx.Batch, account, but uuid.UUID) {
	b.Queue(`delete from recoveries where account_id = $1 and id <> $2 and step <> 'done'`, account, but)
}

// queueForgetDone removes a completed recovery of an account: the password that it set is void, and its page must not
// say otherwise.
func queueForgetDone(b *pgx.Batch, account uuid.UUID) {
	b.Queue(`delete from recoveries where account_id = $1 and step = 'done'`, account)
}

// QueueEndBrowser ends what is open in a browser when somebody signs in there or signs out.
func QueueEndBrowser(b *pgx.Batch, browser []byte) {
	b.Queue(`update recoveries set step = 'ended', code_mac = null, refused = null, left_behind = true where browser = $1 and step not in ('done', 'ended')`, browser)
	ForgetReferences(b, browser)
}

// QueueEndAccount ends what is open for an account whose member has set another password, question or second step, or
// has another mailbox (S-53). The answer or code given before proves nothing any more.
func QueueEndAccount(b *pgx.Batch, account uuid.UUID) {
	queueEndOthers(b, account, uuid.Nil)
	queueDropStaffCode(b, account)
}
