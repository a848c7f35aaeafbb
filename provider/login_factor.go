package provider

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// factorPage is the second step by one method. Over means that no sign-in is pending any more.
type factorPage struct {
	Method string   // of accounts.Factors.Methods; "" when Over
	Others []string // this member's other methods
	Over   bool

	StepUp      bool   // a proof in an open session
	Return, Act string // what it is for, see reauthPage
	Desk        bool   // the support desk asks: its administrators help its people, not Technical Support

	RememberDays int // how long the browser may be spared this step; 0: not offered
}

// enrolled returns the methods that the member may use; if an app waits, only those that are sufficient for it, if any.
func (w waiting) enrolled(f accounts.Factors) []string {
	if w.request != nil && f.Passkeys > 0 && (w.request.assurance.insists || w.request.assurance.minimum > accounts.Rank(accounts.ACRFactor)) {
		f = accounts.Factors{Passkeys: f.Passkeys}
	}
	return f.Methods()
}

// showFactor redirects to the member's best method.
func (h *Handler) showFactor(c *gin.Context) error {
	w, p, done, err := h.pendingFactor(c)
	if done || err != nil {
		return err
	}
	names := w.enrolled(p.Account.Factors)
	if len(names) == 0 {
		return h.factorGone(c, w, p)
	}
	return web.SeeOther(c, withFlow("/login/factor/"+names[0], w.flow))
}

// factorGone begins anew, without a second step, for a member who has removed the last one on another device; a proof leads to the page that
// asked for it.
func (h *Handler) factorGone(c *gin.Context, w waiting, p accounts.Pending) error {
	if err := h.sessions.Drop(c); err != nil {
		return err
	}
	if back := accounts.ReturnPath(p.Return); p.SID != "" && back != "" {
		return web.SeeOther(c, back)
	}
	return h.web.SeeDone(c, noted(loginPath(w.flow), "factor_gone"))
}

func (h *Handler) showMethod(c *gin.Context) error {
	w, p, done, err := h.pendingFactor(c)
	if done || err != nil {
		return err
	}
	return h.factorForm(c, w, p, http.StatusOK)
}

func (h *Handler) factorForm(c *gin.Context, w waiting, p accounts.Pending, status int, problems ...templates.Problem) error {
	page := factorPage{Method: c.Param("method"), Others: w.enrolled(p.Account.Factors), Desk: w.request != nil && slices.Contains(w.request.scopes, AdminScope)}
	i := slices.Index(page.Others, page.Method)
	if i < 0 {
		return web.SeeOther(c, withFlow("/login/factor", w.flow))
	}
	page.Others = slices.Delete(page.Others, i, i+1)
	if p.SID == "" {
		page.RememberDays = h.sessions.RememberDays(c, p.Account)
	}
	for i := range problems {
		problems[i] = accounts.OrSavedCode(problems[i], page.Others)
	}
	opts := append(w.options(c), web.WithProblems(problems...))
	if page.StepUp = p.SID != ""; page.StepUp {
		path, _, _ := strings.Cut(p.Return, "?")
		page.Return = accounts.ReturnPath(path)
		page.Act = actOf(page.Return)
		return h.web.Page(c, status, "provider/factor", page, append(opts, web.SignedIn(p.Account.Username))...)
	}
	person, err := h.person(c, p)
	if err != nil {
		return err
	}
	return h.web.Page(c, status, "provider/factor", page, append(opts, person)...)
}

// proveMethod checks the second step. Only then is there a session (S-18).
func (h *Handler) proveMethod(c *gin.Context) error {
	w, err := h.waiting(c.Request.Context(), c)
	if err != nil {
		return err
	}
	p, err := h.held(c)
	session, sessionErr := h.current(c)
	switch {
	case sessionErr != nil:
		return sessionErr
	case errors.Is(err, accounts.ErrNoPending) && session != nil && !h.sessions.Held(c):
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
		return h.web.Page(c, status, "provider/factor", factorPage{Over: true}, append(w.options(c), web.WithProblems(problem), web.InPlace())...)
	}
	return h.factorForm(c, w, p, status, problem)
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
	return h.web.Page(c, http.StatusOK, "provider/codes_left", codesLeftPage{factors.SavedCodes, next}, append(w.options(c), web.SignedIn(session.Username))...)
}
