package web

import (
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
)

// A page that tells of an act tells whoever did it, also in another language and after a reload, and nobody else.
func TestJustDone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	pages := s.web.Pages(s.handler.(*gin.Engine))
	pages.POST("/act", s.web.Handle(func(c *gin.Context) error { return s.web.SeeDone(c, "/told?flow=f1&note=saved") }))
	pages.GET("/told", func(c *gin.Context) {
		if s.web.JustDone(c) {
			c.Status(http.StatusOK)
			return
		}
		c.Status(http.StatusNotFound)
	})
	pages.GET("/else", s.web.Handle(func(c *gin.Context) error { return s.web.Page(c, http.StatusOK, "recovery/password", typedPage{}) }))
	told := func(address string) int { return s.do("GET", address, "").Code }
	if got := told("/told?note=saved"); got != http.StatusNotFound {
		t.Errorf("opened by its address: %d", got)
	}
	answer := s.do("POST", "/act", form("csrf", s.token()))
	if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != "/told?flow=f1&note=saved" {
		t.Fatalf("the act answers %d %q", answer.Code, answer.Header().Get("Location"))
	}
	for _, cookie := range answer.Result().Cookies() {
		if cookie.Name == "__Host-done" && (cookie.MaxAge != 600 || !cookie.HttpOnly) {
			t.Errorf("cookie %v", cookie)
		}
	}
	for address, want := range map[string]int{
		"/told?flow=f1&note=saved": http.StatusOK, "/told?lang=en&note=saved": http.StatusOK,
		"/told?note=other": http.StatusNotFound, "/told": http.StatusNotFound, "/told?note=saved&note=saved": http.StatusBadRequest,
	} {
		if got := told(address); got != want {
			t.Errorf("GET %s = %d, want %d", address, got, want)
		}
	}
	s.do("GET", "/else", "") // another page: the member has gone on
	if got := told("/told?flow=f1&note=saved"); got != http.StatusNotFound {
		t.Errorf("out of the history = %d", got)
	}
}
