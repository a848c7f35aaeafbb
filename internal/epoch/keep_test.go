package epoch

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A cluster that is put back while every server is stopped keeps its timeline: only what a server wrote down elsewhere knows.
func TestWhatAServerWroteDown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set  string        // what the database is then
		old  time.Duration // of the file, which others were further than
		want string
	}{
		"merely stopped":                        {"epoch = epoch", 0, ""},
		"put back":                              {"beat_at = beat_at - interval '10 seconds'", 0, "10s behind"},
		"raised since":                          {"epoch = epoch + 1, beat_at = beat_at - interval '10 days'", 0, ""},
		"others went on":                        {"epoch = epoch", time.Hour, ""},
		"others went on, and a failover":        {"timeline = 77", time.Hour, ""},
		"others went on, and nobody saw more":   {"timeline = 77, beat_at = beat_at - interval '10 minutes'", time.Hour, "failover or a restore"},
		"failover while stopped, nothing lost":  {"timeline = 77", 0, ""},
		"recovery while stopped, much is lost":  {"timeline = 77, beat_at = beat_at - interval '10 minutes'", 0, "10m0s behind"},
		"another database that is quite new":    {"system_identifier = null, database_oid = null, timeline = null, beat_at = null", 0, "another cluster"},
		"loaded from a dump into a new cluster": {"system_identifier = 1", 0, "another cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "epoch.json")
			g := newGuarded(t)
			remember := func() {
				t.Helper()
				if err := g.guard.Remember(path); err != nil {
					t.Fatal(err)
				}
			}
			remember()
			if err := g.connect(); err != nil {
				t.Fatal(err)
			}
			if err := g.guard.Beat(t.Context(), g.db); err != nil {
				t.Fatal(err)
			}
			g.db.Close()
			if c.old != 0 {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				var m memory
				if err := json.Unmarshal(text, &m); err != nil {
					t.Fatal(err)
				}
				m.Beat = m.Beat.Add(-c.old)
				if text, err = json.Marshal(m); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			g.alter(c.set)
			g.start()
			remember()
			err := g.connect()
			if c.want == "" {
				if err == nil {
					err = g.guard.Beat(t.Context(), g.db)
				}
				if err != nil {
					t.Errorf("refused: %v", err)
				}
			} else if !errors.Is(err, ErrRestored) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("refusal %v, want ErrRestored with %q", err, c.want)
			}
			if rest, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(rest) != 1 {
				t.Errorf("the folder has %v, %v", rest, err)
			}
		})
	}
}

func TestFilesThatDoNotServe(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "epoch.json")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{broken: "was not written by idp serve", "/nowhere/epoch.json": "no such file", t.TempDir(): "is a directory"} {
		if err := NewGuard(nil, nil).Remember(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Remember(%s) = %v, want %q", path, err, want)
		}
	}
}

// A pooler keeps a connection over a failover: the beat sees the other timeline, and continues.
func TestBeatAfterAFailoverBehindAPooler(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	if err := g.connect(); err != nil {
		t.Fatal(err)
	}
	g.alter("timeline = 77, beat_at = beat_at - interval '2 seconds'")
	if err := g.guard.Beat(t.Context(), g.db); err != nil {
		t.Errorf("Beat = %v", err)
	}
	select {
	case <-g.lost:
	case <-time.After(5 * time.Second):
		t.Error("the loss of commits was not reported")
	}
	g.alter("system_identifier = 1")
	if err := g.guard.Beat(t.Context(), g.db); !errors.Is(err, ErrRestored) {
		t.Errorf("Beat on another cluster = %v, want ErrRestored", err)
	}
}
