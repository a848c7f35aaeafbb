package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

func TestLanguage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	lang := func(target string, change ...func(*http.Request)) string {
		return s.do("GET", target, "", change...).Header().Get("Content-Language")
	}
	english := header("Accept-Language", "en-US,en;q=0.9")
	for _, step := range []struct {
		target string
		change func(*http.Request)
		want   string
	}{
		{"/form", header("Accept-Language", "fr"), "es"},
		{"/form", english, "en"},
		{"/form?lang=xx", english, "en"},
		{"/form?ui_locales=fr+es-PR", english, "es"}, // and remembered
		{"/form", english, "es"},
		{"/form?lang=en", header("Accept-Language", "es"), "en"}, // the switch wins from here on
		{"/form", header("Accept-Language", "es"), "en"},
		{"/nowhere", header("Accept-Language", "es"), "en"},
	} {
		if got := lang(step.target, step.change); got != step.want {
			t.Errorf("GET %s: language %q, want %q", step.target, got, step.want)
		}
	}
	configured := newSite(t, func(o *Options) { o.Language = "en" })
	if got := configured.do("GET", "/form", "").Header().Get("Content-Language"); got != "en" {
		t.Errorf("language when nothing says otherwise = %q, want the configured en", got)
	}
	body := s.do("GET", "/form?flow=f1&lang=en&x=y", "").Body.String()
	if !strings.Contains(body, `href="/form?flow=f1&amp;lang=es&amp;x=y"`) {
		t.Errorf("the page has no link to itself in Spanish:\n%s", body)
	}
}

// S-29: a redirect stays on this server.
func TestSeeOther(t *testing.T) {
	t.Parallel()
	for path, ok := range map[string]bool{
		"/a?b=c": true, "//evil.example": false, "https://evil.example": false, "/\\evil.example": false, "": false, "a": false, "/a\r\nX: y": false,
	} {
		w := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(w)
		c.Request = httptest.NewRequest("POST", "/", nil)
		if err := SeeOther(c, path); (err == nil) != ok {
			t.Errorf("SeeOther(%q) = %v, want ok = %v", path, err, ok)
		}
		if ok && c.Writer.Status() != 303 {
			t.Errorf("SeeOther(%q) answers %d, want 303", path, c.Writer.Status())
		}
	}
}
