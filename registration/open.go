package registration

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
)

// openPage asks whose the registration is that was begun in this browser. It shows nothing of it: families share a phone,
// and a library its computers.
type openPage struct{}

func (h *Handler) showOpen(c *gin.Context) error {
	r, err := h.service.Load(c.Request.Context(), h.visit(c))
	if err != nil {
		return err
	}
	if !r.begun() {
		return web.SeeOther(c, withFlow(next(r, h.service.Now()), web.Flow(c)))
	}
	h.web.ForgetRefused(c)
	return h.page(c, http.StatusOK, "registration/open", openPage{})
}

func (h *Handler) submitOpen(c *gin.Context) error {
	if act(c, "go_on") == "anew" {
		return h.beginAnew(c)
	}
	r, err := h.service.GoOn(c.Request.Context(), h.visit(c))
	if err != nil {
		return err
	}
	h.keep(c)
	return web.SeeOther(c, withFlow(next(r, h.service.Now()), web.Flow(c)))
}

// beginAnew erases what was typed, for another person at the same browser.
func (h *Handler) beginAnew(c *gin.Context) error {
	if err := h.service.Leave(c.Request.Context(), h.visit(c), "another_person"); err != nil {
		return err
	}
	h.web.ClearCookie(c, cookie)
	h.web.NextPerson(c)
	return web.SeeOther(c, withFlow(stepAgreement.Path, web.Flow(c)))
}
