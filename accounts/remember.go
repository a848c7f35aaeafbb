package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// Remembers returns how long a browser may be remembered after a second step; 0 if the policy is never.
func (s *Service) Remembers() time.Duration { return s.remember }

// rememberedTokens returns the well-formed tokens of a cookie: one per account of a family that shares the browser.
func rememberedTokens(cookie string) (tokens []string) {
	for _, token := range strings.SplitN(cookie, ".", deviceAccounts+1) {
		if len(tokens) < deviceAccounts && seal.IsToken(token) {
			tokens = append(tokens, token)
		}
	}
	return tokens
}

func digests(tokens []string) [][]byte {
	all := make([][]byte, len(tokens))
	for i, token := range tokens {
		all[i] = seal.Digest(token)
	}
	return all
}

// RememberedDevice returns the digest of the cookie's token that spares an account the second step, nil if none does: it
// has expired or was ended, or the credentials have changed since. People of the desk always prove the second step.
func (s *Service) RememberedDevice(ctx context.Context, account Account, cookie string) (digest []byte, err error) {
	tokens := rememberedTokens(cookie)
	if s.remember == 0 || len(tokens) == 0 || account.Staff() {
		return nil, nil
	}
	now := s.now()
	err = s.db.From(ctx).QueryRow(ctx, `
		select digest from remembered_devices
		where account_id = $1 and digest = any($2) and expires_at > $3 and made_at > $4 and made_at >= $5 limit 1`,
		account.ID, digests(tokens), now, now.Add(-s.remember), account.CredentialsChangedAt).Scan(&digest)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a remembered browser: %w", err)
	}
	return digest, nil
}

// queueRemember remembers the browser of a new session, in place of what the cookie held for the account, and sets the
// new value of the cookie once the batch has run.
func (s *Service) queueRemember(ctx context.Context, b *pgx.Batch, cookie string, session Session, browser, system string, value *string) {
	now, token, tokens := s.now(), seal.NewToken(), rememberedTokens(cookie)
	b.Queue(`delete from remembered_devices where account_id = $1 and digest = any($2) returning digest`, session.AccountID, digests(tokens)).
		Query(func(rows pgx.Rows) error {
			replaced, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
			if err != nil {
				return err
			}
			tokens = slices.DeleteFunc(tokens, func(t string) bool {
				return slices.ContainsFunc(replaced, func(d []byte) bool { return slices.Equal(d, seal.Digest(t)) })
			})
			*value = strings.Join(append([]string{token}, tokens[:min(len(tokens), deviceAccounts-1)]...), ".")
			return nil
		})
	b.Queue(`
		insert into remembered_devices (id, digest, account_id, sid, browser, system, made_at, last_used_at, expires_at)
		values (@id, @digest, @account, @sid, @browser, @system, @now, @now, @expires)`,
		pgx.NamedArgs{"id": uuid.Must(uuid.NewV7()), "digest": seal.Digest(token), "account": session.AccountID, "sid": session.SID, "browser": browser,
			"system": system, "now": now, "expires": now.Add(s.remember)})
	s.audit.Queue(ctx, b, audit.Event{
		Kind: audit.DeviceRemembered, At: now, AccountID: session.AccountID.String(), SessionID: session.SID, RequestID: web.RequestID(ctx), Success: true,
	})
}

// RememberedBrowser is an entry of the list of remembered browsers.
type RememberedBrowser struct {
	ID         uuid.UUID
	Here       bool // the one whose cookie was given
	MadeAt     time.Time
	LastUsedAt time.Time
	ExpiresAt  time.Time
	Device
}

// RememberedBrowsers returns those of an account, the last used first. cookie is that of the browser that asks.
func (s *Service) RememberedBrowsers(ctx context.Context, id uuid.UUID, cookie string) ([]RememberedBrowser, error) {
	now := s.now()
	rows, err := s.db.From(ctx).Query(ctx, `
		select r.id, r.digest = any($2), r.made_at, r.last_used_at, least(r.expires_at, r.made_at + $4::interval), r.browser, r.system
		from remembered_devices r join accounts a on a.id = r.account_id
		where r.account_id = $1 and r.expires_at > $3 and r.made_at + $4::interval > $3 and r.made_at >= a.credentials_changed_at
		order by r.last_used_at desc, r.id`, id, digests(rememberedTokens(cookie)), now, s.remember)
	if err != nil {
		return nil, fmt.Errorf("listing remembered browsers: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[RememberedBrowser])
}

// Forget ends the remembering of one browser of an account. It is idempotent.
func (s *Service) Forget(ctx context.Context, session Session, id uuid.UUID) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		tag, err := s.db.From(ctx).Exec(ctx, `delete from remembered_devices where account_id = $1 and id = $2`, session.AccountID, id)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return s.audit.Record(ctx, audit.Event{
			Kind: audit.DeviceForgotten, At: s.now(), AccountID: session.AccountID.String(), SessionID: session.SID, RequestID: web.RequestID(ctx), Success: true,
		})
	})
}

// queueForget ends the remembering of every browser of an account: who used them may be the reason of the change.
func queueForget(b *pgx.Batch, id uuid.UUID) {
	b.Queue(`delete from remembered_devices where account_id = $1`, id)
}
