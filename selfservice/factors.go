package selfservice

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// factorsPage lists the second steps.
type factorsPage struct {
	List  []accounts.EnrolledFactor
	TOTP  bool // an app is enrolled
	Codes bool // there is a list of saved codes
	Now   time.Time
	Open  bool // one was just removed, perhaps with a lost device, and other devices are signed in
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
	page := factorsPage{List: list, TOTP: slices.Contains(has, accounts.TOTP), Codes: slices.Contains(has, accounts.SavedCodes), Now: h.now()}
	if strings.HasPrefix(c.Query("note"), "removed") && h.web.JustDone(c) {
		open, err := h.service.OpenSessions(c.Request.Context(), session.AccountID, session.SID)
		if err != nil {
			return err
		}
		page.Open = len(open) > 1
	}
	return h.page(c, http.StatusOK, "factors", session, page)
}

// totpPage shows the key of a new app, as a picture and as text, and asks for its code.
type totpPage struct {
	QR   templates.QR
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
		return h.hasFactor(c, session, accounts.TOTP)
	}
	if err != nil {
		return err
	}
	uri := secret.URI(h.web.Text(c, "web.layout.brand", nil), session.Username)
	qr, err := web.NewQR(uri)
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
	typed := web.Form(c).Get("code")
	again := func() (bool, error) {
		return h.addedAgain(c, accounts.TOTP, func(session accounts.Session) (time.Time, error) {
			return h.service.JustConfirmed(c.Request.Context(), session.AccountID, session.SID, typed)
		})
	}
	session, ok, err := h.requireAdding(c, again)
	if !ok {
		return err
	}
	usable, err := h.service.ConfirmTOTP(c.Request.Context(), session.AccountID, session.SID, typed)
	switch {
	case err == nil:
		return h.added(c, session, accounts.TOTP, usable)
	case errors.Is(err, accounts.ErrHasFactor), errors.Is(err, accounts.ErrNoFactor):
		if done, err := again(); done || err != nil {
			return err
		}
		err = accounts.ErrWrongCode // of a key that the page shows no longer, unless the app is added
	}
	status, problem, _ := accounts.FactorProblem(err, "code", typed)
	if status == 0 {
		return err
	}
	if problem.Key == "accounts.totp.wrong" { // the app's next code is no better if it has the key of an earlier page
		problem.Key = "accounts.add_totp.wrong"
	}
	return h.totpForm(c, session, status, problem)
}

// requireAdding is RequireFresh for the form that adds a second step. If it is sent again, again answers it: since the first of two
// presses has added the step, the session would have to prove it.
func (h *Handler) requireAdding(c *gin.Context, again func() (done bool, err error)) (accounts.Session, bool, error) {
	if done, err := again(); done || err != nil {
		return accounts.Session{}, false, err
	}
	session, ok, err := h.Require(c)
	if !ok {
		return session, false, err
	}
	if fresh, err := h.Fresh(c, session, accounts.Fresh); fresh || err != nil {
		return session, fresh, err
	}
	if done, err := again(); done || err != nil {
		return session, false, err
	}
	return h.RequireFresh(c, accounts.Fresh)
}

// addedAgain answers the form that has just added a second step and is sent again, as it was answered before. just returns from when
// the step may be used if the form's proof shows that, else zero.
func (h *Handler) addedAgain(c *gin.Context, f accounts.Factor, just func(accounts.Session) (time.Time, error)) (done bool, err error) {
	var usable time.Time
	return h.again(c, func(session accounts.Session) (bool, error) {
		usable, err = just(session)
		if _, locked := errors.AsType[*accounts.FactorLockedError](err); locked {
			return false, nil
		}
		return !usable.IsZero(), err
	}, func(session accounts.Session) error { return h.added(c, session, f, usable) })
}

