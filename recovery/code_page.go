package recovery

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// codePage looks the same whether or not a code was sent (S-52), until its mailbox was proven once.
type codePage struct {
	Username   string        // as typed, or of the account whose mailbox was proven
	Again, Out bool          // it is proven again, see GoOn; and a code was asked for since
	Wait       time.Duration // until one can be
}

func (h *Handler) codePage(ctx context.Context, r *Recovery) (codePage, error) {
	if r.Typed != "" || r.AccountID == uuid.Nil {
		return codePage{Username: r.Typed}, nil
	}
	account, err := h.service.accounts.Get(ctx, r.AccountID)
	wait := r.CodeAskedAt.Add(resendGap).Sub(h.service.now())
	return codePage{Username: account.Username, Again: true, Out: !r.notAsked(), Wait: max(0, wait)}, err
}

// codeForm shows the page of the code, again with its problems if there are any.
func (h *Handler) codeForm(c *gin.Context, r *Recovery, status int, opts ...web.PageOption) error {
	page, err := h.codePage(c.Request.Context(), r)
	if err != nil {
		return err
	}
	return h.page(c, status, "recovery/code", page, opts...)
}

func (h *Handler) showCode(c *gin.Context) error {
	r, err := h.service.at(c.Request.Context(), h.visit(c), stepCode)
	if err != nil {
		return err
	}
	opts := []web.PageOption{h.waits(r), web.TriesLeft("registration.code.wrong", codeTries-r.CodeTries)}
	if c.Query("note") == "resent" && h.web.JustDone(c) {
		opts = append(opts, web.WithNotice("ok", "registration.code.resent", nil))
	}
	return h.codeForm(c, r, http.StatusOK, opts...)
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
		r, err := h.service.at(ctx, v, stepCode)
		if err != nil {
			return err
		}
		key := "registration.code.format"
		if strings.TrimSpace(typed) == "" {
			key = "registration.code.missing"
		}
		return h.wrongCode(c, r, problem("code", key, nil))
	}
	r, err := h.service.SubmitCode(ctx, v, code)
	switch {
	case err == nil:
		return h.to(c, paths[r.Step])
	case errors.Is(err, ErrNewAddress):
		return h.toDesk(c, "address")
	case errors.Is(err, ErrQuestionClosed):
		return h.toDesk(c, "question")
	case errors.Is(err, accounts.ErrDisabled):
		return h.toDesk(c, "disabled")
	case errors.Is(err, ErrCode):
		return h.wrongCode(c, r, problem("code", "registration.code.wrong", templates.Args{"n": codeTries - r.CodeTries}))
	case errors.Is(err, ErrCodeExpired):
		return h.wrongCode(c, r, problem("code", "registration.code.expired", nil))
	case errors.Is(err, ErrEnded):
		return h.toDone(c, pathEnded)
	}
	return err
}

func (h *Handler) wrongCode(c *gin.Context, r *Recovery, wrong templates.Problem) error {
	return h.codeForm(c, r, http.StatusUnprocessableEntity, web.WithProblems(wrong))
}

func (h *Handler) resend(c *gin.Context) error {
	r, err := h.service.ResendCode(c.Request.Context(), h.visit(c))
	if wait, ok := errors.AsType[*resendError](err); ok {
		return h.codeForm(c, r, http.StatusTooManyRequests,
			web.WithProblems(problem("", "registration.code.resend_wait", templates.Args{"time": wait.wait})))
	}
	if err != nil {
		return err
	}
	return h.toDone(c, paths[stepCode]+"?note=resent")
}
