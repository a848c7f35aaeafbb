package accounts

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/web"
)

// HeldChange is one that waits, whoever asked for it.
type HeldChange struct {
	ID               uuid.UUID
	Act              string // admin.act.*
	AskedAt, ApplyAt time.Time
	InPerson         bool // by whoever stood at the desk with an ID: a session does not stop it, which may be a thief's
}

// Changes are what waits to be done to an account. The notice of one goes to the mailbox; who is signed in sees it here,
// so that a thief of the mailbox alone cannot keep it from them (S-21).
type Changes interface {
	Held(ctx context.Context, accountID uuid.UUID) ([]HeldChange, error)
	// StopHeld ends one at the word of a session, and tells whether it is stopped, now or by the press before.
	StopHeld(ctx context.Context, accountID, id uuid.UUID, sid string) (bool, error)
}

// held is what waits for the session's account.
func (h *Handler) held(c *gin.Context, session Session) ([]HeldChange, error) {
	if h.changes == nil {
		return nil, nil
	}
	return h.changes.Held(c.Request.Context(), session.AccountID)
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
