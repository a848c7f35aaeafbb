package web

import (
	"context"
	"regexp"
	"time"

	"github.com/gin-gonic/gin"
)

// How long a session lasts at a kiosk: a browser of a library or a field office, which unrelated people use one after another.
const (
	KioskIdle = 5 * time.Minute
	KioskLife = 30 * time.Minute
)

// Kiosk reports whether the request comes from a network of kiosks. Nothing is kept in such a browser: cookies end with it,
// fields do not complete what was typed before, every page has a button that leaves and clears.
func Kiosk(c *gin.Context) bool { return requestOf(c).kiosk }

// AtKiosk is Kiosk for the request that ctx belongs to; false outside one.
func AtKiosk(ctx context.Context) bool {
	r := requestIn(ctx)
	return r != nil && r.kiosk
}

// ClearSite has the browser delete what it holds of this site (Clear-Site-Data).
func ClearSite(c *gin.Context) { c.Header("Clear-Site-Data", `"cache", "cookies", "storage"`) }

var autocomplete = regexp.MustCompile(`autocomplete="[^"]*"`)

// withoutMemory switches the completion of every field of a page off. Quotes of values are escaped, so that only
// attributes match.
func withoutMemory(page []byte) []byte {
	return autocomplete.ReplaceAll(page, []byte(`autocomplete="off"`))
}
