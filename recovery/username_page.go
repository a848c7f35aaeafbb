package recovery

import (
	"net/http"
	"net/url"

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

// usernameSentPage leads back to the form, with what was typed there as long as it is kept: the same for every card (S-52).
type usernameSentPage struct{ Back string }

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
	typedBefore, err := h.web.SealTyped(c, pathUsername)
	if err != nil {
		return err
	}
	return h.toDone(c, pathUsernameSent+"?"+url.Values{"typed": {typedBefore}}.Encode())
}

func (h *Handler) showUsernameSent(c *gin.Context) error {
	if !h.web.JustDone(c) {
		return h.to(c, pathUsername)
	}
	back := pathUsername + "?" + url.Values{"back": {"1"}, "typed": {c.Query("typed")}}.Encode()
	return h.page(c, http.StatusOK, "recovery/username_sent", usernameSentPage{back})
}
