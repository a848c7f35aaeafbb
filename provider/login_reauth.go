package provider

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// reauthPage asks for the proof again: the password, or a passkey.
type reauthPage struct {
	Username string
	Return   string // the page of ours that asked; "" for an app
	Act      string // catalog key of what that page is for; "" for none in particular
	Passkey  bool
	Enrol    string    // where to add the missing factor; "" if none is missing
	App      string    // where to add an app in the place of a passkey; "" if that is not enough, or Enrol is it
	Waiting  time.Time // until when a new factor cannot be used (S-55); zero if none waits
}

// stepUp is a request for more proof.
type stepUp struct {
	waiting
	session *accounts.Session
	factors accounts.Factors
	back    string // the page of ours that asked; "" for an app
	next    string // where to continue
}

// stepUpOf reads the step-up; done means that the response has been written.
func (h *Handler) stepUpOf(c *gin.Context) (s stepUp, done bool, err error) {
	if s.waiting, s.session, done, err = h.memberOf(c); done || err != nil {
		return s, true, err
	}
	s.back = returnOf(c)
	switch {
	case s.back != "":
		s.next = withFlow(s.back, s.flow)
	case s.request != nil:
		s.next = ResumePath(s.flow)
	default:
		return s, true, h.proceed(c, s.waiting)
	}
	s.factors, err = h.accounts.Factors(c.Request.Context(), s.session.AccountID)
	return s, err != nil, err
}

// reachable reports whether the member's factors can give the required proof.
func (s stepUp) reachable() bool {
	return s.back != "" || s.factors.Best() >= s.request.assurance.minimum
}

// half reports whether the sign-in was recent and below what is required, so that only the second step is missing. A
// session that already has it proves everything again: codes alone must not keep it fresh (S-20).
func (s stepUp) half(now time.Time) bool {
	needed := accounts.Rank(accounts.ACRFactor)
	if s.back == "" {
		needed = s.request.assurance.wanted(s.factors.Best())
	}
	return s.factors.Any() && accounts.Rank(s.session.ACR) < needed && now.Sub(s.session.AuthTime) < accounts.Fresh
}

// showReauth asks for the password, unless only the second step is missing, or shows what is needed first.
func (h *Handler) showReauth(c *gin.Context) error {
	s, done, err := h.stepUpOf(c)
	if done || err != nil {
		return err
	}
	if !s.reachable() {
		page := reauthPage{Waiting: s.factors.Waiting}
		switch {
		case !page.Waiting.IsZero():
		case s.request.assurance.minimum > accounts.Rank(accounts.ACRFactor):
			page.Enrol = "/account/factors/passkey"
		case s.request.assurance.insists && !web.Kiosk(c): // staff have a passkey from the first day (S-21)
			page.Enrol, page.App = "/account/factors/passkey", "/account/factors/totp"
		default:
			page.Enrol = "/account/factors/totp"
		}
		return h.reauthForm(c, s, page, http.StatusOK)
	}
	if s.half(h.now()) {
		amr := s.session.AMR
		if slices.Contains(amr, "pwd") { // the second step is proven again
			amr = []string{"pwd"}
		}
		return h.askFactor(c, s, accounts.Account{ID: s.session.AccountID}, amr)
	}
	return h.reauthForm(c, s, reauthPage{}, http.StatusOK)
}

// askFactor continues with the second step.
func (h *Handler) askFactor(c *gin.Context, s stepUp, account accounts.Account, amr []string) error {
	if err := h.sessions.HoldStepUp(c, account, amr, s.session.SID, s.next); err != nil {
		return err
	}
	return web.SeeOther(c, withFlow("/login/factor", s.flow))
}

func (h *Handler) reauthForm(c *gin.Context, s stepUp, page reauthPage, status int, problems ...templates.Problem) error {
	page.Username, page.Return, page.Passkey, page.Act = s.session.Username, s.back, s.factors.Passkeys > 0, actOf(s.back)
	return h.web.Page(c, status, "provider/reauth", page, append(s.options(c), web.SignedIn(s.session.Username), web.WithProblems(problems...))...)
}

