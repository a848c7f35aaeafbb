package recovery

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// usernameMax is the longest name, in code points, that is shown again. No account has a longer one.
const usernameMax = 64

// passwordPage asks for the username.
type passwordPage struct{ Username string }

func (h *Handler) showPassword(c *gin.Context) error {
	h.web.SideEntrance(c)
	r, err := h.service.begun(c.Request.Context(), h.visit(c))
	if err != nil {
		return err
	}
	var opts []web.PageOption
	var page passwordPage
	switch note := c.Query("note"); {
	case r != nil && r.Step != stepCode: // past the mailbox: whose is it?
		return h.to(c, paths[stepOpen])
	case r != nil && c.Query("back") != "":
		if r, err = h.service.at(c.Request.Context(), h.visit(c), stepCode); err == nil { // whoever typed it is still there
			page.Username = r.Typed
		}
	case r != nil:
	case note == "late" && h.web.JustDone(c):
		opts = append(opts, web.WithNotice("warn", "recovery.code.late", templates.Args{"minutes": int(life / time.Minute)}))
	case note == "ended" && h.web.JustDone(c):
		opts = append(opts, web.WithNotice("warn", "recovery.code.ended", nil))
	case note == "left" && h.web.JustDone(c):
		opts = append(opts, web.WithNotice("warn", "recovery.code.left", nil))
	case note == "over" && h.web.JustDone(c):
		opts = append(opts, web.WithNotice("warn", "recovery.code.over", nil))
	case note == "none":
		opts = append(opts, web.WithNotice("info", "recovery.code.none", nil))
	}
	return h.page(c, http.StatusOK, "recovery/password", page, opts...)
}

func (h *Handler) submitPassword(c *gin.Context) error {
	typed := web.Form(c).Get("username")
	if strings.TrimSpace(typed) == "" {
		return h.refused(c, "recovery/password", passwordPage{}, problem("username", "provider.login.username_missing", nil))
	}
	if utf8.RuneCountInString(typed) > usernameMax {
		return h.refused(c, "recovery/password", passwordPage{web.Clip(typed, usernameMax)}, problem("username", "web.field.too_long", map[string]any{"max": usernameMax}))
	}
	if strings.Contains(typed, "@") { // which no username has: the code would never come
		return h.refused(c, "recovery/password", passwordPage{typed}, problem("username", "recovery.password.address", nil))
	}
	token, err := h.service.Begin(c.Request.Context(), h.visit(c), typed)
	if err != nil {
		return err
	}
	h.web.SetCookie(c, cookie, token, 0)
	h.web.Began(c, web.OfRecovery)
	return h.to(c, paths[stepCode])
}

// newPasswordPage asks for the new password. It has the username for password managers.
type newPasswordPage struct {
	Username   string
	MinLength  int
	StopsEmail bool // a change of address is on hold, which a new password stops
}

// donePage has when the account closes, which its member asked for before and a new password does not stop, zero if not;
// and when the password was changed, if a form came after that: its password may be another one, which nobody compares.
type donePage struct {
	Closes, Before time.Time
	StoppedEmail   bool // the new password stopped a change of address
	Told           bool // a notice of it left
}

func (h *Handler) showNewPassword(c *gin.Context) error { return h.newPasswordForm(c, http.StatusOK) }

func (h *Handler) newPasswordForm(c *gin.Context, status int, problems ...templates.Problem) error {
	ctx := c.Request.Context()
	owner, err := h.service.owned(ctx, h.visit(c), stepPassword)
	if err != nil {
		return err
	}
	held, err := h.service.Pending(ctx, owner.ID)
	if err != nil {
		return err
	}
	person, err := h.person(c, stepPassword)
	if err != nil {
		return err
	}
	return h.page(c, status, "recovery/new_password",
		newPasswordPage{owner.Username, accounts.PasswordMin, slices.ContainsFunc(held, Change.isOwnEmail)}, append(person, web.WithProblems(problems...))...)
}

func (h *Handler) submitNewPassword(c *gin.Context) error {
	ctx, v, password := c.Request.Context(), h.visit(c), web.Form(c).Get("new_password")
	status := http.StatusUnprocessableEntity
	device, wrong, err := h.service.SetPassword(ctx, v, password)
	if busy, ok := web.Busy(err); ok {
		wrong, err, status = &busy, nil, http.StatusServiceUnavailable
	}
	if moved, ok := errors.AsType[*movedError](err); ok && moved.step == stepDone {
		return h.toDone(c, pathDoneBefore)
	}
	if err != nil {
		return err
	}
	if wrong == nil {
		if device != "" {
			h.web.SetCookie(c, web.DeviceCookie, device, accounts.KnownDeviceAge)
		}
		return h.to(c, paths[stepDone])
	}
	return h.newPasswordForm(c, status, *wrong)
}

func (h *Handler) showDone(c *gin.Context) error {
	owner, err := h.service.owned(c.Request.Context(), h.visit(c), stepDone)
	if err != nil {
		return err
	}
	stopped, err := h.service.StoppedOwn(c.Request.Context(), owner.ID, owner.CredentialsChangedAt)
	if err != nil {
		return err
	}
	told, err := h.service.accounts.Told(c.Request.Context(), owner.ID, owner.CredentialsChangedAt, "password_changed")
	if err != nil {
		return err
	}
	page := donePage{Closes: owner.ClosesAt, StoppedEmail: stopped, Told: told}
	if c.Query("note") == "before" && h.web.JustDone(c) {
		page.Before = owner.CredentialsChangedAt
	}
	return h.page(c, http.StatusOK, "recovery/done", page)
}
