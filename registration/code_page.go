package registration

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

// codePage asks for the mailed code. It looks the same if none was mailed because the member has an account (S-52).
type codePage struct {
	Address string
	Out     bool // a code can be entered
	Sent    bool // a code was sent to this address; if Out is false, it has expired
}

func (h *Handler) newCodePage(r *Registration) codePage {
	return codePage{r.Credentials.Address, r.CodeMAC != nil && h.service.Now().Before(r.CodeExpiresAt), !r.CodeSentAt.IsZero()}
}

func (h *Handler) showCode(c *gin.Context) error {
	r, err := h.atCode(c)
	if err != nil {
		return err
	}
	if r.Credentials.Doubted {
		return h.page(c, http.StatusOK, "registration/email", newEmailPage(r), person(r))
	}
	page, opts := h.newCodePage(r), []web.PageOption{person(r), web.TriesLeft("registration.code.wrong", codeTries-r.CodeTries)}
	switch note := c.Query("note"); {
	case h.web.WasRefused(c): // the summary says it
	case !page.Out && note == "later_limit":
		opts = append(opts, web.WithNotice("warn", "registration.code.later_limit", nil))
	case !page.Out && page.Sent:
		opts = append(opts, web.WithNotice("warn", "registration.code.expired", nil))
	case !page.Out:
		opts = append(opts, web.WithNotice("warn", "registration.code.later_wait", nil))
	case note == "resent" && h.web.JustDone(c):
		opts = append(opts, web.WithNotice("ok", "registration.code.resent", nil))
	}
	return h.page(c, http.StatusOK, "registration/code", page, opts...)
}

// atCode is at for the code page, which is skipped once the address is proven.
func (h *Handler) atCode(c *gin.Context) (*Registration, error) {
	r, err := h.at(c, stepCode)
	if err == nil && !r.ProvenAt.IsZero() {
		return nil, &movedError{next(r, h.service.Now())}
	}
	return r, err
}

func (h *Handler) submitCode(c *gin.Context) error {
	switch act(c, "next") {
	case "leave":
		return h.leave(c, "left", "")
	case "previous":
		return web.SeeOther(c, withFlow(stepCredentials.Path, web.Flow(c)))
	case "resend":
		return h.resend(c)
	case "mend", "keep":
		return h.settleEmail(c, act(c, "") == "mend")
	}
	var wrong problems
	typed := web.Form(c).Get("code")
	code, ok := accounts.ReadCode(typed)
	if !ok {
		r, err := h.atCode(c)
		if err != nil {
			return err
		}
		if strings.TrimSpace(typed) == "" {
			wrong.add("code", "registration.code.missing")
		} else {
			wrong.add("code", "registration.code.format")
		}
		return h.refused(c, http.StatusUnprocessableEntity, "registration/code", h.newCodePage(r), wrong, person(r))
	}
	r, err := h.service.SubmitCode(c.Request.Context(), h.visit(c), code)
	switch {
	case err == nil:
		h.keep(c)
		return web.SeeOther(c, withFlow(next(r, h.service.Now()), web.Flow(c)))
	case errors.Is(err, ErrCode):
		wrong.add("code", "registration.code.wrong", "n", codeTries-r.CodeTries)
	case errors.Is(err, ErrCodeEnded):
		wrong.add("", "registration.code.ended")
	case errors.Is(err, errManyCodes):
		wrong.add("", "registration.code.ended_card")
	case errors.Is(err, ErrCodeExpired):
		wrong.add("", "registration.code.expired")
	default:
		return err
	}
	return h.refused(c, http.StatusUnprocessableEntity, "registration/code", h.newCodePage(r), wrong, person(r))
}

func (h *Handler) resend(c *gin.Context) error {
	r, err := h.atCode(c)
	if err != nil {
		return err
	}
	_, err = h.service.ResendCode(c.Request.Context(), h.visit(c))
	if wait, ok := errors.AsType[*resendError](err); ok {
		var wrong problems
		wrong.add("", wait.key(), "time", wait.wait)
		return h.refused(c, http.StatusTooManyRequests, "registration/code", h.newCodePage(r), wrong, person(r))
	}
	if err != nil {
		return err
	}
	h.keep(c)
	return h.web.SeeDone(c, noted(stepCode.Path, web.Flow(c), "resent"))
}