// added redirects to the saved codes, unless the member has some: a new list would void them. The session has proven the new factor as well, unless it may not be used yet
// (S-55).
func (h *Handler) added(c *gin.Context, session accounts.Session, f accounts.Factor, usable time.Time) error {
	if f == accounts.Passkey {
		h.web.RememberPasskey(c, true)
	}
	if !usable.After(h.now()) {
		r := accounts.Renewal{SID: session.SID, AccountID: session.AccountID, AMR: accounts.WithFactor(session.AMR, f), AuthTime: session.AuthTime}
		if _, err := h.renew(c, r); err != nil {
			return err
		}
	}
	return h.hasFactor(c, session, f)
}

// hasFactor redirects likewise where the factor was added before: the notice is for who has just added it.
func (h *Handler) hasFactor(c *gin.Context, session accounts.Session, f accounts.Factor) error {
	list, err := h.service.EnrolledFactors(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	var since time.Time
	for _, e := range list {
		if e.Factor == f && e.Since.After(since) {
			since = e.Since
		}
	}
	if h.now().Sub(since) >= accounts.PressedAgain {
		return web.SeeOther(c, h.next(c))
	}
	note, err := h.factorNote(c, session, "added", f, since, "factor_added", "factor_added_waits")
	if err != nil {
		return err
	}
	switch has := slices.ContainsFunc(list, func(e accounts.EnrolledFactor) bool { return e.Factor == accounts.SavedCodes && e.Left > 0 }); {
	case !has:
		return h.back(c, "/account/factors/saved-codes", note)
	case web.Flow(c) != "" && h.resume != nil:
		return web.SeeOther(c, h.next(c))
	}
	return h.back(c, "/account/factors", note)
}

// factorNote is the notice for a second step that was added or removed since an instant; it speaks of a mail only if one of these kinds was
// queued.
func (h *Handler) factorNote(c *gin.Context, session accounts.Session, note string, f accounts.Factor, since time.Time, kinds ...string) (string, error) {
	told, err := h.service.Told(c.Request.Context(), session.AccountID, since, kinds...)
	if !told {
		note += "_only"
	}
	return note + "-" + string(f), err
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
	if !ok || h.now().Sub(session.AuthTime) >= accounts.Fresh { // its words are shown by the script
		return &web.Error{Status: http.StatusForbidden, Key: web.KeyExpired}
	}
	options, err := h.service.BeginNewPasskey(c.Request.Context(), accounts.Account{ID: session.AccountID, Username: session.Username}, session.SID)
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
	ctx, label, answer := c.Request.Context(), web.Form(c).Get("label"), web.Form(c).Get("credential")
	again := func() (bool, error) {
		return h.addedAgain(c, accounts.Passkey, func(session accounts.Session) (time.Time, error) {
			return h.service.JustEnrolled(ctx, session.AccountID, session.SID, answer)
		})
	}
	session, ok, err := h.requireAdding(c, again)
	if !ok {
		return err
	}
	usable, err := h.service.FinishNewPasskey(ctx, accounts.Account{ID: session.AccountID}, session.SID, label, answer)
	problem := templates.Problem{Key: "accounts.add_passkey.failed"}
	switch {
	case err == nil:
		return h.added(c, session, accounts.Passkey, usable)
	case errors.Is(err, accounts.ErrHasFactor):
		if done, err := again(); done || err != nil {
			return err
		}
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
	return h.remove(c, session, accounts.TOTP, func(ctx context.Context) error { return h.service.RemoveTOTP(ctx, session.AccountID) })
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
	return h.remove(c, session, accounts.Passkey, func(ctx context.Context) error { return h.service.RemovePasskey(ctx, session.AccountID, id) })
}

func (h *Handler) remove(c *gin.Context, session accounts.Session, f accounts.Factor, remove func(context.Context) error) error {
	if err := h.service.InSession(c.Request.Context(), session, remove); err != nil {
		return err
	}
	since, err := h.service.FactorRemoved(c.Request.Context(), session.AccountID)
	if err != nil {
		return err
	}
	note, err := h.factorNote(c, session, "removed", f, since, "factor_removed", "factor_removed_open")
	if err != nil {
		return err
	}
	return h.back(c, "/account/factors", note)
}
