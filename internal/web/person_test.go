package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
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
