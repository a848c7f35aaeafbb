package recovery

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/cardform"
	"huskyidp/internal/web"
	"huskyidp/members"
)

const (
	pathUsername     = "/recover/username"
	pathUsernameSent = pathUsername + "/sent"
)

// usernamePage asks for what is on the card.
type usernamePage struct {
	members.Card
	Suffixes   []string
	CardDigits int
}

type usernameSentPage struct{}

func (h *Handler) usernamePage(typed members.Card) usernamePage {
	return usernamePage{typed, members.Suffixes(), h.cardDigits}
}

func (h *Handler) showUsername(c *gin.Context) error {
	h.web.SideEntrance(c)
	return h.page(c, http.StatusOK, "recovery/username", h.usernamePage(members.Card{}))
}

func (h *Handler) submitUsername(c *gin.Context) error {
	typed := cardform.Read(web.Form(c))
	claim, wrong := cardform.Parse(typed, h.service.now(), h.cardDigits, h.service.roster)
	if len(wrong) > 0 {
		return h.refused(c, "recovery/username", h.usernamePage(cardform.Clip(typed)), wrong...)
	}
	if err := h.service.Remind(c.Request.Context(), h.visit(c), claim); err != nil {
		return err
	}
	h.web.ForgetTyped(c) // nothing is unfinished
	return h.toDone(c, pathUsernameSent)
}
