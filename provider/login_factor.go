package provider

import (
	"errors"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/members"
	"huskyidp/templates"
)

// factorPage is the second step by one method. Over means that no sign-in is pending any more.
type factorPage struct {
	Method string   // of accounts.Factors.Methods; "" when Over
	Others []string // this member's other methods
	Over   bool

	RememberDays int // how long the browser may be spared this step; 0: not offered
}

// enrolled returns the methods that the member may use; if an app waits, only those that are sufficient for it, if any.
func (w waiting) enrolled(f accounts.Factors) []string {
	if w.request != nil && f.Passkeys > 0 && (w.request.assurance.insists || w.request.assurance.minimum > accounts.Rank(accounts.ACRFactor)) {
		f = accounts.Factors{Passkeys: f.Passkeys}
	}
	return f.Methods()
}

// pendingFactor returns what is pending for a second step in this browser. done means that nothing is, and that the
// response has been written.
func (h *Handler) pendingFactor(c *gin.Context) (w waiting, p accounts.Pending, done bool, err error) {
	if w, err = h.waiting(c, c.Request.Context()); err != nil {
		return w, p, true, err
	}
	p, err = h.held(c)
	if errors.Is(err, accounts.ErrNoPending) {
		return w, p, true, h.nothingWaits(c, w)
	}
	return w, p, err != nil, err
}

// held returns what is pending for a second step in this browser. A form belongs to one member: if it was rendered for
// somebody else, whose sign-in ended when this one began, it is refused and its proof is not tried here.
func (h *Handler) held(c *gin.Context) (accounts.Pending, error) {
	p, err := h.sessions.Pending(c)
	if err == nil && p.SID == "" && !web.Belongs(c, web.OfSignIn, p.Account.ID.String()) {
		err = &web.Error{Status: http.StatusConflict, Key: web.KeyForeignForm, Href: withFlow("/login/open", web.Flow(c))}
	}
	if err == nil && p.SID == "" && h.web.Asks(c, web.OfSignIn) {
		err = errAskFirst
	}
	return p, err
}

// errAskFirst leads to the question whose a pending sign-in is: another person may have come since its password.
var errAskFirst = errors.New("provider: whose sign-in is pending has to be asked")

// ofSignIn is Handle for the pages of a pending sign-in.
func (h *Handler) ofSignIn(fn func(*gin.Context) error) gin.HandlerFunc {
	return h.web.Handle(func(c *gin.Context) error {
		err := fn(c)
		if errors.Is(err, errAskFirst) {
			return web.SeeOther(c, withFlow("/login/open", web.Flow(c)))
		}
		return err
	})
}

// nothingWaits handles a page opened too late, or again by Back: a member who is signed in continues, others begin
// again. If the form belongs to another person's sign-in, the page shows who is signed in now.
func (h *Handler) nothingWaits(c *gin.Context, w waiting) error {
	session, err := h.current(c)
	if err != nil {
		return err
	}
	if session != nil && web.OfAnother(c, web.OfSignIn, session.AccountID.String()) {
		wayOn := "/account"
		if w.flow != "" {
			wayOn = ResumePath(w.flow)
		}
		return web.ForeignForm(session.Username, wayOn)
	}
	if session != nil {
		return h.goOn(c, w)
	}
	note := "expired"
	if h.sessions.Held(c) || c.Request.Method == http.MethodPost && web.Owned(c, web.OfSignIn) { // why the sign-in ended concerns only its own browser
		note = "given_up"
	}
	return h.web.SeeDone(c, noted(loginPath(w.flow), note))
}

// showFactor redirects to the member's best method.
func (h *Handler) showFactor(c *gin.Context) error {
	w, p, done, err := h.pendingFactor(c)
	if done || err != nil {
		return err
	}
	names := w.enrolled(p.Account.Factors)
	if len(names) == 0 { // removed in the meantime
		return web.SeeOther(c, loginPath(w.flow))
	}
	return web.SeeOther(c, withFlow("/login/factor/"+names[0], w.flow))
}

func (h *Handler) showMethod(c *gin.Context) error {
	w, p, done, err := h.pendingFactor(c)
	if done || err != nil {
		return err
	}
	return h.factorForm(c, w, p, http.StatusOK)
}

func (h *Handler) factorForm(c *gin.Context, w waiting, p accounts.Pending, status int, problems ...templates.Problem) error {
	page := factorPage{Method: c.Param("method"), Others: w.enrolled(p.Account.Factors)}
	i := slices.Index(page.Others, page.Method)
	if i < 0 {
		return web.SeeOther(c, withFlow("/login/factor", w.flow))
	}
	page.Others = slices.Delete(page.Others, i, i+1)
	if p.SID == "" {
		page.RememberDays = h.sessions.RememberDays(c, p.Account)
	}
	person, err := h.person(c, p)
	if err != nil {
		return err
	}
	return h.web.Page(c, status, "provider/factor", page, append(w.options(), person, web.WithProblems(problems...))...)
}

