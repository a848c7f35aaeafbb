package selfservice

import (
	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

// If the script of the sign-in page found an authenticator in the device, a passkey may be offered after the sign-in. A
// cookie remembers this across the second step.
const (
	offerCookie    = "offer"
	offerCookieAge = accounts.PendingLife
)

// NoteOffer notes, with the right password, that a passkey may be offered after this sign-in: the device can make one
// and is the member's own, as far as can be determined.
func (h *Handler) NoteOffer(c *gin.Context, account accounts.Account) {
	if web.Form(c).Get("platform") == "yes" && !web.Kiosk(c) && !account.Staff() && h.service.OwnBrowser(account, h.web.Cookie(c, web.DeviceCookie)) {
		h.web.SetCookie(c, offerCookie, "yes", offerCookieAge)
		c.Set(offerKey, true)
	}
}

const offerKey = "huskyidp/selfservice.offer"

// Offers reports whether a passkey may be offered in this browser.
func (h *Handler) Offers(c *gin.Context) bool {
	_, now := c.Get(offerKey)
	return now || h.web.Cookie(c, offerCookie) != ""
}

// Offered ends the offer.
func (h *Handler) Offered(c *gin.Context) { h.web.ClearCookie(c, offerCookie) }
