package recovery

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
)

// The pages of a recovery say how long they wait, and ask before that is over. Their script asks below pathRecover how much is left, by a
// request that is no use of the recovery, and says that somebody is there.
const pathRecover = "/recover"

func (h *Handler) waits(r *Recovery) web.PageOption {
	return web.EndsIn(pathRecover, life, r.ExpiresAt.Sub(h.service.now()))
}

// left answers the script of an open page.
func (h *Handler) left(c *gin.Context) error {
	v := h.visit(c)
	r, err := h.service.begun(c.Request.Context(), v)
	if err != nil {
		return err
	}
	var end time.Time
	if r != nil && !v.Another {
		end = r.ExpiresAt
	}
	return h.web.SessionLeft(c, end)
}

// alive prolongs the recovery: somebody has answered the question whether they are there.
func (h *Handler) alive(c *gin.Context) error {
	stays, err := h.service.stay(c.Request.Context(), h.visit(c))
	switch {
	case err != nil:
		return err
	case !stays:
		c.Status(http.StatusForbidden)
	default:
		c.Status(http.StatusNoContent)
	}
	return nil
}

// stay starts the time of the visit's step anew, and reports whether there is one.
func (s *Service) stay(ctx context.Context, v Visit) (bool, error) {
	r, err := s.begun(ctx, v)
	if err != nil || r == nil {
		return false, err
	}
	_, err = s.change(ctx, v, r.Step, func(_ context.Context, t *turn) (outcome, error) {
		t.ExpiresAt = t.now.Add(life)
		if end := t.CreatedAt.Add(longest); end.Before(t.ExpiresAt) {
			t.ExpiresAt = end
		}
		return nil, nil
	})
	return err == nil, err
}

// showEnded is where a page goes by itself if it could not ask: the page of the step, or the beginning, which says why.
func (h *Handler) showEnded(c *gin.Context) error {
	r, err := h.service.begun(c.Request.Context(), h.visit(c))
	switch {
	case err != nil:
		return err
	case r == nil:
		_, err := h.service.at(c.Request.Context(), h.visit(c), stepOpen)
		return err
	}
	return h.to(c, paths[r.Step])
}
