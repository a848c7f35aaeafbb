package provider

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// loginPage is the sign-in page; the URIs are those of the waiting app.
type loginPage struct {
	Username  string // as typed
	Return    string // page of ours that it is for, "" if none
	Cancel    bool
	Passkey   bool // this browser has one
	PolicyURI string
	TosURI    string
	LogoURI   string
}

// showLogin shows the form, or continues if the member is already signed in.
func (h *Handler) showLogin(c *gin.Context) error {
	w, err := h.waiting(c.Request.Context(), c)
	if err != nil {
		return err
	}
	session, err := h.current(c)
	if err != nil {
		return err
	}
	notice := h.loginNotice(c)
	if session == nil && notice == nil {
		waits, err := h.signInWaits(c)
		if err != nil {
			return err
		}
		if waits {
			h.web.Entrance(c)
			return web.SeeOther(c, withReturn(withFlow("/login/open", w.flow), returnOf(c)))
		}
	}
	switch {
	case session != nil && w.flow == "":
		return web.SeeOther(c, "/login/accounts")
	case session != nil && w.request == nil:
		return web.SeeOther(c, ResumePath(w.flow))
	case session != nil:
		stranger, err := h.service.stranger(c.Request.Context(), w.request, session)
		if err != nil {
			return err
		}
		if next, _ := nextStep(facts{request: w.request, session: session, selectedAt: w.i.selectedAt, heldFor: w.i.heldFor, stranger: stranger}); next != stepLogin {
			return web.SeeOther(c, ResumePath(w.flow))
		}
	case w.flow != "" && w.request == nil && notice == nil:
		notice = []web.PageOption{web.WithNotice("info", "provider.login.over", nil)}
	}
	h.web.Entrance(c) // a username typed there before may belong to somebody else, and so may what was begun
	return h.loginForm(c, w, http.StatusOK, w.loginHint(), notice)
}

// loginNotice returns the reason why the page is shown, only right after the event: not to somebody who opens the
// address.
func (h *Handler) loginNotice(c *gin.Context) []web.PageOption {
	if !h.web.JustDone(c) {
		return nil
	}
	switch c.Query("note") {
	case "passkey_over":
		return []web.PageOption{web.WithNotice("error", "accounts.passkey.over", nil)}
	case "passkey":
		return []web.PageOption{web.WithNotice("error", "accounts.passkey.failed", nil)}
	case "passkey_waits":
		return []web.PageOption{web.WithNotice("warn", "accounts.passkey.waits", nil)}
	case "expired":
		return []web.PageOption{web.WithNotice("info", "provider.login.expired_page", nil)}
	case "given_up":
		return []web.PageOption{web.WithNotice("info", "provider.login.given_up", nil)}
	case "factor_gone":
		return []web.PageOption{web.WithNotice("info", "provider.login.factor_gone", nil)}
	case "ended":
		return []web.PageOption{web.WithNotice("info", "provider.login.signed_out_note", nil)}
	case "renewed": // the answer with the new session was lost
		return []web.PageOption{web.WithNotice("info", "provider.login.session_over", nil)}
	case "left", "closing":
		return []web.PageOption{web.WithNotice("warn", "provider.login.session_"+c.Query("note"), nil)}
	case "full", "closed", "over":
		return []web.PageOption{web.WithNotice("info", "provider.login.session_"+c.Query("note"), nil)}
	case "agreement":
		return []web.PageOption{web.WithNotice("info", "accounts.agreement.declined", nil)}
	case "agreement_first":
		return []web.PageOption{web.WithNotice("info", "accounts.agreement.declined_first", nil)}
	case "declined":
		return []web.PageOption{web.WithNotice("info", "registration.agreement.declined", nil)}
	}
	return nil
}

func (h *Handler) loginForm(c *gin.Context, w waiting, status int, username string, opts []web.PageOption) error {
	page := loginPage{Username: username, Return: returnOf(c), Cancel: w.request != nil, Passkey: h.web.KnowsPasskey(c)}
	if w.request != nil {
		app := w.app(c)
		page.PolicyURI, page.TosURI, page.LogoURI = app.PolicyURI, app.TosURI, app.LogoPath
	}
	return h.web.Page(c, status, "provider/login", page, append(append(w.options(c), web.ForAnybody()), opts...)...)
}

