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

// factorPage is the second step by one method. Over tells that nothing waits any more.
type factorPage struct {
	Method string   // of accounts.Factors.Methods; "" when Over
	Others []string // further methods of this member
	Over   bool
}

// enrolled are the methods that the member may use, where an app waits only those that
// are enough for it, if there are any.
func (w waiting) enrolled(f accounts.Factors) []string {
	if w.request != nil && f.Passkeys > 0 && (w.request.assurance.insists || w.request.assurance.minimum > accounts.Rank(accounts.ACRFactor)) {
		f = accounts.Factors{Passkeys: f.Passkeys}
	}
	return f.Methods()
}

// pendingFactor is what waits for a second step in this browser; done means that nothing
// does, and that the member was sent to begin again.
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

// held is what waits for a second step in this browser. A form of its pages belongs to the member: one that was rendered
// for somebody else, whose sign-in ended as this one began, is refused, and its proof is not tried on this one.
func (h *Handler) held(c *gin.Context) (accounts.Pending, error) {
	p, err := h.sessions.Pending(c)
	if err == nil && p.SID == "" && !web.Belongs(c, web.OfSignIn, p.Account.ID.String()) {
		err = &web.Error{Status: http.StatusConflict, Key: web.KeyForeignForm, Href: withFlow("/login/open", web.Flow(c))}
	}
	return p, err
}

// nothingWaits is for a page that was opened too late, or again by Back: whoever is
// signed in goes on, everybody else begins anew. Who sent a form of somebody else's sign-in reads who is signed in now.
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
	if h.sessions.Held(c) || c.Request.Method == http.MethodPost && web.Owned(c, web.OfSignIn) { // what may have ended it is of interest to nobody else
		note = "given_up"
	}
	return h.web.SeeDone(c, noted(loginPath(w.flow), note))
}

// showFactor leads to the member's best method.
func (h *Handler) showFactor(c *gin.Context) error {
	w, p, done, err := h.pendingFactor(c)
	if done || err != nil {
		return err
	}
	names := w.enrolled(p.Account.Factors)
	if len(names) == 0 { // taken away meanwhile
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
	person, err := h.person(c, p)
	if err != nil {
		return err
	}
	return h.web.Page(c, status, "provider/factor", page, append(w.options(), person, web.WithProblems(problems...))...)
}

// person says by first name whose sign-in waits: families share a browser. Of a step-up the session's own page has said it.
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
	case err != nil && !errors.Is(err, accounts.ErrNoPending): // else Prove knows whether this is a second press
		return err
	}
	form := web.Form(c)
	if form.Get("act") == "back" { // gives the sign-in up; a step-up leaves the session as it is
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

// nothingWaitsFor leads back to where the attempt began.
func (h *Handler) nothingWaitsFor(c *gin.Context, w waiting, p accounts.Pending) error {
	if p.SID != "" {
		return h.stepUpLeft(c, w)
	}
	return web.SeeOther(c, loginPath(w.flow))
}

// proved leads on: to the page that asked for the proof, or as from any sign-in. Who
// used a saved code sees first how many are left (S-17).
func (h *Handler) proved(c *gin.Context, w waiting, proved accounts.Proved) error {
	switch {
	case proved.StepUp:
		return web.SeeOther(c, proved.Return)
	case web.Form(c).Get("saved_code") != "":
		return web.SeeOther(c, withFlow("/login/saved-code", w.flow))
	}
	return h.signedIn(c, w, proved.Session, proved.Return)
}

// codesLeftPage tells how many saved codes remain, and leads on.
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

// factorOptions is what the browser is to ask the passkeys of who signs in.
func (h *Handler) factorOptions(c *gin.Context) error {
	p, err := h.held(c)
	if err != nil {
		return passkeyError(err)
	}
	return h.askPasskey(c, p.Account.ID)
}

// passkeyOptions is the same for whoever has one, in place of a password.
func (h *Handler) passkeyOptions(c *gin.Context) error { return h.askPasskey(c, uuid.Nil) }

func (h *Handler) askPasskey(c *gin.Context, id uuid.UUID) error {
	options, err := h.accounts.BeginPasskey(c.Request.Context(), web.Browser(c), web.Source(c), id)
	if err != nil {
		return passkeyError(err)
	}
	c.Data(http.StatusOK, "application/json", options)
	return nil
}

// passkeyError is for a script, which says itself that it did not work.
func passkeyError(err error) error {
	if errors.Is(err, accounts.ErrNoPending) || errors.Is(err, accounts.ErrNoFactor) {
		return &web.Error{Status: http.StatusNotFound, Key: web.KeyNotFound, Err: err}
	}
	return err
}

// loginByPasskey signs in without a password: a passkey that verified its owner is proof
// of two kinds.
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