// person shows the first name of the member whose sign-in is pending, because families share a browser. On a step-up
// the session's own page has already shown it.
func (h *Handler) person(c *gin.Context, p accounts.Pending) (web.PageOption, error) {
	if p.SID != "" || p.Account.Staff() {
		return web.WithPerson(""), nil
	}
	member, err := h.service.members.Member(c.Request.Context(), p.Account.MemberID)
	if errors.Is(err, members.ErrUnknown) {
		err = nil
	}
	return web.WithPerson(member.FirstName), err
}

// proveMethod checks the second step. Only then is there a session (S-18).
func (h *Handler) proveMethod(c *gin.Context) error {
	w, err := h.waiting(c, c.Request.Context())
	if err != nil {
		return err
	}
	p, err := h.held(c)
	session, sessionErr := h.current(c)
	switch {
	case sessionErr != nil:
		return sessionErr
	case errors.Is(err, accounts.ErrNoPending) && session != nil:
		return h.nothingWaits(c, w)
	case err != nil && !errors.Is(err, accounts.ErrNoPending): // on ErrNoPending, Prove decides whether this is a second press
		return err
	}
	form := web.Form(c)
	if form.Get("act") == "back" { // abandons the sign-in; a step-up leaves the session as it is
		if err := h.sessions.Drop(c); err != nil {
			return err
		}
		return h.nothingWaitsFor(c, w, p)
	}
	factor, field, proof := accounts.TypedFactor(c.Param("method"), form)
	if factor == "" {
		return web.SeeOther(c, withFlow("/login/factor", w.flow))
	}
	proved, err := h.sessions.Prove(c, factor, proof)
	if err == nil {
		return h.proved(c, w, proved)
	}
	status, problem, over := accounts.FactorProblem(err, field, proof)
	switch {
	case errors.Is(err, accounts.ErrNoPending), errors.Is(err, accounts.ErrNoSession):
		return h.nothingWaits(c, w)
	case status == 0:
		return err
	case over:
		return h.web.Page(c, status, "provider/factor", factorPage{Over: true}, append(w.options(), web.WithProblems(problem), web.InPlace())...)
	}
	return h.factorForm(c, w, p, status, problem)
}

// nothingWaitsFor redirects to where the attempt began.
func (h *Handler) nothingWaitsFor(c *gin.Context, w waiting, p accounts.Pending) error {
	if p.SID != "" {
		return h.stepUpLeft(c, w)
	}
	return web.SeeOther(c, loginPath(w.flow))
}

// proved redirects to the page that asked for the proof, or continues as after any sign-in. A member who used a saved
// code first sees how many are left (S-17).
func (h *Handler) proved(c *gin.Context, w waiting, proved accounts.Proved) error {
	switch {
	case proved.StepUp:
		return web.SeeOther(c, proved.Return)
	case web.Form(c).Get("saved_code") != "":
		return web.SeeOther(c, withFlow("/login/saved-code", w.flow))
	}
	return h.signedIn(c, w, proved.Session, proved.Return)
}

// codesLeftPage shows how many saved codes are left, and links to the next page.
type codesLeftPage struct {
	Left int
	Next string
}

func (h *Handler) showCodesLeft(c *gin.Context) error {
	w, session, done, err := h.memberOf(c)
	if done || err != nil {
		return err
	}
	factors, err := h.accounts.Factors(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	next := "/account"
	if w.flow != "" {
		next = ResumePath(w.flow)
	}
	if session.Unsettled {
		return web.SeeOther(c, next)
	}
	return h.web.Page(c, http.StatusOK, "provider/codes_left", codesLeftPage{factors.SavedCodes, next}, append(w.options(), web.SignedIn(session.Username))...)
}

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

// passkeyError is for a script, which shows the failure itself.
func passkeyError(err error) error {
	if errors.Is(err, accounts.ErrNoPending) || errors.Is(err, accounts.ErrNoFactor) || errors.Is(err, errAskFirst) {
		return &web.Error{Status: http.StatusNotFound, Key: web.KeyNotFound, Err: err}
	}
	return err
}

// loginByPasskey signs in without a password: a passkey with user verification is two factors.
func (h *Handler) loginByPasskey(c *gin.Context, w waiting, answer string) error {
	account, err := h.accounts.FinishPasskey(c.Request.Context(), web.Browser(c), uuid.Nil, answer)
	switch {
	case errors.Is(err, accounts.ErrPasskey):
		return h.web.SeeDone(c, noted(loginPath(w.flow), "passkey"))
	case errors.Is(err, accounts.ErrDisabled):
		status, problem := loginProblem(err, h.service.supportEmail)
		return h.loginForm(c, w, status, "", []web.PageOption{web.WithProblems(problem)})
	case err != nil:
		return err
	}
	session, err := h.sessions.SignIn(c, account, []string{"pop", "mfa"})
	if err != nil {
		return err
	}
	return h.signedIn(c, w, session, returnOf(c))
}
