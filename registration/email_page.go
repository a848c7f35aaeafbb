package registration

import (
	"errors"

	"github.com/gin-gonic/gin"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

// emailPage asks, before a code is mailed, whether an address was meant that is one slip away.
type emailPage struct{ Address, Likely string }

func newEmailPage(r *Registration) emailPage {
	return emailPage{r.Credentials.Address, accounts.LikelyEmail(r.Credentials.Address)}
}

func (h *Handler) settleEmail(c *gin.Context, mend bool) error {
	_, err := h.service.SettleEmail(c.Request.Context(), h.visit(c), mend)
	if later, ok := errors.AsType[*resendError](err); ok {
		h.keep(c)
		return web.SeeOther(c, noted(stepCode.Path, web.Flow(c), later.note()))
	}
	if err != nil {
		return err
	}
	h.keep(c)
	return web.SeeOther(c, withFlow(stepCode.Path, web.Flow(c)))
}
