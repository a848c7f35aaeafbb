package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

const (
	sessionCookie = "session"
	consoleIdle   = 15 * time.Minute // S-23
	consoleLife   = 8 * time.Hour    // of staff, even if it is used
)

// sessionRow is a session of the console. It ends with the sign-in at the provider that it came from, and therefore
// when the account is closed, after 15 minutes without use, and after eight hours.
type sessionRow struct {
	Digest    []byte
	AccountID uuid.UUID
	SID       string `db:"sid"`
	ACR       string `db:"acr"`
	AuthTime  time.Time
	Draft     []byte
	Visit     uuid.UUID // the same through a step-up
	EndsAt    time.Time // unless it is used
}

// consoleSession finds the open session of a cookie, and extends it if this is a use. The error is
// accounts.ErrNoSession, or the database's.
func (s *Service) consoleSession(ctx context.Context, token string, use bool) (sessionRow, error) {
	if token == "" || len(token) > 64 {
		return sessionRow{}, accounts.ErrNoSession
	}
	return s.store.session(ctx, seal.Digest(token), s.now(), use)
}

// openSession starts a session that replaces the browser's former one, and takes over its unfinished form if it was the
// same person's. After a step-up, which r.Visit says, it is the same visit as before.
func (s *Service) openSession(ctx context.Context, r sessionRow, former string) (token string, err error) {
	token = seal.NewToken()
	r.Digest = seal.Digest(token)
	return token, s.store.openSession(ctx, r, seal.Digest(former), s.now())
}

// draft is a form that waits for a step-up, or for a new sign-in. Earlier holds the forms of other pages: two callers may
// wait in two tabs.
type draft struct {
	Path    string
	Form    url.Values
	Earlier []draft `json:",omitempty"`
}

// draftsKept is the number of pages whose forms can wait at the same time.
const draftsKept = 5

// stepUp keeps what was typed and leads to the provider; afterwards the same page shows the form again.
func (h *Console) stepUp(c *gin.Context, v visit) error {
	if c.Request.Method == http.MethodPost {
		if err := h.keepForm(c, v.session); err != nil {
			return err
		}
	}
	return web.SeeOther(c, signInPath+"?"+url.Values{"step": {"up"}, "return": {c.Request.URL.Path}}.Encode())
}

// keepField is sent with a form that a page gives up because the session is over: it is kept and nothing is done.
const keepField = "keep"

func (h *Console) keepForm(c *gin.Context, r sessionRow) error {
	form := url.Values{}
	for name, values := range web.Form(c) {
		if name != web.CSRFField && name != keepField {
			form[name] = values
		}
	}
	return h.service.keepDraft(c.Request.Context(), r, draft{Path: c.Request.URL.Path, Form: form})
}

func (s *Service) keepDraft(ctx context.Context, r sessionRow, d draft) error {
	return s.changeDrafts(ctx, r, func(all []draft) []draft {
		all = slices.DeleteFunc(all, func(other draft) bool { return other.Path == d.Path })
		return append([]draft{d}, all[:min(len(all), draftsKept-1)]...)
	})
}

// takeDraft returns the form that waits for this page, once.
func (s *Service) takeDraft(ctx context.Context, r sessionRow, path string) (form url.Values, err error) {
	if r.Draft == nil {
		return nil, nil
	}
	err = s.changeDrafts(ctx, r, func(all []draft) []draft {
		form = nil // a retried transaction starts over
		return slices.DeleteFunc(all, func(d draft) bool {
			if d.Path == path {
				form = d.Form
			}
			return d.Path == path
		})
	})
	return form, err
}

// changeDrafts replaces the forms that wait, the newest first, while no other tab of the session does.
func (s *Service) changeDrafts(ctx context.Context, r sessionRow, change func([]draft) []draft) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		sealed, err := s.store.draft(ctx, r.Digest)
		if err != nil {
			return err
		}
		var all []draft
		if sealed != nil {
			text, err := s.keyring.Open(seal.Session, draftPlace(r.AccountID), sealed)
			if err != nil {
				return fmt.Errorf("opening a form: %w", err)
			}
			var newest draft
			if err := json.Unmarshal(text, &newest); err != nil {
				return err
			}
			all = append([]draft{{Path: newest.Path, Form: newest.Form}}, newest.Earlier...)
		}
		if all = change(all); len(all) == 0 {
			return s.store.keepDraft(ctx, r.Digest, nil)
		}
		all[0].Earlier = all[1:]
		text, err := json.Marshal(all[0])
		if err != nil {
			return err
		}
		return s.store.keepDraft(ctx, r.Digest, s.keyring.Seal(seal.Session, draftPlace(r.AccountID), text))
	})
}

