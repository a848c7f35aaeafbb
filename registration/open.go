package registration

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/web"
)

// askedCookie names the registration about which the browser was asked. Until there is an answer, every step leads to
// the question.
const askedCookie = "asked"

// displacedMark follows the ID if somebody pressed a button of an earlier registration that this one displaced.
const displacedMark = "~displaced"

// ask makes every step ask whose the registration is, until there is an answer.
func (h *Handler) ask(c *gin.Context, id uuid.UUID, displaced bool) {
	value := id.String()
	if displaced {
		value += displacedMark
	}
	h.web.SetCookie(c, askedCookie, value, idle)
}

func (h *Handler) asked(c *gin.Context, id uuid.UUID) (asked, displaced bool) {
	value, displaced := strings.CutSuffix(h.web.Cookie(c, askedCookie), displacedMark)
	asked = value == id.String()
	return asked, asked && displaced
}

// openPage asks who began the registration in this browser. It shows nothing of it: families share a phone, and a
// library its computers.
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
	_, displaced := h.asked(c, r.ID)
	h.ask(c, r.ID, displaced)
	var opts []web.PageOption
	if displaced {
		opts = append(opts, web.WithNotice("warn", "web.open.displaced", nil))
	}
	return h.page(c, http.StatusOK, "registration/open", openPage{}, opts...)
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
