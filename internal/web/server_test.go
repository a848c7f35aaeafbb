package web

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// a client that does not finish its header is dropped after 5 s, and others are
// served meanwhile.
func TestSlowHeader(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Hosts = []string{"localhost"} })
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := s.web.Server(s.handler)
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	slow, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if _, err := io.WriteString(slow, "GET /form HTTP/1.1\r\nHost: loc"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	request, err := http.NewRequest("GET", "http://"+l.Addr().String()+"/form", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "localhost"
	if answer, err := http.DefaultTransport.RoundTrip(request); err != nil || answer.StatusCode != 200 {
		t.Errorf("another client: %v, %v, want 200", answer, err)
	}
	if err := slow.SetReadDeadline(began.Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, slow)
	if took := time.Since(began); err != nil || took < 4*time.Second || took > 8*time.Second {
		t.Errorf("the slow client was dropped after %v (%v), want about 5 s", took, err)
	}
}
