package selfservice

import (
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// factorsPage lists the second steps.
type factorsPage struct {
	List  []accounts.EnrolledFactor
	TOTP  bool // an app is enrolled
	Codes bool // there is a list of saved codes
	Now   time.Time
}

func (h *Handler) showFactors(c *gin.Context) error {
	session, ok, err := h.Require(c)
	if !ok {
		return err
	}
	list, err := h.service.EnrolledFactors(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	has := kinds(list)
	return h.page(c, http.StatusOK, "factors", session, factorsPage{list, slices.Contains(has, accounts.TOTP), slices.Contains(has, accounts.SavedCodes), h.now()})
}

// totpPage shows the key of a new app, as a picture and as text, and asks for its code.
type totpPage struct {
	QR   QR
	Key  string // in groups of four
	Link template.URL
}

func (h *Handler) showAddTOTP(c *gin.Context) error {
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if !ok {
		return err
	}
	return h.totpForm(c, session, http.StatusOK)
}

func (h *Handler) totpForm(c *gin.Context, session accounts.Session, status int, problems ...templates.Problem) error {
	secret, err := h.service.StartTOTP(c.Request.Context(), session.AccountID, session.SID)
	if errors.Is(err, accounts.ErrHasFactor) { // a second click, or Back
		return web.SeeOther(c, h.next(c))
	}
	if err != nil {
		return err
	}
	uri := secret.URI(h.web.Text(c, "web.layout.brand", nil), session.Username)
	qr, err := newQR(uri)
	if err != nil {
		return err
	}
	var groups []string
	for rest := string(secret); rest != ""; rest = rest[4:] {
		groups = append(groups, rest[:4])
	}
	return h.page(c, status, "add_totp", session, totpPage{qr, strings.Join(groups, " "), template.URL(uri)}, web.WithProblems(problems...))
}

func (h *Handler) addTOTP(c *gin.Context) error {
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if !ok {
		return err
	}
	typed := web.Form(c).Get("code")
	usable, err := h.service.ConfirmTOTP(c.Request.Context(), session.AccountID, session.SID, typed)
	switch {
	case err == nil:
		return h.added(c, session, accounts.TOTP, usable)
	case errors.Is(err, accounts.ErrHasFactor), errors.Is(err, accounts.ErrNoFactor):
		return h.totpForm(c, session, http.StatusOK)
	}
	status, problem, _ := accounts.FactorProblem(err, "code", typed)
	if status == 0 {
		return err
	}
	return h.totpForm(c, session, status, problem)
}

// added redirects to the saved codes, unless the member has some: a new list would void them. The session has proven the new factor as well, unless it may not be used yet
// (S-55).
func (h *Handler) added(c *gin.Context, session accounts.Session, f accounts.Factor, usable time.Time) error {
	if !usable.After(h.now()) {
		r := accounts.Renewal{SID: session.SID, AccountID: session.AccountID, AMR: accounts.WithFactor(session.AMR, f), AuthTime: session.AuthTime}
		if _, err := h.renew(c, r); err != nil {
			return err
		}
	}
	list, err := h.service.EnrolledFactors(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	note := "added-" + string(f)
	switch has := slices.ContainsFunc(list, func(e accounts.EnrolledFactor) bool { return e.Factor == accounts.SavedCodes && e.Left > 0 }); {
	case !has:
		return h.back(c, "/account/factors/saved-codes", note)
	case web.Flow(c) != "" && h.resume != nil:
		return web.SeeOther(c, h.next(c))
	}
	return h.back(c, "/account/factors", note)
}

// passkeyPage names a new passkey.
type passkeyPage struct{ Label string }

func (h *Handler) showAddPasskey(c *gin.Context) error {
	if web.Kiosk(c) { // it would stay in a device of others
		return web.SeeOther(c, "/account/factors")
	}
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if !ok {
		return err
	}
	return h.page(c, http.StatusOK, "add_passkey", session, passkeyPage{})
}

func (h *Handler) passkeyOptions(c *gin.Context) error {
	if web.Kiosk(c) { // it would stay in a device of others
		return web.SeeOther(c, "/account/factors")
	}
	session, ok, err := h.Lookup(c)
	if err != nil {
		return err
	}
	if !ok || h.now().Sub(session.AuthTime) >= accounts.Fresh { // the page itself explains
		return &web.Error{Status: http.StatusForbidden, Key: web.KeyForbidden}
	}
	options, err := h.service.BeginNewPasskey(c.Request.Context(), seal.Digest(session.SID), accounts.Account{ID: session.AccountID, Username: session.Username})
	if errors.Is(err, accounts.ErrNoFactor) {
		return &web.Error{Status: http.StatusNotFound, Key: web.KeyNotFound}
	}
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/json", options)
	return nil
}

func (h *Handler) addPasskey(c *gin.Context) error {
	if web.Kiosk(c) { // it would stay in a device of others
		return web.SeeOther(c, "/account/factors")
	}
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if !ok {
		return err
	}
	label := web.Form(c).Get("label")
	usable, err := h.service.FinishNewPasskey(c.Request.Context(), seal.Digest(session.SID), accounts.Account{ID: session.AccountID}, label, web.Form(c).Get("credential"))
	problem := templates.Problem{Key: "accounts.passkey.failed"}
	switch {
	case err == nil:
		h.web.RememberPasskey(c, true)
		return h.added(c, session, accounts.Passkey, usable)
	case errors.Is(err, accounts.ErrHasFactor):
		problem.Key = "accounts.add_passkey.duplicate"
	case !errors.Is(err, accounts.ErrPasskey):
		return err
	}
	return h.page(c, http.StatusUnprocessableEntity, "add_passkey", session, passkeyPage{label}, web.WithProblems(problem))
}

// removePage explains what is lost with a factor.
type removePage struct {
	Factor accounts.Factor
	Label  string
	Last   bool // the account is left with only its password
}

func (h *Handler) showRemoveTOTP(c *gin.Context) error    { return h.showRemove(c, accounts.TOTP) }
func (h *Handler) showRemovePasskey(c *gin.Context) error { return h.showRemove(c, accounts.Passkey) }

func (h *Handler) showRemove(c *gin.Context, kind accounts.Factor) error {
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if !ok {
		return err
	}
	list, err := h.service.EnrolledFactors(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	page := removePage{Factor: kind, Last: true}
	found := false
	for _, f := range list {
		switch {
		case f.Factor == accounts.SavedCodes:
		case f.Factor == kind && (kind == accounts.TOTP || f.ID.String() == c.Param("id")):
			found, page.Label = true, f.Label
		default:
			page.Last = false
		}
	}
	if !found { // a second click, or Back
		return web.SeeOther(c, "/account/factors")
	}
	return h.page(c, http.StatusOK, "remove_factor", session, page)
}

func (h *Handler) removeTOTP(c *gin.Context) error {
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if !ok {
		return err
	}
	if err := h.service.RemoveTOTP(c.Request.Context(), session.AccountID); err != nil {
		return err
	}
	return h.back(c, "/account/factors", "removed-"+string(accounts.TOTP))
}

func (h *Handler) removePasskey(c *gin.Context) error {
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if !ok {
		return err
	}
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return web.SeeOther(c, "/account/factors")
	}
	if err := h.service.RemovePasskey(c.Request.Context(), session.AccountID, id); err != nil {
		return err
	}
	return h.back(c, "/account/factors", "removed-"+string(accounts.Passkey))
}
