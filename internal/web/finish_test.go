package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

// A browser that goes, as at a second tap, does not stop what its form has begun; what it only looks at may stop.
func TestFormsAreFinished(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]error{http.MethodPost: nil, http.MethodGet: context.Canceled} {
		s := newSite(t)
		began, ended := make(chan struct{}), make(chan error, 1)
		s.web.Entry(s.handler.(gin.IRouter)).Handle(method, "/slow", func(c *gin.Context) {
			close(began)
			select {
			case <-c.Request.Context().Done():
			case <-time.After(time.Second):
			}
			ended <- c.Request.Context().Err()
		})
		server := httptest.NewServer(s.handler)
		defer server.Close()
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, method, server.URL+"/slow", strings.NewReader(map[string]string{http.MethodPost: "a=b"}[method]))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "idp.example"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		go func() {
			<-began
			cancel()
		}()
		if response, err := server.Client().Do(r); err == nil {
			t.Errorf("%s is answered %d", method, response.StatusCode)
			response.Body.Close()
		}
		select {
		case err := <-ended:
			if err != want {
				t.Errorf("%s: the context ends with %v, want %v", method, err, want)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s: still waiting", method)
		}
	}
}
