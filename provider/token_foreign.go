package provider

import (
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4/jwt"

	"huskyidp/internal/audit"
	"huskyidp/internal/jws"
	"huskyidp/internal/web"
)

// How many tokens of other issuers are recorded, by source and in all: whoever has none can make any number.
const (
	foreignBySource = 5
	foreignInAll    = 100
	foreignWindow   = time.Hour
)

// foreignTokens counts what is recorded.
type foreignTokens struct {
	bySource *web.Meter[string]
}

func newForeignTokens() foreignTokens {
	return foreignTokens{web.NewMeter[string](foreignBySource, foreignWindow)}
}

// noteForeign records that an access token says that it is of another issuer, such as a sandbox. What it says is not verified, so that no
// part of it is recorded. app is the client that asked about it, "" for none.
func (h *Handler) noteForeign(c *gin.Context, token, app string) error {
	if jws.Check(token, 8<<10) != nil {
		return nil
	}
	parsed, err := jwt.ParseSigned(token, signingAlgs)
	if err != nil {
		return nil
	}
	var said struct {
		Issuer string `json:"iss"`
	}
	if err := parsed.UnsafeClaimsWithoutVerification(&said); err != nil || said.Issuer == "" || said.Issuer == h.service.strategy.issuer {
		return nil
	}
	now, meter := h.now(), h.service.foreign.bySource
	if meter.Take("", foreignInAll/foreignBySource, now) > 0 || meter.Take(web.Source(c), 1, now) > 0 {
		return nil
	}
	return h.service.store.audit.Record(c.Request.Context(), audit.Event{Kind: audit.AccessTokenForeign, At: now, ClientID: app, RequestID: web.RequestID(c.Request.Context()), Reason: "other_issuer"})
}
