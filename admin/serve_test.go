package admin

import (
	"log/slog"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
)

// serve gives the engine of the desk's listener and an API to mount on it.
func (b *bench) serve() (*gin.Engine, *API) {
	b.t.Helper()
	pages := must[*web.Web](b.t)(web.New(web.Options{
		Templates: b.set, Keyring: b.keyring, Issuer: deskBase, Strict: true, Problems: APIPath + "/", Logger: slog.New(slog.NewJSONHandler(b.log, nil)), Now: b.now,
		Limits: web.Limits{Requests: 1_000_000}, ErrorPage: "admin/error",
	}))
	return pages.Engine(), must[*API](b.t)(NewAPI(b.Service, pages, b.tokens, deskBase))
}
