package provider

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// Agreement is the license agreement in force, in one language.
type Agreement struct {
	Version    string // date of publication
	Language   string
	Published  templates.Date
	Paragraphs []string
	Hash       []byte // SHA-256 of the text
}

// agreementPage shows a version that the member has not accepted yet.
type agreementPage struct {
	Document Agreement
	First    bool // no version was accepted before: the account comes from another system
}

// newAgreement returns the page of the version that the member still has to accept, or nil (design.md section 2: a
// newly published version has to be accepted at the next sign-in).
func (h *Handler) newAgreement(c *gin.Context, session *accounts.Session) (*agreementPage, error) {
	due, _, err := h.atSignIn(c, session)
	return due, err
}

// atSignIn is newAgreement; a also says whether the member has to choose a secret question and may be offered a passkey.
func (h *Handler) atSignIn(c *gin.Context, session *accounts.Session) (due *agreementPage, a accounts.AtSignIn, err error) {
	if session.MemberID == uuid.Nil { // support staff are not licensees, and have no question
		return nil, a, nil
	}
	if a, err = h.accounts.AtSignIn(c.Request.Context(), session.AccountID); err != nil {
		return nil, a, err
	}
	if current := h.service.agreement(h.now(), web.Lang(c)); a.Agreement < current.Version {
		due = &agreementPage{current, a.Agreement == ""}
	}
	a.Question = a.Question && h.service.questions
	a.Passkey = a.Passkey && h.sessions.Offers(c)
	return due, a, nil
}

func (h *Handler) showAgreement(c *gin.Context) error {
	w, session, done, err := h.memberOf(c)
	if done || err != nil {
		return err
	}
	due, err := h.newAgreement(c, session)
	if err != nil {
		return err
	}
	if due == nil {
		return h.proceed(c, w)
	}
	return h.web.Page(c, http.StatusOK, "provider/agreement", *due, append(w.options(c), web.SignedIn(session.Username))...)
}

// decideAgreement records the acceptance. A member who does not agree is signed out; the account is unchanged.
func (h *Handler) decideAgreement(c *gin.Context) error {
	w, session, done, err := h.memberOf(c)
	if done || err != nil {
		return err
	}
	due, err := h.newAgreement(c, session)
	switch {
	case err != nil:
		return err
	case due == nil:
		return h.proceed(c, w)
	case web.Form(c).Get("act") != "agree":
		if err := h.sessions.SignOut(c); err != nil {
			return err
		}
		note := "agreement"
		if due.First {
			note = "agreement_first"
		}
		return h.web.SeeDone(c, noted(loginPath(w.flow), note))
	case web.Form(c).Get("version") != due.Document.Version: // another was published in the meantime: show it
		return web.SeeOther(c, c.Request.URL.RequestURI())
	}
	accepted := accounts.Acceptance{Version: due.Document.Version, Language: due.Document.Language, TextHash: due.Document.Hash, At: h.now()}
	if err := h.accounts.AcceptAgreement(c.Request.Context(), session.AccountID, accepted); err != nil {
		return err
	}
	return h.proceed(c, w)
}

// proceed redirects to the dispatcher; if no app waits, to the device being connected or to the account.
func (h *Handler) proceed(c *gin.Context, w waiting) error {
	switch {
	case w.flow == "" && h.deviceCode(c) != "":
		return web.SeeOther(c, "/device/confirm")
	case w.flow == "":
		return web.SeeOther(c, "/account")
	}
	return web.SeeOther(c, ResumePath(w.flow))
}
