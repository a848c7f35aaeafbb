package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

var switchButton = regexp.MustCompile(`<button class="link" form="page-form" formaction="([^"]+)" formnovalidate name="switch" value="en"`)

// Whoever switches the language in the middle of a form keeps what was typed, no handler sees the form, and nothing is called wrong.
func TestSwitchOfLanguage(t *testing.T) {
	t.Parallel()
	s, _, _ := refusing(t)
	pages := s.web.Pages(s.handler.(*gin.Engine))
	handled := 0
	pages.GET("/counted", s.web.Handle(func(c *gin.Context) error {
		return s.web.Page(c, http.StatusOK, "recovery/password", typedPage{})
	}))
	pages.POST("/counted", s.web.Handle(func(c *gin.Context) error {
		handled++
		return SeeOther(c, "/other")
	}))
	pages.GET("/secrets", s.web.Handle(func(c *gin.Context) error {
		return s.web.Page(c, http.StatusOK, "recovery/code", struct {
			Username   string
			Again, Out bool
		}{})
	}))
	pages.POST("/secrets", s.web.Handle(func(*gin.Context) error { return nil }))

	button := switchButton.FindStringSubmatch(s.do("GET", "/counted?flow=f1&lang=es", "").Body.String())
	if button == nil {
		t.Fatal("the switch is not a button of the form")
	}
	to := strings.ReplaceAll(button[1], "&amp;", "&")
	follow := func(answer *httptest.ResponseRecorder) (address, body string) {
		t.Helper()
		address = answer.Header().Get("Location")
		if answer.Code != http.StatusSeeOther || !strings.HasPrefix(address, "/") {
			t.Fatalf("the switch answers %d to %q", answer.Code, address)
		}
		shown := s.do("GET", address, "")
		if shown.Code != http.StatusOK {
			t.Errorf("after the switch: %d", shown.Code)
		}
		return address, shown.Body.String()
	}
	for path, of := range map[string]OwnerKind{"/counted": 0, "/mine": OfSession} {
		s.do("GET", "/form?lang=es", "")
		var o owner
		if of != 0 {
			o = ownerOf(of, "a")
		}
		token := csrfOf(s, o)
		at := path + "?session=a&lang=en"
		if path == "/counted" {
			at = to
		}
		address, body := follow(s.do("POST", at, form("csrf", token, "switch", "en", "username", "mamá")))
		if value, told := shows(body); value != "mamá" || told || !strings.Contains(body, `lang="en"`) {
			t.Errorf("%s: shows %q, told %v", path, value, told)
		}
		if u, err := url.Parse(address); err != nil || u.Query().Get("lang") != "en" || strings.Contains(address, "mam") {
			t.Errorf("the address is %s", address)
		}
		if path == "/mine" { // and to the next session nothing
			if value, _ := shows(s.do("GET", strings.Replace(address, "session=a", "session=b", 1), "").Body.String()); value != "" {
				t.Errorf("another session sees %q", value)
			}
		}
	}
	if _, body := follow(s.do("POST", "/counted?lang=en", form("csrf", "foreign", "switch", "en", "username", "mamá"))); strings.Contains(body, "mamá") || !strings.Contains(body, `lang="en"`) {
		t.Errorf("a form that is not ours:\n%s", body)
	}
	if handled != 0 {
		t.Errorf("%d forms were handled", handled)
	}
	s.do("POST", "/counted", form("csrf", s.token(), "switch", "xx"))
	if handled != 1 {
		t.Error("an unknown language ends the form")
	}

	const note = "Enter this again"
	if _, body := follow(s.do("POST", "/secrets", form("csrf", s.token(), "switch", "en", "code", "123456"))); strings.Contains(body, "123456") || !strings.Contains(body, note) {
		t.Errorf("a code that was typed:\n%s", body)
	}
	if _, body := follow(s.do("POST", "/secrets", form("csrf", s.token(), "switch", "en", "code", ""))); strings.Contains(body, note) {
		t.Error("a field that was empty is called emptied")
	}
}

func csrfOf(s *site, o owner) string {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("GET", "/", nil)
	for name, value := range s.cookies {
		c.Request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	s.web.browserCookie(c)
	return s.web.csrfToken(requestOf(c).browser, o)
}

// Enter presses the page's own button on every page with fields: the switch of the language is before it in the document.
func TestEnterPressesThePagesButton(t *testing.T) {
	t.Parallel()
	s, _, _ := refusing(t)
	body := s.do("GET", "/name", "").Body.String()
	first := regexp.MustCompile(`<button[^>]*>`).FindAllString(body, -1)
	if len(first) < 2 || first[0] != `<button form="page-form" tabindex="-1">` || !strings.Contains(first[1], `name="switch"`) {
		t.Errorf("the first buttons are %v", first)
	}
}
