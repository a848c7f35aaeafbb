package web

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

const (
	pastCookie = "past"
	pastPages  = 6
	everyPage  = "*" // no path
)

// pastPage is what a browser keeps of the refused forms of a page: that there were some, and the instant up to which they are
// over. Without it, Back and a reload would say that a value is wrong which was put right a moment later.
type pastPage struct {
	digest string // of the path
	until  int64  // in milliseconds; zero while none is over
}

func pathDigest(path string) string {
	sum := sha256.Sum256([]byte(path))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// pastOf reads the browser's cookie, the newest page first.
func (w *Web) pastOf(c *gin.Context) (pages []pastPage) {
	for text := range strings.SplitSeq(w.Cookie(c, pastCookie), "~") {
		digest, until, _ := strings.Cut(text, ".")
		if ms, err := strconv.ParseInt(until, 36, 64); err == nil && len(pages) < pastPages {
			pages = append(pages, pastPage{digest, ms})
		}
	}
	return pages
}

func (w *Web) keepPast(c *gin.Context, newest pastPage, others []pastPage) {
	others = slices.DeleteFunc(others, func(p pastPage) bool { return p.digest == newest.digest })
	pages := append([]pastPage{newest}, others...)
	var texts []string
	for _, p := range pages[:min(len(pages), pastPages)] {
		texts = append(texts, p.digest+"."+strconv.FormatInt(p.until, 36))
	}
	w.SetCookie(c, pastCookie, strings.Join(texts, "~"), refusedAge)
}

// isPast reports whether what was refused at a page is over.
func (w *Web) isPast(c *gin.Context, path string, at int64) bool {
	digest := pathDigest(path)
	return slices.ContainsFunc(w.pastOf(c), func(p pastPage) bool { return (p.digest == digest || p.digest == everyPage) && at < p.until })
}

// noteRefused keeps in mind that a page shows a refused form.
func (w *Web) noteRefused(c *gin.Context, path string) {
	pages, page := w.pastOf(c), pastPage{digest: pathDigest(path)}
	if i := slices.IndexFunc(pages, func(p pastPage) bool { return p.digest == page.digest }); i >= 0 {
		page = pages[i]
	}
	w.keepPast(c, page, pages)
}

// noteAccepted ends what was refused at a page once a form of it is taken.
func (w *Web) noteAccepted(c *gin.Context) {
	c.Next()
	if r := requestOf(c); !r.ours || r.notAccepted || c.Writer.Status() != http.StatusSeeOther || c.Writer.Written() {
		return
	}
	if w.Cookie(c, foreignCookie) != "" {
		w.ClearCookie(c, foreignCookie)
	}
	pages, digest := w.pastOf(c), pathDigest(w.formPath(c))
	if slices.ContainsFunc(pages, func(p pastPage) bool { return p.digest == digest }) {
		w.keepPast(c, pastPage{digest, w.now().UnixMilli()}, pages)
	}
}

// ForgetRefused ends what was refused in this browser: it is asked who is there.
func (w *Web) ForgetRefused(c *gin.Context) {
	if pages := w.pastOf(c); len(pages) > 0 {
		w.keepPast(c, pastPage{everyPage, w.now().UnixMilli()}, pages)
	}
}