// login checks username and password. Whatever is wrong, the response is the same page with the same sentence (S-12).
func (h *Handler) login(c *gin.Context) error {
	ctx := c.Request.Context()
	w, err := h.waiting(ctx, c)
	if err != nil {
		return err
	}
	if answer := web.Form(c).Get("credential"); answer != "" {
		return h.loginByPasskey(c, w, answer)
	}
	username, password := web.Form(c).Get("username"), web.Form(c).Get("password")
	var problems []templates.Problem
	if strings.TrimSpace(username) == "" {
		problems = append(problems, templates.Problem{Field: "username", Key: "provider.login.username_missing"})
	}
	if password == "" {
		problems = append(problems, templates.Problem{Field: "password", Key: "provider.login.password_missing"})
	}
	if len(problems) > 0 {
		return h.loginForm(c, w, http.StatusUnprocessableEntity, web.Clip(username, repeatedMax), []web.PageOption{web.WithProblems(problems...)})
	}
	account, waits, err := h.authenticate(c, username)
	if waits {
		return err
	}
	if err != nil {
		return h.refuseLogin(c, w, username, err)
	}
	h.sessions.NoteOffer(c, account)
	spared, err := h.spared(c, w, account)
	if err != nil {
		return err
	}
	if spared || !account.Factors.Any() {
		session, err := h.sessions.SignIn(c, account, []string{"pwd"})
		switch {
		case err == nil:
			return h.signedIn(c, w, session, returnOf(c))
		case !errors.Is(err, accounts.ErrNotSpared):
			return h.refuseLogin(c, w, username, err)
		}
	}
	if err := h.sessions.Hold(c, account, []string{"pwd"}, returnOf(c)); err != nil {
		return err
	}
	if w.request != nil {
		if err := h.service.store.heldFor(ctx, w.flow, account.ID); err != nil {
			return err
		}
	}
	return web.SeeOther(c, withFlow("/login/factor", w.flow))
}

// refuseLogin shows the form with the member's message; other errors are returned.
func (h *Handler) refuseLogin(c *gin.Context, w waiting, username string, err error) error {
	status, problem := loginProblem(err, h.service.supportEmail)
	if status == 0 {
		return err
	}
	return h.loginForm(c, w, status, web.Clip(username, repeatedMax), []web.PageOption{web.WithProblems(problem)})
}

// spared reports whether the browser is remembered and need not prove the second step. An app that asks for a fresh or
// for a stronger proof gets it.
func (h *Handler) spared(c *gin.Context, w waiting, account accounts.Account) (bool, error) {
	if !account.Factors.Any() || w.request != nil && w.request.asksProof() {
		return false, nil
	}
	return h.sessions.Remembered(c, account)
}

// asksProof reports whether the app wants more than a session that was opened by a password alone, or a proof of now.
func (r *authorizeRequest) asksProof() bool {
	factor := accounts.Rank(accounts.ACRFactor)
	return r.asks("login") || r.maxAge >= 0 || r.assurance.minimum >= factor || r.assurance.wish >= factor
}

// signedIn continues after a sign-in with every step proven.
func (h *Handler) signedIn(c *gin.Context, w waiting, session accounts.Session, returnTo string) error {
	if w.request == nil {
		due, at, err := h.atSignIn(c, &session)
		if err != nil {
			return err
		}
		if due != nil {
			return web.SeeOther(c, withFlow("/login/agreement", w.flow))
		}
		if returnTo != "" {
			return web.SeeOther(c, returnTo)
		}
		if at.Passkey && w.flow == "" && h.deviceCode(c) == "" && !session.Kept && !session.Unsettled {
			return web.SeeOther(c, pathOffer)
		}
		return h.proceed(c, w)
	}
	if w.i.heldFor != nil && *w.i.heldFor != session.AccountID { // the member whose sign-in was pending gave way to this one
		if err := h.service.store.heldFor(c.Request.Context(), w.flow, session.AccountID); err != nil {
			return err
		}
	}
	return web.SeeOther(c, ResumePath(w.flow))
}

// loginProblem returns the member's message; status 0 means that the error is not theirs.
func loginProblem(err error, supportEmail string) (int, templates.Problem) {
	if wait, ok := errors.AsType[*accounts.WaitError](err); ok {
		return http.StatusTooManyRequests, templates.Problem{Key: "provider.login.wait", Args: templates.Args{"time": wait.RetryAfter()}}
	}
	switch {
	case errors.Is(err, accounts.ErrWrongCredentials):
		return http.StatusUnprocessableEntity, templates.Problem{Field: "username", Key: "provider.login.wrong"}
	case errors.Is(err, accounts.ErrDisabled):
		return http.StatusForbidden, templates.Problem{Key: "provider.login.disabled", Args: templates.Args{"email": supportEmail}}
	}
	if busy, ok := web.Busy(err); ok {
		return http.StatusServiceUnavailable, busy
	}
	return 0, templates.Problem{}
}

// repeatedMax is how much of a value, in code points, a page or an error repeats.
const repeatedMax = 254

// cancelLogin returns to the app without signing in (RFC 6749 4.1.2.1).
func (h *Handler) cancelLogin(c *gin.Context) error {
	w, err := h.waiting(c.Request.Context(), c)
	if err != nil {
		return err
	}
	if w.request == nil {
		return web.SeeOther(c, loginPath(w.flow))
	}
	return h.saidNo(c, w, refusedLogin)
}

// saidNo stores the member's refusal and returns to the app with it.
func (h *Handler) saidNo(c *gin.Context, w waiting, said memberNo) error {
	if err := h.service.store.refuse(c.Request.Context(), w.flow, said, h.now()); err != nil {
		return err
	}
	return web.SeeOther(c, ResumePath(w.flow))
}
