package web

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
	"huskyidp/templates"
)

// site is a Web with a few routes, and a browser's cookies.
type site struct {
	t       *testing.T
	web     *Web
	handler http.Handler
	log     *bytes.Buffer
	cookies map[string]string
	now     time.Time
}

var loadTemplates = sync.OnceValues(func() (*templates.Set, error) { return templates.Load(templates.Options{}) })

func newSite(t *testing.T, change ...func(*Options)) *site {
	t.Helper()
	set, err := loadTemplates()
	if err != nil {
		t.Fatalf("templates.Load: %v", err)
	}
	s := &site{t: t, log: &bytes.Buffer{}, cookies: map[string]string{}, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	o := Options{
		Templates: set, Keyring: seal.Ephemeral(), Issuer: "https://idp.example", Now: func() time.Time { return s.now },
		Logger: slog.New(slog.NewJSONHandler(s.log, nil)),
	}
	for _, c := range change {
		c(&o)
	}
	if s.web, err = New(o); err != nil {
		t.Fatalf("New: %v", err)
	}
	e := s.web.Engine()
	s.handler = e
	pages := s.web.Pages(e)
	show := s.web.Handle(func(c *gin.Context) error {
		return s.web.Page(c, http.StatusOK, "web/error", errorPage{Key: KeyNotFound, Button: "/"})
	})
	s.web.MountWellKnown(e, WellKnown{SecurityContact: "mailto:security@example.org", ChangePassword: "/account/password"})
	pages.GET("/away", s.web.Handle(func(c *gin.Context) error { return SeeOther(c, "/\t/evil.example") }))
	pages.GET("/handover", s.web.Handle(func(c *gin.Context) error {
		return s.web.Page(c, http.StatusOK, "web/error", errorPage{Key: KeyNotFound, Button: "/"}, AnyFormTarget())
	}))
	pages.GET("/onward", s.web.Handle(func(c *gin.Context) error {
		return s.web.Page(c, http.StatusOK, "web/error", errorPage{Key: KeyNotFound, Button: "/"}, Onward("/form?a=b", 3*time.Second))
	}))
	pages.GET("/form", show)
	pages.POST("/form", s.web.Handle(func(c *gin.Context) error { return SeeOther(c, "/form") }))
	pages.GET("/fail/:how", s.web.Handle(func(c *gin.Context) error { return failures[c.Param("how")] }))
	pages.GET("/panic", func(*gin.Context) { panic("maria@example.com") })
	pages.POST("/echo", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"form": Form(c), "flow": Flow(c)}) })
	pages.GET("/who", func(c *gin.Context) { c.String(http.StatusOK, Source(c)) })
	s.web.Entry(e).POST("/authorize", func(c *gin.Context) { c.String(http.StatusOK, "%d %d", len(Browser(c)), len(c.Request.Form["a"])) })
	wait := s.web.Handle(func(c *gin.Context) error {
		select {
		case <-c.Request.Context().Done():
			return c.Request.Context().Err()
		case <-time.After(10 * time.Second):
			return nil
		}
	})
	pages.GET("/wait", wait)
	protocol := s.web.Protocol(e)
	protocol.GET("/protocol/wait", wait)
	protocol.POST("/token", func(c *gin.Context) { c.JSON(http.StatusOK, c.Request.PostForm) })
	protocol.GET("/broken", s.web.Handle(func(*gin.Context) error { return postgres.ErrUnavailable }))
	return s
}

var failures = map[string]error{
	"unknown":     errors.New("a secret detail"),
	"database":    postgres.ErrUnavailable,
	"later":       later{},
	"busy":        busy{},
	"chosen":      &Error{Status: http.StatusBadRequest, Key: KeyApp, Code: "invalid_request", Parameter: "redirect_uri"},
	"interrupted": context.DeadlineExceeded,
}

type later struct{}

func (later) Error() string { return "later" }

func (later) RetryAfter() time.Duration { return 90 * time.Second }

type busy struct{ later }

func (busy) Unavailable() bool { return true }

// do sends a request as the browser would and keeps its cookies.
func (s *site) do(method, target, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "idp.example"
	if method == http.MethodPost {
		r.Header.Set("Content-Type", formType)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, value := range s.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		s.cookies[cookie.Name] = cookie.Value
	}
	return w
}

// token visits the page and returns a CSRF token for the browser.
func (s *site) token() string {
	s.t.Helper()
	s.do("GET", "/form", "")
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("GET", "/", nil)
	for name, value := range s.cookies {
		c.Request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	s.web.browserCookie(c)
	return s.web.csrfToken(requestOf(c).browser, owner{})
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := Options{Templates: &templates.Set{}, Keyring: seal.Ephemeral(), Issuer: "https://idp.example", Logger: slog.Default(), Now: time.Now}
	for name, change := range map[string]func(*Options){
		"no templates": func(o *Options) { o.Templates = nil },
		"no keyring":   func(o *Options) { o.Keyring = nil },
		"no clock":     func(o *Options) { o.Now = nil },
		"bad issuer":   func(o *Options) { o.Issuer = "idp.example" },
	} {
		o := good
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("New with %s went through", name)
		}
	}
}
