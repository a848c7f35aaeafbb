package selfservice

import (
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

const rememberedKey = "huskyidp/selfservice.remembered"

// Remembered reports whether this browser is spared the second step of an account whose password is proven. The sign-in
// of this request records that it was.
func (h *Handler) Remembered(c *gin.Context, account accounts.Account) (bool, error) {
	if web.Kiosk(c) {
		return false, nil
	}
	digest, err := h.service.RememberedDevice(c.Request.Context(), account, h.web.Cookie(c, rememberedCookie))
	if digest != nil {
		c.Set(rememberedKey, digest)
	}
	return digest != nil, err
}

func rememberedBy(c *gin.Context) []byte {
	digest, _ := c.Get(rememberedKey)
	kept, _ := digest.([]byte)
	return kept
}

// RememberDays is how many days a browser may be remembered for an account after a second step; 0 for never.
func (h *Handler) RememberDays(c *gin.Context, account accounts.Account) int {
	if account.Staff() || web.Kiosk(c) {
		return 0
	}
	return int(h.service.Remembers() / (24 * time.Hour))
}
