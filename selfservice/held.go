package selfservice

import (
	"context"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// Changes are what waits to be done to an account. The notice of one goes to the mailbox; who is signed in sees it here,
// so that a thief of the mailbox alone cannot keep it from them (S-21).
type Changes interface {
	Held(ctx context.Context, accountID uuid.UUID) ([]templates.HeldChange, error)
	// StopHeld ends one at the word of a session, and tells whether it is stopped, now or by the press before.
	StopHeld(ctx context.Context, accountID, id uuid.UUID, sid string) (bool, error)
}

// beside is what every page of the section shows besides its own.
func (h *Handler) beside(c *gin.Context, session accounts.Session) (a templates.Account, err error) {
	ctx := c.Request.Context()
	if h.changes != nil {
		if a.Held, err = h.changes.Held(ctx, session.AccountID); err != nil {
			return a, err
		}
	}
	if session.MemberID != uuid.Nil && !h.noQuestions {
		set, err := h.service.Questions(ctx, session.AccountID)
		if a.NoQuestion = len(set) == 0; err != nil {
			return a, err
		}
	}
	return a, nil
}

// showHeld is for who had to sign in before the button counted: it stands on the account's page.
func (h *Handler) showHeld(c *gin.Context) error { return h.back(c, "/account", "") }

func (h *Handler) stopHeld(c *gin.Context) error {
	session, ok, err := h.Require(c)
	if !ok {
		return err
	}
	id, err := uuid.Parse(c.Param("id"))
	if err != nil || h.changes == nil {
		return web.SeeOther(c, "/account")
	}
	stopped, err := h.changes.StopHeld(c.Request.Context(), session.AccountID, id, session.SID)
	if err != nil {
		return err
	}
	note := ""
	if stopped {
		note = "held"
	}
	return h.back(c, "/account", note)
}
