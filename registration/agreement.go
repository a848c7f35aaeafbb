package registration

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
)

// agreementPage is the first step. It asks for nothing personal. Back is set for a member who returned to it from a
// later step.
type agreementPage struct {
	Document Document
	Back     bool
}

func (h *Handler) showAgreement(c *gin.Context) error {
	h.web.Entrance(c)
	v, now := h.visit(c), h.service.Now()
	r, err := h.service.Load(c.Request.Context(), v)
	if err != nil && !errors.Is(err, errGone) {
		return err
	}
	if err == nil && r.begun() && (!v.Back || r.awayAt(now)) {
		return &movedError{pathOpen}
	}
	var opts []web.PageOption
	if c.Query("note") == "erased" && h.web.JustDone(c) {
		opts = append(opts, web.WithNotice("warn", "web.open.erased", nil))
	}
	return h.page(c, http.StatusOK, "registration/agreement", agreementPage{h.service.Legal.Agreement(now, web.Lang(c)), err == nil && v.Back}, opts...)
}

func (h *Handler) submitAgreement(c *gin.Context) error {
	switch act(c, "agree") {
	case "disagree":
		return h.leave(c, "disagreed", "declined")
	case "leave":
		return h.leave(c, "left", "")
	}
	r, token, err := h.service.Agree(c.Request.Context(), h.visit(c), web.Form(c).Get("version"))
	if err != nil {
		return err
	}
	h.web.Began(c, web.OfRegistration)
	if token != "" {
		h.web.SetCookie(c, cookie, token, idle)
	} else {
		h.keep(c)
	}
	return web.SeeOther(c, withFlow(next(r, h.service.Now()), web.Flow(c)))
}

// textPage shows the agreement to anybody, at any time.
type textPage struct{ Document Document }

func (h *Handler) showText(c *gin.Context) error {
	return h.page(c, http.StatusOK, "registration/text", textPage{h.service.Legal.Agreement(h.service.Now(), web.Lang(c))})
}
