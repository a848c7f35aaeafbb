package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"huskyidp/templates"
)

var firstControl = regexp.MustCompile(`<form [^>]*>\s*<input type="hidden" name="(for-[0-9a-f]{16})">\s*<input type="hidden" name="csrf"`)

// A form looks the same to the browser for one person, and other than before for the next: another owner, another
// sign-in, or somebody who said so. The mark is not part of what was posted.
func TestFormMark(t *testing.T) {
	t.Parallel()
	s, _, _ := refusing(t)
	pages := s.web.Pages(s.handler.(*gin.Engine))
	pages.POST("/next-person", s.web.Handle(func(c *gin.Context) error {
		s.web.NextPerson(c)
		return s.web.Page(c, http.StatusOK, "recovery/password", typedPage{})
	}))
	mark := func(body string) string {
		t.Helper()
		m := firstControl.FindStringSubmatch(body)
		if m == nil {
			t.Fatalf("the form's first controls are not the mark and the token:\n%s", body)
		}
		return m[1]
	}
	at := func(path string) string { return mark(s.do("GET", path, "").Body.String()) }
	first := at("/name")
	if again := at("/name"); again != first {
		t.Error("the mark changes for one person")
	}
	seen := map[string]string{first: "the first"}
	unlike := func(who, mark string) {
		t.Helper()
		if other, ok := seen[mark]; ok {
			t.Errorf("%s has the mark of %s", who, other)
		}
		seen[mark] = who
	}
	unlike("a session", at("/mine?session=a"))
	unlike("another session", at("/mine?session=b"))
	next := mark(s.do("POST", "/next-person", form("csrf", s.token())).Body.String())
	unlike("the next person", next)
	if at("/name") != next {
		t.Error("the next person's mark changes")
	}
	s.cookies["__Host-device"] = "x"
	unlike("who signed in", at("/name"))
	s.cookies = map[string]string{}
	unlike("another browser", at("/name"))

	if body := s.do("POST", "/echo", form("csrf", s.token(), "for-0011223344556677", "", "name", "Ana")).Body.String(); strings.Contains(body, "for-") {
		t.Errorf("the mark was posted: %s", body)
	}
}

// Whoever opens an entrance is the next person, and what was begun before is asked about; unless the page was led to: by its own
// form, by a later page, by what was just done, in the background. Whoever begins or answers is not asked.
func TestEntrance(t *testing.T) {
	t.Parallel()
	s, _, _ := refusing(t)
	pages := s.web.Pages(s.handler.(*gin.Engine))
	show := func(c *gin.Context) error { return s.web.Page(c, http.StatusOK, "recovery/password", typedPage{}) }
	entrance := func(enter func(*gin.Context)) gin.HandlerFunc {
		return s.web.Handle(func(c *gin.Context) error { enter(c); return show(c) })
	}
	pages.GET("/in", entrance(s.web.Entrance))
	pages.POST("/in", s.web.Handle(func(c *gin.Context) error {
		return s.web.Page(c, http.StatusUnprocessableEntity, "recovery/password", typedPage{}, WithProblems(templates.Problem{Key: "web.busy"}))
	}))
	pages.GET("/beside", entrance(s.web.SideEntrance))
	pages.GET("/forget", entrance(s.web.ForgetTyped))
	pages.GET("/home", entrance(s.web.SessionUsed))
	pages.GET("/begun", s.web.Handle(func(c *gin.Context) error {
		s.web.Began(c, OfRecovery)
		if !s.web.Asks(c, OfSignIn) {
			t.Error("a flow that nobody began is nobody's")
		}
		return show(c)
	}))
	pages.GET("/ask", entrance(func(c *gin.Context) { s.web.AskFirst(c, OfRecovery) }))
	pages.GET("/done", s.web.Handle(func(c *gin.Context) error { return s.web.SeeDone(c, "/in?note=done") }))
	pages.GET("/ended", s.web.Handle(func(c *gin.Context) error { return s.web.SeeDone(c, "/told") }))
	pages.GET("/told", s.web.Handle(func(c *gin.Context) error {
		if !s.web.JustDone(c) {
			return SeeOther(c, "/in")
		}
		return show(c)
	}))
	pages.GET("/sent", s.web.Handle(func(c *gin.Context) error { return s.web.SeeDone(c, "/in?return=/account/data&flow=f1") }))
	pages.GET("/flow", s.web.Handle(func(c *gin.Context) error {
		if s.web.Asks(c, OfRecovery) {
			return SeeOther(c, "/whose")
		}
		return show(c)
	}))
	get := func(path, header, value string) int {
		return s.do("GET", path, "", func(r *http.Request) {
			if header != "" {
				r.Header.Set(header, value)
			}
		}).Code
	}
	asks := func() bool { return get("/flow", "", "") == http.StatusSeeOther }
	if !asks() {
		t.Error("a flow without a mark is not asked about")
	}
	for name, test := range map[string]struct {
		act  func()
		want bool
	}{
		"nothing":                   {func() {}, false},
		"an entrance":               {func() { get("/in", "", "") }, true},
		"an entrance, by a browser": {func() { get("/in", "Sec-Fetch-Dest", "document") }, true},
		"one behind it":             {func() { get("/beside", "", "") }, true},
		"another language of it":    {func() { get("/in?lang=en", "", "") }, true},
		"the way back":              {func() { get("/in?back=1", "", ""); get("/beside?back=1", "", "") }, false},
		"a script":                  {func() { get("/in", "Sec-Fetch-Dest", "empty"); get("/beside", "Sec-Fetch-Dest", "empty") }, false},
		"a frame":                   {func() { get("/in", "Sec-Fetch-Dest", "iframe") }, false},
		"a page wanted in advance": {func() {
			if code := get("/in", "Sec-Purpose", "prefetch;prerender"); code != http.StatusServiceUnavailable {
				t.Errorf("a page wanted in advance = %d", code)
			}
		}, false},
		"what was just done":          {func() { get("/done", "", ""); get("/in?note=done", "", "") }, false},
		"sent on, then the bare page": {func() { get("/sent", "", ""); get("/in", "", "") }, true},
		"sent on, then one behind it": {func() { get("/sent", "", ""); get("/beside", "", "") }, true},
		"the same address, invented":  {func() { get("/in?note=other", "", "") }, true},
		"a help page":                 {func() { get("/other", "", "") }, false},
		"what was typed is over":      {func() { get("/forget", "", "") }, false},
		"its refused form":            {func() { get(s.do("POST", "/in", form("csrf", s.token())).Header().Get("Location"), "", "") }, false},
		"its question, opened":        {func() { get("/ask", "", "") }, true},
		"a session is used":           {func() { get("/home", "", ""); get("/home", "", "") }, true},
		"a session, by a script":      {func() { get("/home", "Sec-Fetch-Dest", "empty") }, false},
	} {
		get("/in", "", "")
		get("/begun", "", "")
		if test.act(); asks() != test.want {
			t.Errorf("%s: asked = %t", name, !test.want)
		}
	}
	for entrance, want := range map[string]bool{"/other": true, "/in?back=1": true, "/in": false, "/beside": false} {
		get("/ended", "", "")
		get(entrance, "", "")
		if told := get("/told", "", "") == http.StatusOK; told != want {
			t.Errorf("what was just done is told after %s: %t", entrance, told)
		}
	}
	get("/begun", "", "")
	delete(s.cookies, "__Host-person")
	if !asks() {
		t.Error("without the person's mark it is not asked")
	}
}
