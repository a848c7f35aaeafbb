package admin

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// signInLife is how long a sign-in may take: somebody may have to set up a second step first.
const signInLife = time.Hour

// doorPage is shown if nobody is signed in.
type doorPage struct {
	Href      string // target of the button
	NoRole    bool
	Protected bool // the account: its owner, or who had the link of a notice, stopped it
}

func (h *Console) showDoor(c *gin.Context) error {
	back := localPath(c.Query("return"))
	if session, err := h.service.consoleSession(c.Request.Context(), h.web.Cookie(c, sessionCookie), true); err == nil {
		p, err := h.service.Who(c.Request.Context(), session.AccountID, session.AuthTime)
		if err == nil {
			return web.SeeOther(c, visit{Person: p}.home())
		}
	}
	var opts []web.PageOption
	if said := c.Query("said"); h.web.JustDone(c) && (said == saidKept || said == saidPress || said == saidLost) {
		opts = append(opts, web.WithNotice("warn", "admin.signin."+said, nil))
	}
	return h.web.Page(c, http.StatusOK, "admin/signin", doorPage{Href: signInHref(back)}, opts...)
}

// What the door says of a form that came without a session: what was written is kept, or the button that was pressed, or nothing.
const (
	saidKept  = "kept"
	saidPress = "press"
	saidLost  = "lost"
)

func signInHref(back string) string {
	if back == "" {
		return signInPath
	}
	return signInPath + "?" + url.Values{"return": {back}}.Encode()
}

