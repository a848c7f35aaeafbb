package selfservice

import (
	"context"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// Changes are the changes of an account that are on hold. Their notices go to the mailbox; whoever is signed in sees
// them here as well, so that a thief of the mailbox alone cannot hide them (S-21).
type Changes interface {
	Held(ctx context.Context, accountID uuid.UUID) ([]templates.HeldChange, error)
	// StopBySession stops one on the authority of a session, and reports whether it is stopped, now or by an earlier press.
	StopBySession(ctx context.Context, accountID, id uuid.UUID, sid string) (bool, error)
}

// beside returns what every page of the section shows in addition to its own content.
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

// showHeld is for somebody who had to sign in before the button took effect, which is on the account's page.
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
	stopped, err := h.changes.StopBySession(c.Request.Context(), session.AccountID, id, session.SID)
	if err != nil {
		return err
	}
	note := ""
	if stopped {
		note = "held"
	}
	return h.back(c, "/account", note)
}
