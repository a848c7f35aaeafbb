package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/templates"
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
		{"/form?ui_locales=fr+es_PR", english, "es"}, // as programs write it, and remembered
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

// S-09: every page with 429 says to programs how long to wait, as it says to people.
func TestRetryAfterOfPages(t *testing.T) {
	t.Parallel()
	for want, problems := range map[string][]templates.Problem{
		"90": {{Field: "a", Key: "x"}, {Key: "y", Args: templates.Args{"time": 90 * time.Second}}}, "1": {{Args: templates.Args{"time": 20 * time.Millisecond}}}, "60": nil,
	} {
		w := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(w)
		RetryAfter(c, waitOf(problems))
		if got := w.Header().Get("Retry-After"); got != want {
			t.Errorf("%v: Retry-After %q, want %q", problems, got, want)
		}
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

// A first name is shown without the spaces and commas that came along with it.
func TestPersonAsTyped(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{" James, ": "James", "María  José;": "María José", "J.": "J."} {
		var o pageOptions
		if WithPerson(typed)(&o); o.layout.Person != want {
			t.Errorf("%q is shown as %q", typed, o.layout.Person)
		}
	}
}
