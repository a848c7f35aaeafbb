package main

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
)

// TestReady: an instance whose database takes no writes or whose clock is more than 5 s from the database's is not
// ready; more than 1 s is said on the log, once a minute.
func TestReady(t *testing.T) {
	t.Parallel()
	dsn := postgrestest.DSN(t)
	for name, test := range map[string]struct {
		settings string
		stalled  bool
		apart    time.Duration
		state    string
		warned   bool
	}{
		"well":          {"", false, 0, "ready", false},
		"a little fast": {"", false, 900 * time.Millisecond, "ready", false},
		"fast":          {"", false, 2 * time.Second, "ready", true},
		"slow":          {"", false, -2 * time.Second, "ready", true},
		"too fast":      {"", false, 90 * time.Second, "clock", true},
		"too slow":      {"", false, -90 * time.Second, "clock", true},
		"stalled":       {"", true, 0, "database without commits", false},
		"read-only":     {" default_transaction_read_only=on", false, 0, "read-only database", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lockedBuffer
			a := &app{health: postgrestest.Open(t, postgres.Options{DSN: dsn + test.settings, MaxConns: 1}), logger: slog.New(slog.NewJSONHandler(&log, nil)),
				now: func() time.Time { return time.Now().Add(test.apart) }, stalled: func(context.Context) bool { return test.stalled }}
			a.ready.Store(true)
			for range 2 {
				w := httptest.NewRecorder()
				a.readyz(w, httptest.NewRequest("GET", "/readyz", nil))
				if want := map[bool]int{true: 200, false: 503}[test.state == "ready"]; w.Code != want || strings.TrimSpace(w.Body.String()) != test.state {
					t.Errorf("/readyz = %d %q, want %d %q", w.Code, w.Body, want, test.state)
				}
			}
			if n := strings.Count(log.String(), `"msg":"clock apart"`); n != map[bool]int{true: 1}[test.warned] {
				t.Errorf("told %d times: %s", n, log.String())
			}
		})
	}
}