// noRole answers whoever has, or had, a session of the account, and nobody else.
func (h *Console) noRole(c *gin.Context, id uuid.UUID) error {
	protected, err := h.service.protected(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return h.web.Page(c, http.StatusForbidden, "admin/signin", doorPage{Href: signInPath, NoRole: !protected, Protected: protected})
}

// protected reports whether somebody of the desk is shut out because the account was stopped by the link of a notice: a recovery opens it,
// and the roles are as before.
func (s *Service) protected(ctx context.Context, id uuid.UUID) (bool, error) {
	who, err := s.colleague(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return !who.Former() && len(who.Roles) > 0 && who.Status == accounts.Protected, err
}

// signIn sends the browser to the provider. The state identifies a row bound to the browser; nonce and PKCE verifier
// are keyed digests of it.
func (h *Console) signIn(c *gin.Context) error {
	browser := web.Browser(c)
	state := seal.NewToken()
	stepUp := c.Query("step") != ""
	back := localPath(c.Query("return"))
	visitID, username := uuid.Nil, ""
	if stepUp {
		session, err := h.service.consoleSession(c.Request.Context(), h.web.Cookie(c, sessionCookie), false)
		if err != nil && !errors.Is(err, accounts.ErrNoSession) {
			return err
		}
		visitID = session.Visit
		if err == nil {
			account, err := h.service.accounts.Get(c.Request.Context(), session.AccountID)
			if err != nil {
				return err
			}
			username = account.Username
		}
	}
	address, err := h.party.request(c.Request.Context(), state, h.service.secretOf("nonce", state), h.service.secretOf("verifier", state), web.Lang(c), stepUp, username)
	if err != nil {
		return err
	}
	if err := h.service.store.beginSignIn(c.Request.Context(), seal.Digest(state), browser, back, visitID, h.service.now().Add(signInLife)); err != nil {
		return err
	}
	return h.enterBy(c, address) // no redirect, because a form that needs a step-up leads here
}

func (s *Service) secretOf(what, state string) string {
	return base64.RawURLEncoding.EncodeToString(s.keyring.MAC(seal.Session, []byte("console "+what), []byte(state)))
}

// callback handles the provider's response: from the browser that asked, once.
func (h *Console) callback(c *gin.Context) error {
	ctx := c.Request.Context()
	state := c.Query("state")
	back, visitID, err := h.service.store.takeSignIn(ctx, seal.Digest(state), web.Browser(c), h.service.now())
	if errors.Is(err, accounts.ErrLink) {
		return &web.Error{Status: http.StatusBadRequest, Key: web.KeyExpired, Href: "/", Err: errors.New("no sign-in is under way")}
	}
	if err != nil {
		return err
	}
	if iss := c.Query("iss"); iss != h.party.Issuer {
		return &web.Error{Status: http.StatusBadRequest, Key: web.KeyExpired, Href: "/", Err: errors.New("the answer comes from another issuer")}
	}
	code := c.Query("error")
	if code == "access_denied" || code == "unmet_authentication_requirements" { // they went back: to the form that waits there, or to the door
		return web.SeeOther(c, cmp.Or(back, "/"))
	}
	if code != "" {
		return &web.Error{Status: http.StatusForbidden, Key: web.KeyForbidden, Href: "/", Code: errorCode(code)}
	}
	in, err := h.party.redeem(ctx, c.Query("code"), h.service.secretOf("nonce", state), h.service.secretOf("verifier", state))
	if errors.Is(err, errSignIn) {
		return &web.Error{Status: http.StatusForbidden, Key: web.KeyForbidden, Href: "/", Err: err}
	}
	if err != nil {
		return err
	}
	return h.enter(c, in, back, visitID)
}

// enter opens a session for somebody with a role; after a step-up, in the same visit.
func (h *Console) enter(c *gin.Context, in signedIn, back string, visitID uuid.UUID) error {
	ctx := c.Request.Context()
	found, err := h.service.accounts.FindExact(ctx, accounts.BySubject, in.Subject)
	if err != nil {
		return err
	}
	if len(found) != 1 {
		return &web.Error{Status: http.StatusForbidden, Key: web.KeyForbidden, Href: "/", Err: errors.New("the subject has no account")}
	}
	p, err := h.service.Who(ctx, found[0].ID, in.AuthTime)
	if errors.Is(err, ErrNoRole) {
		if err := h.service.noRole(ctx, found[0].ID); err != nil {
			return err
		}
		return h.noRole(c, found[0].ID)
	}
	if err != nil {
		return err
	}
	token := ""
	err = h.service.db.InTx(ctx, func(ctx context.Context) error {
		if err := h.service.noteUse(ctx, p); err != nil {
			return err
		}
		row := sessionRow{AccountID: p.ID, SID: in.SID, ACR: in.ACR, AuthTime: in.AuthTime, Visit: visitID}
		if token, err = h.service.openSession(ctx, row, h.web.Cookie(c, sessionCookie)); err != nil {
			return err
		}
		return h.service.audit.Record(ctx, audit.Event{
			Kind: audit.StaffEntered, At: h.service.now(), AccountID: p.ID.String(), Actor: p.ID.String(), SessionID: in.SID, RequestID: web.RequestID(ctx), Success: true,
		})
	})
	if err != nil {
		return err
	}
	h.web.SetCookie(c, sessionCookie, token, 0)
	if back == "" {
		back = visit{Person: p}.home()
	}
	return web.SeeOther(c, back)
}

type signOutPage struct{}

func (h *Console) showSignOut(c *gin.Context, v visit) error {
	return h.page(c, v, http.StatusOK, "admin/signout", signOutPage{})
}

// signOut ends the session here and the one at the provider: at a shared desk the next person must not get in with it. The cookie
// stays, and opens nothing: by it the person finds again what they were writing in another tab.
func (h *Console) signOut(c *gin.Context, v visit) error {
	ctx := c.Request.Context()
	if err := h.service.accounts.EndSession(ctx, v.session.SID); err != nil {
		return err
	}
	if err := h.service.store.closeSession(ctx, v.session.Digest, h.service.now()); err != nil {
		return err
	}
	return web.SeeOther(c, "/")
}

func (s *store) beginSignIn(ctx context.Context, state, browser []byte, back string, visitID uuid.UUID, expires time.Time) error {
	if browser == nil {
		return accounts.ErrLink
	}
	_, err := s.db.From(ctx).Exec(ctx, `insert into console_sign_ins (state_hash, browser, return_to, visit, expires_at) values ($1, $2, $3, $4, $5)`, state, browser, back, postgres.Nullable(visitID), expires)
	return err
}

func (s *store) takeSignIn(ctx context.Context, state, browser []byte, now time.Time) (back string, visitID uuid.UUID, err error) {
	var visit *uuid.UUID
	err = s.db.From(ctx).QueryRow(ctx, `
		delete from console_sign_ins where state_hash = $1 and browser = $2 and expires_at > $3 returning return_to, visit`, state, browser, now).Scan(&back, &visit)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", uuid.Nil, accounts.ErrLink
	}
	if err != nil {
		return "", uuid.Nil, fmt.Errorf("reading a sign-in: %w", err)
	}
	return back, postgres.Value(visit), nil
}
