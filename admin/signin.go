package admin

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// signInLife is how long a sign-in may take: somebody may have to set up a second step first.
const signInLife = time.Hour

// doorPage is shown if nobody is signed in.
type doorPage struct {
	Href   string // target of the button
	NoRole bool
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
	if h.web.JustDone(c) && c.Query("kept") != "" {
		opts = append(opts, web.WithNotice("info", "admin.signin.kept", nil))
	}
	return h.web.Page(c, http.StatusOK, "admin/signin", doorPage{Href: signInHref(back)}, opts...)
}

func signInHref(back string) string {
	if back == "" {
		return signInPath
	}
	return signInPath + "?" + url.Values{"return": {back}}.Encode()
}

func (h *Console) noRole(c *gin.Context) error {
	return h.web.Page(c, http.StatusForbidden, "admin/signin", doorPage{Href: signInPath, NoRole: true})
}

// signIn sends the browser to the provider. The state identifies a row bound to the browser; nonce and PKCE verifier
// are keyed digests of it.
func (h *Console) signIn(c *gin.Context) error {
	browser := web.Browser(c)
	state := seal.NewToken()
	stepUp := c.Query("step") != ""
	back := localPath(c.Query("return"))
	address, err := h.party.request(c.Request.Context(), state, h.service.secretOf("nonce", state), h.service.secretOf("verifier", state), web.Lang(c), stepUp)
	if err != nil {
		return err
	}
	if err := h.service.store.beginSignIn(c.Request.Context(), seal.Digest(state), browser, back, h.service.now().Add(signInLife)); err != nil {
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
	back, err := h.service.store.takeSignIn(ctx, seal.Digest(state), web.Browser(c), h.service.now())
	if errors.Is(err, accounts.ErrLink) {
		return &web.Error{Status: http.StatusBadRequest, Key: web.KeyExpired, Href: "/", Err: errors.New("no sign-in is under way")}
	}
	if err != nil {
		return err
	}
	if iss := c.Query("iss"); iss != h.party.Issuer {
		return &web.Error{Status: http.StatusBadRequest, Key: web.KeyExpired, Href: "/", Err: errors.New("the answer comes from another issuer")}
	}
	if code := c.Query("error"); code != "" {
		return &web.Error{Status: http.StatusForbidden, Key: web.KeyForbidden, Href: "/", Code: errorCode(code)}
	}
	in, err := h.party.redeem(ctx, c.Query("code"), h.service.secretOf("nonce", state), h.service.secretOf("verifier", state))
	if errors.Is(err, errSignIn) {
		return &web.Error{Status: http.StatusForbidden, Key: web.KeyForbidden, Href: "/", Err: err}
	}
	if err != nil {
		return err
	}
	return h.enter(c, in, back)
}

// enter opens a session for somebody with a role.
func (h *Console) enter(c *gin.Context, in signedIn, back string) error {
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
		return h.noRole(c)
	}
	if err != nil {
		return err
	}
	token := ""
	err = h.service.db.InTx(ctx, func(ctx context.Context) error {
		if err := h.service.noteUse(ctx, p); err != nil {
			return err
		}
		row := sessionRow{AccountID: p.ID, SID: in.SID, ACR: in.ACR, AuthTime: in.AuthTime}
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

// signOut ends the session here and the one at the provider: at a shared desk the next person must not get in with it.
func (h *Console) signOut(c *gin.Context, v visit) error {
	ctx := c.Request.Context()
	if err := h.service.accounts.EndSession(ctx, v.session.SID); err != nil {
		return err
	}
	if err := h.service.store.closeSession(ctx, v.session.Digest); err != nil {
		return err
	}
	h.web.ClearCookie(c, sessionCookie)
	return web.SeeOther(c, "/")
}

func (s *store) beginSignIn(ctx context.Context, state, browser []byte, back string, expires time.Time) error {
	if browser == nil {
		return accounts.ErrLink
	}
	_, err := s.db.From(ctx).Exec(ctx, `insert into console_sign_ins (state_hash, browser, return_to, expires_at) values ($1, $2, $3, $4)`, state, browser, back, expires)
	return err
}

func (s *store) takeSignIn(ctx context.Context, state, browser []byte, now time.Time) (back string, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		delete from console_sign_ins where state_hash = $1 and browser = $2 and expires_at > $3 returning return_to`, state, browser, now).Scan(&back)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", accounts.ErrLink
	}
	if err != nil {
		return "", fmt.Errorf("reading a sign-in: %w", err)
	}
	return back, nil
}
