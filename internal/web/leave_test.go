package web

import (
	"html"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/postgres"
)

// Who comes to sign out, from an app say, and meets an outage is told that nothing was closed; who has no session is not.
func TestSignOutThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.web.Entry(s.handler.(*gin.Engine)).GET(logoutPath, s.web.Handle(func(*gin.Context) error { return postgres.ErrUnavailable }))
	for _, session := range []string{"", "x"} {
		if session != "" {
			s.cookies[s.web.cookieName(SessionCookie)] = session
		}
		answer := s.do("GET", logoutPath+"?state=a", "")
		told := strings.Contains(answer.Body.String(), s.web.templates.Text("es", KeySignedIn+".title", nil))
		if answer.Code != http.StatusServiceUnavailable || told != (session != "") || !strings.Contains(html.UnescapeString(answer.Body.String()), `href="/logout?state=a"`) {
			t.Errorf("with the session %q = %d, %v\n%s", session, answer.Code, told, answer.Body)
		}
	}
}
