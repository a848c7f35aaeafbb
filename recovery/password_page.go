package recovery

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
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
	switch note := c.Query("note"); {
	case r != nil && r.Step != stepCode: // past the mailbox: whose is it?
		return h.to(c, paths[stepOpen])
	case r != nil:
	case note == "ended" && h.web.JustDone(c):
		opts = append(opts, web.WithNotice("warn", "recovery.code.ended", nil))
	case note == "left" && h.web.JustDone(c):
		opts = append(opts, web.WithNotice("warn", "recovery.code.left", nil))
	case note == "over" && h.web.JustDone(c):
		opts = append(opts, web.WithNotice("warn", "recovery.code.over", nil))
	case note == "none":
		opts = append(opts, web.WithNotice("info", "recovery.code.none", nil))
	}
	return h.page(c, http.StatusOK, "recovery/password", passwordPage{}, opts...)
}

func (h *Handler) submitPassword(c *gin.Context) error {
	typed := web.Form(c).Get("username")
	if strings.TrimSpace(typed) == "" {
		return h.refused(c, "recovery/password", passwordPage{}, problem("username", "provider.login.username_missing", nil))
	}
	if utf8.RuneCountInString(typed) > usernameMax {
		return h.refused(c, "recovery/password", passwordPage{web.Clip(typed, usernameMax)}, problem("username", "web.field.too_long", map[string]any{"max": usernameMax}))
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
	Username  string
	MinLength int
}

// donePage has when the account closes, which its member asked for before and a new password does not stop; zero if not.
type donePage struct{ Closes time.Time }

func (h *Handler) showNewPassword(c *gin.Context) error {
	owner, err := h.service.owned(c.Request.Context(), h.visit(c), stepPassword)
	if err != nil {
		return err
	}
	person, err := h.person(c, stepPassword)
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "recovery/new_password", newPasswordPage{owner.Username, accounts.PasswordMin}, person)
}

func (h *Handler) submitNewPassword(c *gin.Context) error {
	ctx, v, password := c.Request.Context(), h.visit(c), web.Form(c).Get("new_password")
	status := http.StatusUnprocessableEntity
	device, wrong, err := h.service.SetPassword(ctx, v, password)
	if busy, ok := web.Busy(err); ok {
		wrong, err, status = &busy, nil, http.StatusServiceUnavailable
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
	owner, err := h.service.owned(ctx, v, stepPassword)
	if err != nil {
		return err
	}
	person, err := h.person(c, stepPassword)
	if err != nil {
		return err
	}
	return h.page(c, status, "recovery/new_password",
		newPasswordPage{owner.Username, accounts.PasswordMin}, person, web.WithProblems(*wrong))
}

func (h *Handler) showDone(c *gin.Context) error {
	owner, err := h.service.owned(c.Request.Context(), h.visit(c), stepDone)
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "recovery/done", donePage{owner.ClosesAt})
}
