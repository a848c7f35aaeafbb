package registration

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
)

// askedCookie names the registration about which the browser was asked: until there is an answer, the steps' pages lead to
// the question too, whichever way they are opened.
const askedCookie = "asked"

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
	h.web.SetCookie(c, askedCookie, r.ID.String(), idle)
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
	h.web.ClearCookie(c, askedCookie)
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
