package web

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

// S-70: one JSON line per request; no query, no path parameters, nothing typed.
func TestAccessLog(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.do("GET", "/form?code=secret1", "", header("Authorization", "Bearer secret2"), header("Cookie", "x=secret3"), header("User-Agent", "secret4"))
	s.do("GET", "/fail/secret5", "")
	s.do("GET", "/secret6/nowhere", "")
	s.do("POST", "/form", "password=secret7")
	s.do("SECRET8", "/form", "")
	if strings.Contains(strings.ToLower(s.log.String()), "secret") {
		t.Errorf("the log holds what it must not:\n%s", s.log)
	}
	lines := json.NewDecoder(s.log)
	for i := range 5 {
		var line struct {
			Msg, Method, Route, Source string
			RequestID                  string `json:"request_id"`
			Status                     int
		}
		if err := lines.Decode(&line); err != nil || line.Msg != "request" || line.RequestID == "" || line.Status == 0 {
			t.Errorf("line %d = %+v, %v", i, line, err)
		}
	}
	if _, err := lines.Token(); !errors.Is(err, io.EOF) {
		t.Errorf("more than one line per request: %v", err)
	}
}

// S-75: gin fixes no slashes and no case.
func TestNoRedirects(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/form/", "//form", "/FORM", "/x/../form"} {
		if got := s.do("GET", path, "", header("X-Forwarded-Prefix", "/evil")).Code; got != 404 {
			t.Errorf("GET %s = %d, want 404", path, got)
		}
	}
}
