package provider

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// What a member marked on the consent page stays with the request, so that a sign-in or a proof that is asked for in between does
// not tick the boxes anew. It is shown to the same member alone, and gives the app nothing until they press the button.

// choiceIn returns the boxes and the duration of the submitted form, as far as the page has them.
func (h *Handler) choiceIn(c *gin.Context, w waiting) string {
	form, kept := web.Form(c), url.Values{}
	for _, group := range groupsOf(w.request.sharedScopes()) {
		for _, box := range append([]consentGroup{group}, group.Parts...) {
			if form.Has(box.ID) {
				kept.Set(box.ID, "yes")
			}
		}
	}
	if d := form.Get("duration"); slices.ContainsFunc(offered(w.request.client, h.now(), web.Kiosk(c)), func(o consentDuration) bool { return o.Value == d }) {
		kept.Set("duration", d)
	}
	return kept.Encode()
}

// choiceOf returns what the member marked before; nil if nothing.
func (w waiting) choiceOf(session *accounts.Session) url.Values {
	if w.i.chosenBy == nil || *w.i.chosenBy != session.AccountID {
		return nil
	}
	kept, _ := url.ParseQuery(w.i.choice)
	return kept
}

// keepChoice keeps the submitted form for the member.
func (h *Handler) keepChoice(c *gin.Context, w waiting, member uuid.UUID) error {
	return h.service.store.choose(c.Request.Context(), w.flow, member, h.choiceIn(c, w))
}

// keepOrphan keeps the submitted form of a session that is over.
func (h *Handler) keepOrphan(c *gin.Context, w waiting) error {
	member, err := h.sessions.FormerMember(c)
	if err != nil || member == uuid.Nil || w.request == nil {
		return err
	}
	return h.keepChoice(c, w, member)
}

func (s *store) choose(ctx context.Context, flow string, member uuid.UUID, choice string) error {
	_, err := s.db.From(ctx).Exec(ctx, `update interactions set chosen_by = $2, choice = $3 where flow_hash = $1`, seal.Digest(flow), member, choice)
	if err != nil {
		return fmt.Errorf("keeping what the member marked: %w", err)
	}
	return nil
}