// reauth checks the password and continues with the second step, if any.
func (h *Handler) reauth(c *gin.Context) error {
	if _, _, err := h.sessions.Proving(c); err != nil {
		return err
	}
	s, done, err := h.stepUpOf(c)
	if done || err != nil {
		return err
	}
	if answer := web.Form(c).Get("credential"); answer != "" {
		return h.reauthByPasskey(c, s, answer)
	}
	password := web.Form(c).Get("password")
	if password == "" {
		return h.reauthForm(c, s, reauthPage{}, http.StatusUnprocessableEntity, templates.Problem{Field: "password", Key: "provider.login.password_missing"})
	}
	account, waits, err := h.authenticate(c, s.session.Username)
	if waits {
		return err
	}
	if errors.Is(err, accounts.ErrWrongCredentials) {
		return h.reauthForm(c, s, reauthPage{}, http.StatusUnprocessableEntity, templates.Problem{Field: "password", Key: "accounts.password.current_wrong"})
	}
	if status, problem := loginProblem(err, h.service.supportEmail); status != 0 {
		return h.reauthForm(c, s, reauthPage{}, status, problem)
	}
	if err != nil {
		return err
	}
	if account.Factors.Any() {
		return h.askFactor(c, s, account, []string{"pwd"})
	}
	if _, err := h.sessions.StepUp(c, *s.session, []string{"pwd"}); err != nil {
		return h.lostSession(c, s, err)
	}
	return web.SeeOther(c, s.next)
}

func (h *Handler) reauthByPasskey(c *gin.Context, s stepUp, answer string) error {
	_, err := h.accounts.FinishPasskey(c.Request.Context(), web.Browser(c), s.session.AccountID, answer)
	if errors.Is(err, accounts.ErrPasskey) {
		return h.reauthForm(c, s, reauthPage{}, http.StatusUnprocessableEntity, templates.Problem{Key: accounts.PasskeyKey(err)})
	}
	if err != nil {
		return err
	}
	if _, err := h.sessions.StepUp(c, *s.session, []string{"pop", "mfa"}); err != nil {
		return h.lostSession(c, s, err)
	}
	return web.SeeOther(c, s.next)
}

// lostSession handles a session that ended during the step-up.
func (h *Handler) lostSession(c *gin.Context, s stepUp, err error) error {
	if errors.Is(err, accounts.ErrNoSession) {
		return h.web.SeeDone(c, noted(loginPath(s.flow), "ended"))
	}
	return err
}

func (h *Handler) reauthOptions(c *gin.Context) error {
	session, err := h.current(c)
	if err == nil && session == nil {
		err = accounts.ErrNoPending
	}
	if err != nil {
		return passkeyError(err)
	}
	return h.askPasskey(c, session.AccountID)
}

// cancelReauth leaves everything as it was.
func (h *Handler) cancelReauth(c *gin.Context) error {
	s, done, err := h.stepUpOf(c)
	if done || err != nil {
		return err
	}
	if s.back != "" && s.back != consentPath {
		return web.SeeOther(c, withFlow(beganOn(s.back), s.flow))
	}
	return h.stepUpLeft(c, s.waiting)
}

// beganOn returns the page that led to the change and requires no proof itself.
func beganOn(back string) string {
	for _, page := range []string{"/account/factors", "/account/sessions", "/account/apps", "/account/history"} {
		if strings.HasPrefix(back, page) {
			return page
		}
	}
	return "/account"
}

// actOf returns the title of a page of the account, as a catalog key. A proof says what it is for: somebody else may have
// begun that.
func actOf(back string) string {
	switch {
	case strings.HasSuffix(back, "/remove"):
		return "accounts.factors.title"
	case strings.HasPrefix(back, "/account/factors/"):
		return map[string]string{"totp": "accounts.add_totp.title", "passkey": "accounts.add_passkey.title", "saved-codes": "accounts.saved.title"}[strings.TrimPrefix(back, "/account/factors/")]
	}
	page, _, _ := strings.Cut(strings.TrimPrefix(back, "/account/"), "/")
	if slices.Contains([]string{"password", "question", "email", "sessions", "data", "close", "history"}, page) && strings.HasPrefix(back, "/account/") {
		return "accounts." + page + ".title"
	}
	return ""
}

// stepUpLeft reports to an app that its member did not prove more.
func (h *Handler) stepUpLeft(c *gin.Context, w waiting) error {
	if w.request == nil {
		return h.proceed(c, w)
	}
	return h.saidNo(c, w, refusedFactor)
}
