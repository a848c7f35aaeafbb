package provider

import (
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/web"
)

// turnPath is the page that waits while many people sign in at once.
const turnPath = "/login/turn"

// turnUses allows a kept form to be taken once, for longer than a browser keeps it.
var turnUses = ratelimit.Limit{Name: "turn", Count: 1, Per: 5 * time.Minute}

// secondPress is how long a second press waits for the first.
const secondPress = 2 * time.Second

// turnPage keeps the member's place in the queue. Next is its own address, to which the response redirects.
type turnPage struct {
	Wait time.Duration
	Next string
}

// authenticate checks the password of a form. If it is not this form's turn, done is true: the form is kept, and the
// browser waits.
func (h *Handler) authenticate(c *gin.Context, username string) (account accounts.Account, done bool, err error) {
	account, err = h.accounts.Authenticate(c.Request.Context(), accounts.Attempt{
		Username: username, Password: web.Form(c).Get("password"), Source: web.Source(c), Device: h.web.Cookie(c, web.DeviceCookie), Browser: web.Browser(c),
		Arrived: web.Arrived(c),
	})
	if turn, ok := errors.AsType[*accounts.TurnError](err); ok {
		early := turn.Wait.Truncate(time.Second) // the Refresh header has whole seconds; the request waits for the rest
		if postponed := h.web.Postpone(c, turnPath, turn.Arrived, early); !errors.Is(postponed, web.ErrPostponedSize) {
			return account, true, postponed
		}
	}
	return account, false, err
}

// turnPage redirects to a path after a while.
func (h *Handler) turnPage(c *gin.Context, path string, after time.Duration) error {
	next := withReturn(withFlow(path, web.Flow(c)), returnOf(c))
	after = time.Duration(math.Ceil(after.Seconds())) * time.Second
	return h.web.Page(c, http.StatusOK, "provider/turn", turnPage{after, next}, web.Onward(next, after))
}

// showTurn waits for the turn of a sign-in or a step-up, and then takes its form.
func (h *Handler) showTurn(c *gin.Context) error {
	p, wait, ok := h.web.Postponed(c)
	switch {
	case !ok:
		return web.SeeOther(c, withReturn(loginPath(web.Flow(c)), returnOf(c)))
	case wait > 0:
		return h.turnPage(c, turnPath, wait)
	}
	err := h.service.limiter.Take(c.Request.Context(), turnUses, p.ID, h.now())
	if _, isUsed := errors.AsType[*ratelimit.Exceeded](err); isUsed { // a second press while the first is processed, or a copy
		return h.turnPage(c, "/login", secondPress)
	}
	if err != nil {
		return err
	}
	h.web.Resume(c, p)
	if p.Path == "/reauth" {
		return h.reauth(c)
	}
	return h.login(c)
}
