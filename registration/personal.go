package registration

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/cardform"
	"huskyidp/internal/web"
	"huskyidp/members"
	"huskyidp/templates"
)

// personalPage asks for what is on the card.
type personalPage struct {
	Identity
	Suffixes   []string
	CardDigits int
	TriesLeft  int  // 0: not shown
	Matched    bool // the card was matched before, and will be matched again
}

func (h *Handler) personalPage(typed Identity) personalPage {
	return personalPage{Identity: typed, Suffixes: members.Suffixes(), CardDigits: h.cardDigits}
}

func (h *Handler) showPersonal(c *gin.Context) error {
	r, err := h.at(c, stepPersonal)
	if err != nil {
		return err
	}
	page := h.personalPage(r.shown(h.service.Now()))
	page.Matched = r.matched()
	if r.Failures > 0 {
		page.TriesLeft = r.triesLeft()
	}
	return h.page(c, http.StatusOK, "registration/personal", page, web.TriesLeft("registration.personal.tries_left", r.triesLeft()))
}

func (h *Handler) submitPersonal(c *gin.Context) error {
	ctx, v, typed := c.Request.Context(), h.visit(c), cardform.Read(web.Form(c))
	switch act(c, "next") {
	case "leave":
		return h.leave(c, "left", "")
	case "previous":
		if err := h.service.KeepIdentity(ctx, v, cardform.Clip(typed)); err != nil {
			return err
		}
		h.keep(c)
		h.web.Began(c, web.OfRegistration)
		return web.SeeOther(c, back(v.Flow))
	}
	claim, found := cardform.Parse(typed, h.service.Now(), h.cardDigits, h.service.Roster)
	wrong := problems(found)
	if len(wrong) > 0 { // stored, so that a reload or another language does not lose it
		if err := h.service.KeepIdentity(ctx, v, cardform.Clip(typed)); err != nil {
			return err
		}
		h.web.Began(c, web.OfRegistration)
		return h.refused(c, http.StatusUnprocessableEntity, "registration/personal", h.personalPage(typed), wrong)
	}
	v.Card = &typed
	r, err := h.service.SubmitPersonal(ctx, v, typed, claim)
	moved, _ := errors.AsType[*movedError](err)
	slow, isSlow := errors.AsType[*slowError](err)
	if err == nil || errors.Is(err, ErrNoMatch) || isSlow || moved != nil && moved.path == pathLocked { // the first card says whose it is
		h.web.Began(c, web.OfRegistration)
	}
	if errors.Is(err, ErrNoMatch) {
		return h.refused(c, http.StatusUnprocessableEntity, "registration/personal", h.personalPage(typed), noMatch(r))
	}
	if isSlow {
		wrong.add("", "registration.personal.slow", "time", slow.wait)
		return h.refused(c, http.StatusTooManyRequests, "registration/personal", h.personalPage(typed), wrong)
	}
	if err != nil {
		return err
	}
	h.keep(c)
	return web.SeeOther(c, withFlow(next(r, h.service.Now()), v.Flow))
}

// noMatch is the answer to a card that is not on the roster.
func noMatch(r *Registration) problems {
	return problems{
		{Key: "registration.personal.no_match"},
		{Key: "registration.personal.tries_left", Args: templates.Args{"n": r.triesLeft()}},
		{Key: "registration.personal.no_match_help"},
	}
}

// lockedPage is shown until somebody helps, or the lock is over.
type lockedPage struct {
	Reference string
	Until     time.Time // zero: only staff can release it
}

func (h *Handler) showLocked(c *gin.Context) error {
	reference, until, err := h.service.Lock(c.Request.Context(), h.visit(c))
	if err != nil {
		return err
	}
	if reference == "" {
		return web.SeeOther(c, withFlow(stepAgreement.Path, web.Flow(c)))
	}
	return h.page(c, http.StatusForbidden, "registration/locked", lockedPage{reference, until})
}