// draftPlace is bound to the account, because the session's token changes at a step-up.
func draftPlace(account uuid.UUID) seal.Place {
	return seal.Place{Table: "console_sessions", Column: "draft", Row: account.String()}
}

// localPath keeps redirects on the console: it returns a path of its own, or "".
func localPath(path string) string {
	local, ok := web.LocalPath(path)
	if !ok || strings.Contains(local, "?") || len(local) > 200 {
		return ""
	}
	return local
}

func (s *store) session(ctx context.Context, digest []byte, now time.Time, use bool) (sessionRow, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		with seen as (
			update console_sessions set last_seen_at = @now
			where @use and digest = @digest and expires_at > @now and last_seen_at > @idle and last_seen_at <= @now::timestamptz - interval '1 minute'
		)
		select c.digest, c.account_id, c.sid, c.acr, c.auth_time, c.draft, c.visit, least(c.expires_at, c.last_seen_at + make_interval(secs => @idle_seconds)) as ends_at
		from console_sessions c
		join open_sessions o on o.sid = c.sid and o.account_id = c.account_id
		where c.digest = @digest and c.expires_at > @now and c.last_seen_at > @idle`,
		pgx.NamedArgs{"digest": digest, "now": now, "idle": now.Add(-consoleIdle), "idle_seconds": consoleIdle.Seconds(), "use": use})
	if err != nil {
		return sessionRow{}, fmt.Errorf("reading a console session: %w", err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[sessionRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return r, accounts.ErrNoSession
	}
	r.AuthTime = r.AuthTime.UTC()
	return r, err
}

// endedSession finds the session that a cookie belonged to, in use or not. The error is accounts.ErrNoSession, or the
// database's.
func (s *store) endedSession(ctx context.Context, digest []byte) (r sessionRow, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `select digest, account_id, sid, visit from console_sessions where digest = $1`, digest).
		Scan(&r.Digest, &r.AccountID, &r.SID, &r.Visit)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, accounts.ErrNoSession
	}
	return r, err
}

func (s *store) openSession(ctx context.Context, r sessionRow, former []byte, now time.Time) error {
	b := &pgx.Batch{}
	b.Queue(`
		with former as (delete from console_sessions where digest = @former returning account_id, draft, visit, expires_at)
		insert into console_sessions (digest, account_id, sid, acr, auth_time, last_seen_at, expires_at, draft, visit)
		values (@digest, @account, @sid, @acr, @auth_time, @now, @expires, (select draft from former where account_id = @account),
			coalesce((select visit from former where account_id = @account and visit = @visit and expires_at > @now), gen_random_uuid()))`,
		pgx.NamedArgs{
			"former": former, "visit": r.Visit, "digest": r.Digest, "account": r.AccountID, "sid": r.SID, "acr": r.ACR, "auth_time": r.AuthTime, "now": now,
			"expires": now.Add(consoleLife),
		})
	return s.db.From(ctx).SendBatch(ctx, b).Close()
}

// draft reads the forms of a session, and locks its row.
func (s *store) draft(ctx context.Context, digest []byte) (sealed []byte, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `select draft from console_sessions where digest = $1 for update`, digest).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) { // closed meanwhile
		return nil, nil
	}
	return sealed, err
}

func (s *store) keepDraft(ctx context.Context, digest, sealed []byte) error {
	_, err := s.db.From(ctx).Exec(ctx, `update console_sessions set draft = $2 where digest = $1`, digest, sealed)
	return err
}

// closeSession ends a session. Its row stays for a form that another tab may still send.
func (s *store) closeSession(ctx context.Context, digest []byte, now time.Time) error {
	_, err := s.db.From(ctx).Exec(ctx, `update console_sessions set draft = null, expires_at = least(expires_at, $2) where digest = $1`, digest, now)
	return err
}
