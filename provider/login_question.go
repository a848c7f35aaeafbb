package provider

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/web"
)

// questionPage offers to choose a secret question. Next is where the member was going.
type questionPage struct{ Next string }

// showQuestion asks a member whose question the support desk removed and who goes straight to an app; the account pages
// say so on each page. It is shown once in a while, and can be postponed.
func (h *Handler) showQuestion(c *gin.Context) error {
	w, session, done, err := h.memberOf(c)
	if done || err != nil {
		return err
	}
	ctx := c.Request.Context()
	set, err := h.accounts.Questions(ctx, session.AccountID)
	if err != nil {
		return err
	}
	if w.flow == "" || len(set) > 0 || session.MemberID == uuid.Nil || session.Unsettled || !h.service.questions {
		return h.proceed(c, w)
	}
	if err := h.accounts.QuestionAsked(ctx, session.AccountID); err != nil {
		return err
	}
	return h.web.Page(c, http.StatusOK, "provider/question", questionPage{ResumePath(w.flow)}, append(w.options(c), web.SignedIn(session.Username))...)
}
