package registration

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
	"huskyidp/templates"
)

// displacedCookie names the registration that displaced an earlier one of which somebody pressed a button.
const displacedCookie = "displaced"

// openPage asks who began the registration in this browser. It shows nothing of it: families share a phone, and a
// library its computers. Whoever says that a matched card is theirs types its number.
type openPage struct {
	Card       bool
	CardDigits int
}

func (h *Handler) openPage(r *Registration) openPage { return openPage{r.matched(), h.cardDigits} }

// answering is the visit of the person who answers the question.
func (h *Handler) answering(c *gin.Context) Visit {
	v := h.visit(c)
	v.Another = false
	return v
}

func (h *Handler) showOpen(c *gin.Context) error {
	r, err := h.service.Load(c.Request.Context(), h.answering(c))
	if err != nil {
		return err
	}
	if !r.begun() {
		return web.SeeOther(c, withFlow(next(r, h.service.Now()), web.Flow(c)))
	}
	if !h.web.WasRefused(c) {
		h.web.ForgetRefused(c)
	}
	h.web.AskFirst(c, web.OfRegistration)
	opts := []web.PageOption{web.Proof("card_id"), web.TriesLeft("web.open.other_card", r.triesLeft())}
	if h.web.Cookie(c, displacedCookie) == r.ID.String() {
		opts = append(opts, web.WithNotice("warn", "web.open.displaced", nil))
	}
	return h.page(c, http.StatusOK, "registration/open", h.openPage(r), opts...)
}

func (h *Handler) submitOpen(c *gin.Context) error {
	if act(c, "go_on") == "anew" {
		return h.startOver(c)
	}
	ctx, v := c.Request.Context(), h.answering(c)
	r, err := h.service.Load(ctx, v)
	if err != nil {
		return err
	}
	number := ""
	if r.matched() {
		typed := web.Form(c).Get("card_id")
		if number, err = h.service.Roster.ParseMemberNumber(typed); err != nil {
			return h.stillOpen(c, r, cardProblem(typed, h.cardDigits))
		}
	}
	r, err = h.service.GoOn(ctx, v, number)
	switch _, moved := errors.AsType[*movedError](err); {
	case errors.Is(err, errOtherCard):
		return h.stillOpen(c, r, templates.Problem{Field: "card_id", Key: "web.open.other_card", Args: templates.Args{"n": r.triesLeft()}})
	case errors.Is(err, errErased):
		h.forget(c)
		return h.web.SeeDone(c, noted(stepAgreement.Path, v.Flow, "erased"))
	case err != nil && !moved: // a locked one continues to its page
		return err
	}
	h.keep(c)
	h.web.Began(c, web.OfRegistration)
	h.web.ClearCookie(c, displacedCookie)
	return web.SeeOther(c, withFlow(next(r, h.service.Now()), web.Flow(c)))
}

func (h *Handler) stillOpen(c *gin.Context, r *Registration, wrong templates.Problem) error {
	return h.refused(c, http.StatusUnprocessableEntity, "registration/open", h.openPage(r), problems{wrong})
}

// cardProblem says what is wrong with a number that cannot be a member's.
func cardProblem(typed string, digits int) templates.Problem {
	key := "registration.personal.card_id_format"
	if strings.TrimSpace(typed) == "" {
		key = "registration.personal.card_id_missing"
	}
	return templates.Problem{Field: "card_id", Key: key, Args: templates.Args{"n": digits}}
}

// startOver erases what was typed, for another person at the same browser.
func (h *Handler) startOver(c *gin.Context) error {
	if err := h.service.Leave(c.Request.Context(), h.visit(c), "another_person"); err != nil {
		return err
	}
	h.forget(c)
	return web.SeeOther(c, withFlow(stepAgreement.Path, web.Flow(c)))
}

// forget makes the browser forget a registration that is erased.
func (h *Handler) forget(c *gin.Context) {
	h.web.ClearCookie(c, cookie)
	h.web.NextPerson(c)
}
