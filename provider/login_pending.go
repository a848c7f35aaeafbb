package provider

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/members"
)

// pendingFactor returns what is pending for a second step in this browser. done means that nothing is, and that the
// response has been written.
func (h *Handler) pendingFactor(c *gin.Context) (w waiting, p accounts.Pending, done bool, err error) {
	if w, err = h.waiting(c.Request.Context(), c); err != nil {
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
		return h.proceed(c, w)
	}
	note := "expired"
	if h.sessions.Held(c) || c.Request.Method == http.MethodPost && web.Owned(c, web.OfSignIn) { // why the sign-in ended concerns only its own browser
		note = "given_up"
	}
	return h.web.SeeDone(c, noted(loginPath(w.flow), note))
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

// nothingWaitsFor redirects to where the attempt began.
func (h *Handler) nothingWaitsFor(c *gin.Context, w waiting, p accounts.Pending) error {
	if p.SID != "" {
		return h.stepUpLeft(c, w)
	}
	return web.SeeOther(c, loginPath(w.flow))
}
