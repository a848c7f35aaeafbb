package selfservice

import (
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

const pendingCookie = "pending"

// Hold suspends the sign-in of an account with a second step: no session exists until that step is proven (S-18).
// returnTo is the path of our own page to open afterwards, or "".
func (h *Handler) Hold(c *gin.Context, account accounts.Account, amr []string, returnTo string) error {
	return h.hold(c, accounts.PendingStart{Account: account, AMR: amr, Return: returnTo})
}

// HoldStepUp holds the step-up of the browser's session until its second step; returnTo is the path where it continues.
func (h *Handler) HoldStepUp(c *gin.Context, account accounts.Account, amr []string, sid, returnTo string) error {
	return h.hold(c, accounts.PendingStart{Account: account, AMR: amr, SID: sid, Return: returnTo})
}

func (h *Handler) hold(c *gin.Context, start accounts.PendingStart) error {
	start.Browser, start.Device = web.Browser(c), h.web.Cookie(c, web.DeviceCookie)
	token, err := h.service.StartPending(c.Request.Context(), start)
	if err == nil {
		h.web.SetCookie(c, pendingCookie, token, accounts.PendingLife)
		h.web.Began(c, web.OfSignIn)
	}
	return err
}

// Pending returns what awaits a second step in this browser. The error is ErrNoPending, or the database's.
func (h *Handler) Pending(c *gin.Context) (accounts.Pending, error) {
	token := h.web.Cookie(c, pendingCookie)
	if token == "" {
		return accounts.Pending{}, accounts.ErrNoPending
	}
	return h.service.Pending(c.Request.Context(), token, web.Browser(c))
}

// Held reports whether a sign-in of this browser has waited for its second step lately, whether or not it still does.
func (h *Handler) Held(c *gin.Context) bool { return h.web.Cookie(c, pendingCookie) != "" }

// Drop abandons what is pending in this browser.
func (h *Handler) Drop(c *gin.Context) error {
	token := h.web.Cookie(c, pendingCookie)
	h.web.ClearCookie(c, pendingCookie)
	h.web.NextPerson(c)
	return h.service.EndPending(c.Request.Context(), token)
}

// Prove checks the second step of what is pending in this browser and opens, or renews, its session. The error is that
// of Service.ProvePending.
func (h *Handler) Prove(c *gin.Context, f accounts.Factor, proof string) (accounts.Proved, error) {
	ctx, token := c.Request.Context(), h.web.Cookie(c, pendingCookie)
	p, left, err := h.service.ProvePending(ctx, token, web.Browser(c), f, proof)
	if errors.Is(err, accounts.ErrNoPending) || errors.Is(err, accounts.ErrCodeUsed) || f == accounts.SavedCodes && errors.Is(err, accounts.ErrWrongCode) {
		return h.provedBefore(c, f, token, proof, err)
	}
	if err != nil {
		return accounts.Proved{}, err
	}
	proved := accounts.Proved{StepUp: p.SID != "", Return: p.Return, Left: left}
	if p.SID == "" {
		start := h.start(c, p.Account, p.AMR)
		start.Remember = web.Form(c).Get("remember") == "yes"
		var started accounts.Started
		if started, err = h.service.FinishPending(ctx, token, proof, start); err == nil {
			h.opened(c, started)
			proved.Session = started.Session
		}
	} else {
		proved.Session, err = h.renew(c, accounts.Renewal{SID: p.SID, AccountID: p.Account.ID, AMR: p.AMR, AuthTime: h.now(), Pending: token, Proof: proof})
	}
	if errors.Is(err, accounts.ErrNoPending) { // the other of two presses of a passkey came first
		return h.provedBefore(c, f, token, proof, err)
	}
	if err != nil {
		return accounts.Proved{}, err
	}
	h.web.ClearCookie(c, pendingCookie)
	return proved, nil
}

// provedBefore handles the second of two presses; cause is the error otherwise.
func (h *Handler) provedBefore(c *gin.Context, f accounts.Factor, token, proof string, cause error) (accounts.Proved, error) {
	p, err := h.service.ProvedBefore(c.Request.Context(), token, web.Browser(c), f, proof)
	if errors.Is(err, accounts.ErrNoPending) {
		return accounts.Proved{}, cause
	}
	if err != nil {
		return accounts.Proved{}, err
	}
	if p.SID == "" {
		session, err := h.SignIn(c, p.Account, p.AMR)
		if errors.Is(err, accounts.ErrWrongCredentials) { // changed meanwhile
			err = cause
		}
		return accounts.Proved{Session: session, Return: p.Return}, err
	}
	if _, _, err := h.Proving(c); err != nil {
		return accounts.Proved{}, err
	}
	session, err := h.renew(c, accounts.Renewal{SID: p.SID, AccountID: p.Account.ID, AMR: p.AMR, AuthTime: h.now()})
	return accounts.Proved{Session: session, StepUp: true, Return: p.Return}, err
}

// StepUp renews the browser's session after a proof that requires no second step.
func (h *Handler) StepUp(c *gin.Context, session accounts.Session, amr []string) (accounts.Session, error) {
	r := accounts.Renewal{SID: session.SID, AccountID: session.AccountID, AMR: amr, AuthTime: h.now()}
	if slices.Contains(amr, accounts.AMRPassword) {
		r.Username, r.Device = session.Username, h.web.Cookie(c, web.DeviceCookie)
	}
	return h.renew(c, r)
}

func (h *Handler) renew(c *gin.Context, r accounts.Renewal) (accounts.Session, error) {
	if current, ok, err := h.Lookup(c); err != nil || !ok || current.SID != r.SID {
		if err == nil {
			err = accounts.ErrNoSession
		}
		return accounts.Session{}, err
	}
	r.Token = h.web.Cookie(c, sessionCookie)
	session, token, err := h.service.RenewSession(c.Request.Context(), r)
	if err != nil {
		return accounts.Session{}, err
	}
	h.web.SetCookie(c, sessionCookie, token, 0)
	h.keepLookup(c, session)
	return session, nil
}

// staySignedIn continues the session whose member has changed the password, under another token (S-22), and keeps the
// browser known; account is as it was before.
func (h *Handler) staySignedIn(c *gin.Context, session accounts.Session, account accounts.Account) error {
	_, err := h.renew(c, accounts.Renewal{SID: session.SID, AccountID: session.AccountID, AMR: session.AMR, AuthTime: session.AuthTime})
	if device := h.service.RenewDevice(account, h.web.Cookie(c, web.DeviceCookie)); err == nil && device != "" {
		h.web.SetCookie(c, web.DeviceCookie, device, accounts.KnownDeviceAge)
	}
	return err
}

// RequireFresh is Require for a sensitive change: the last proof must be no older than most, and as strong as a sign-in
// to the account would be (S-20). Otherwise the browser is redirected to re-authenticate, and then returns to this
// path, where it finds what was typed.
func (h *Handler) RequireFresh(c *gin.Context, most time.Duration) (accounts.Session, bool, error) {
	session, ok, err := h.Require(c)
	if !ok || err != nil {
		return session, false, err
	}
	if fresh, err := h.Fresh(c, session, most); fresh || err != nil {
		return session, fresh, err
	}
	if err := h.web.KeepTyped(c, c.Request.URL.EscapedPath()); err != nil {
		return session, false, err
	}
	query := url.Values{"return": {c.Request.URL.Path}}
	if flow := web.Flow(c); flow != "" {
		query.Set("flow", flow)
	}
	return session, false, web.SeeOther(c, "/reauth?"+query.Encode())
}

// Fresh reports whether a session was proven less than most ago, and as strongly as a sign-in would be (S-20).
func (h *Handler) Fresh(c *gin.Context, session accounts.Session, most time.Duration) (bool, error) {
	if h.now().Sub(session.AuthTime) >= most {
		return false, nil
	}
	if accounts.Rank(session.ACR) >= accounts.Rank(accounts.ACRFactor) {
		return true, nil
	}
	factors, err := h.service.Factors(c.Request.Context(), session.AccountID)
	return err == nil && !factors.Any(), err
}

// again answers a form that renewed the session and is sent a second time, by answer, where proven reports that it was this
// form. Elsewhere the former token is none (S-22).
func (h *Handler) again(c *gin.Context, proven func(accounts.Session) (bool, error), answer func(accounts.Session) error) (done bool, err error) {
	_, current, err := h.Lookup(c)
	if err != nil {
		return false, err
	}
	session, ok, err := h.Proving(c)
	if !ok || err != nil || !web.Owned(c, web.OfSession) {
		return false, err
	}
	just, err := proven(session)
	if just && err == nil {
		return true, answer(session)
	}
	if !current {
		c.Set(lookupKey, lookup{})
	}
	return false, err
}
