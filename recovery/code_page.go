package recovery

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// codePage looks the same whether or not a code was sent (S-52). It has the username as typed, "" if that is not known any more.
type codePage struct{ Username string }

func (h *Handler) showCode(c *gin.Context) error {
	r, err := h.service.at(c.Request.Context(), h.visit(c), stepCode)
	if err != nil {
		return err
	}
	opts := []web.PageOption{h.waits(r), web.TriesLeft("registration.code.wrong", codeTries-r.CodeTries)}
	switch note := c.Query("note"); {
	case note == "resent" && h.web.JustDone(c):
		opts = append(opts, web.WithNotice("ok", "registration.code.resent", nil))
	case note == "later" && h.web.JustDone(c):
		opts = append(opts, web.WithNotice("warn", "recovery.code.later", nil))
	}
	return h.page(c, http.StatusOK, "recovery/code", codePage{r.Typed}, opts...)
}

func (h *Handler) submitCode(c *gin.Context) error {
	switch web.Form(c).Get("act") {
	case "resend":
		return h.resend(c)
	case "no_mailbox":
		return h.toSupport(c, "password", stepCode)
	}
	ctx, v, typed := c.Request.Context(), h.visit(c), web.Form(c).Get("code")
	code, ok := accounts.ReadCode(typed)
	if !ok {
		if _, err := h.service.at(ctx, v, stepCode); err != nil {
			return err
		}
		key := "registration.code.format"
		if strings.TrimSpace(typed) == "" {
			key = "registration.code.missing"
		}
		return h.refused(c, "recovery/code", codePage{}, problem("code", key, nil))
	}
	r, err := h.service.SubmitCode(ctx, v, code)
	switch {
	case err == nil:
		return h.to(c, paths[r.Step])
	case errors.Is(err, ErrNewAddress):
		return h.toDesk(c, "address")
	case errors.Is(err, ErrQuestionClosed):
		return h.toDesk(c, "question")
	case errors.Is(err, ErrCode):
		return h.refused(c, "recovery/code", codePage{}, problem("code", "registration.code.wrong", templates.Args{"n": codeTries - r.CodeTries}))
	case errors.Is(err, ErrCodeExpired):
		return h.refused(c, "recovery/code", codePage{}, problem("code", "registration.code.expired", nil))
	case errors.Is(err, ErrEnded):
		return h.toDone(c, pathEnded)
	}
	return err
}

func (h *Handler) resend(c *gin.Context) error {
	err := h.service.ResendCode(c.Request.Context(), h.visit(c))
	if wait, ok := errors.AsType[*resendError](err); ok {
		return h.page(c, http.StatusTooManyRequests, "recovery/code", codePage{},
			web.WithProblems(problem("", "registration.code.resend_wait", templates.Args{"time": wait.wait})))
	}
	if err != nil {
		return err
	}
	return h.toDone(c, paths[stepCode]+"?note=resent")
}
