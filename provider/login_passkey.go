package provider

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

// factorOptions returns the WebAuthn options for the passkeys of the member who is signing in.
func (h *Handler) factorOptions(c *gin.Context) error {
	p, err := h.held(c)
	if err != nil {
		return passkeyError(err)
	}
	return h.askPasskey(c, p.Account.ID)
}

// passkeyOptions does the same for a sign-in by passkey, without a password.
func (h *Handler) passkeyOptions(c *gin.Context) error { return h.askPasskey(c, uuid.Nil) }

func (h *Handler) askPasskey(c *gin.Context, id uuid.UUID) error {
	options, err := h.accounts.BeginPasskey(c.Request.Context(), web.Browser(c), web.Source(c), id)
	if err != nil {
		return passkeyError(err)
	}
	c.Data(http.StatusOK, "application/json", options)
	return nil
}

// passkeyError is for a script, which shows the words of the error page.
func passkeyError(err error) error {
	if errors.Is(err, accounts.ErrNoPending) || errors.Is(err, accounts.ErrNoFactor) || errors.Is(err, errAskFirst) {
		return &web.Error{Status: http.StatusNotFound, Key: web.KeyExpired, Err: err}
	}
	return err
}

// loginByPasskey signs in without a password: a passkey with user verification is two factors.
func (h *Handler) loginByPasskey(c *gin.Context, w waiting, answer string) error {
	account, err := h.accounts.FinishPasskey(c.Request.Context(), web.Browser(c), uuid.Nil, answer)
	var session accounts.Session
	if err == nil {
		session, err = h.sessions.SignIn(c, account, []string{"pop", "mfa"})
	}
	switch {
	case errors.Is(err, accounts.ErrPasskeyWaits):
		return h.web.SeeDone(c, noted(loginPath(w.flow), "passkey_waits"))
	case errors.Is(err, accounts.ErrPasskeyOver):
		return h.web.SeeDone(c, noted(loginPath(w.flow), "passkey_over"))
	case errors.Is(err, accounts.ErrPasskey), errors.Is(err, accounts.ErrWrongCredentials): // the latter: changed meanwhile
		h.web.RememberPasskey(c, false)
		return h.web.SeeDone(c, noted(loginPath(w.flow), "passkey"))
	case errors.Is(err, accounts.ErrDisabled):
		return h.refuseLogin(c, w, "", err)
	case err != nil:
		return err
	}
	h.web.RememberPasskey(c, true)
	return h.signedIn(c, w, session, returnOf(c))
}
