package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

// S-68: which address counts as the source.
func TestSource(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	})
	for _, test := range []struct{ peer, forwarded, want string }{
		{"192.0.2.1:99", "", "192.0.2.1/32"},
		{"192.0.2.1:99", "198.51.100.7", "192.0.2.1/32"}, // no proxy of ours
		{"10.0.0.1:99", "198.51.100.7", "198.51.100.7/32"},
		{"10.0.0.1:99", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7/32"}, // the right-most that is not ours
		{"10.0.0.1:99", "203.0.113.9, nonsense", "10.0.0.1/32"},
		{"10.0.0.1:99", "", "10.0.0.1/32"},
		{"10.0.0.1:99", "10.0.0.3", "10.0.0.1/32"},
		{"10.0.0.1:99", "::ffff:198.51.100.7", "198.51.100.7/32"},
		{"[fd00::1]:99", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"@", "198.51.100.7", "0.0.0.0/32"},
	} {
		w := s.do("GET", "/who", "", func(r *http.Request) { r.RemoteAddr = test.peer }, header("X-Forwarded-For", test.forwarded),
			header("X-Real-IP", "8.8.8.8"), header("Forwarded", "for=8.8.8.8"))
		if got := w.Body.String(); got != test.want {
			t.Errorf("peer %s, X-Forwarded-For %q: source %s, want %s", test.peer, test.forwarded, got, test.want)
		}
	}
}

// S-09: a source that asks too often waits; others do not, and a clinic may ask more.
func TestPerSource(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) {
		o.Limits = Limits{Requests: 3, Window: time.Minute, Wide: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, WideFactor: 2}
	})
	s.web.Pages(s.handler.(*gin.Engine)).GET("/leave", func(c *gin.Context) { c.Status(http.StatusNoContent) })
	ask := func(peer string) *httptest.ResponseRecorder {
		return s.do("GET", "/form", "", func(r *http.Request) { r.RemoteAddr = peer + ":1" })
	}
	for i, want := range []int{200, 200, 200, 429} {
		w := ask("192.0.2.1")
		if w.Code != want {
			t.Fatalf("request %d: status %d, want %d", i, w.Code, want)
		}
		if want == 429 && w.Header().Get("Retry-After") != "20" {
			t.Errorf("Retry-After = %q, want 20", w.Header().Get("Retry-After"))
		}
	}
	for i, want := range []int{204, 204, 204, 429} { // who leaves is not kept by what others at the same address opened
		w := s.do("GET", "/leave", "", func(r *http.Request) { r.RemoteAddr = "192.0.2.1:1" })
		if w.Code != want {
			t.Errorf("request %d to leave: status %d, want %d", i, w.Code, want)
		}
	}
	for i, want := range []int{200, 200, 200, 200, 200, 200, 429} {
		if got := ask("198.51.100.1").Code; got != want {
			t.Errorf("request %d of a clinic: status %d, want %d", i, got, want)
		}
	}
	s.now = s.now.Add(20 * time.Second)
	if got := ask("192.0.2.1").Code; got != 200 {
		t.Errorf("after the wait: status %d, want 200", got)
	}
}
