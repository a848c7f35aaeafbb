package provider

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
)

const pathOffer = "/login/passkey-offer"

// offerPage offers a passkey for the next time. Next is where the member was going.
type offerPage struct{ Next string }

// showOffer offers a passkey once, where the browser's script found that the device can make one. It can be declined, and
// an address that is opened again, or without a sign-in just before, redirects to the next page.
func (h *Handler) showOffer(c *gin.Context) error {
	w, session, done, err := h.memberOf(c)
	if done || err != nil {
		return err
	}
	ctx := c.Request.Context()
	at, err := h.accounts.AtSignIn(ctx, session.AccountID)
	if err != nil {
		return err
	}
	offers := at.Passkey && h.sessions.Offers(c) && !session.Unsettled
	h.sessions.Offered(c)
	if !offers {
		return h.proceed(c, w)
	}
	if err := h.accounts.PasskeyOffered(ctx, session.AccountID); err != nil {
		return err
	}
	next := "/account"
	if w.flow != "" {
		next = ResumePath(w.flow)
	}
	return h.web.Page(c, http.StatusOK, "provider/passkey_offer", offerPage{next}, append(w.options(c), web.SignedIn(session.Username))...)
}
