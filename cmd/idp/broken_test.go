package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
	"huskyidp/members"
)

// An import that is stopped by a signal, or whose database goes away, fails and says what state the roster is in.
func TestImportBreaksOff(t *testing.T) {
	t.Parallel()
	dsn := postgrestest.DSN(t)
	vars := map[string]string{"IDP_DATABASE_URL": dsn, "IDP_KEK": seal.GenerateKEK(), "IDP_ACCEPT": "database-without-verified-tls"}
	_, sample, _ := call(t, vars, "roster", "sample", "-n", "50")
	file := writeFile(t, sample)
	if code, _, stderr := call(t, vars, "roster", "import", "--dry-run", file); code != 0 {
		t.Fatalf("roster import = %d: %s", code, stderr)
	}
	super, err := pgx.Connect(t.Context(), postgrestest.OwnerDSN(dsn))
	must(t, err)
	defer super.Close(context.WithoutCancel(t.Context()))
	for name, test := range map[string]struct {
		end  string // SQL; "" is a signal
		want string
	}{
		"signal":   {"", "idp: stopped before its end. Nothing was changed: the roster is as it was before"},
		"database": {`select pg_terminate_backend(pid) from pg_locks where relation = 'members'::regclass and not granted`, "could not go on while the command ran: terminating connection due to administrator command. Nothing was changed: the roster is as it was before"},
	} {
		held, err := super.Begin(t.Context())
		must(t, err)
		_, err = held.Exec(t.Context(), `lock table members in access exclusive mode`)
		must(t, err)
		ctx, stop := context.WithCancel(t.Context())
		var stdout, stderr lockedBuffer
		exited := make(chan int, 1)
		go func() { exited <- run(ctx, []string{"roster", "import", file}, vars, &stdout, &stderr) }()
		within(t, 10*time.Second, "the import waits", func() bool {
			var waiting int
			must(t, held.QueryRow(t.Context(), `select count(*) from pg_locks where relation = 'members'::regclass and not granted`).Scan(&waiting))
			return waiting > 0
		})
		if test.end == "" {
			stop()
		} else {
			_, err = held.Exec(t.Context(), test.end)
			must(t, err)
		}
		code := <-exited
		stop()
		must(t, held.Rollback(t.Context()))
		if code != 1 || stdout.String() != "" || !strings.Contains(stderr.String(), test.want) || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%s: import = %d: %s%s, want 1 and %q", name, code, stdout.String(), stderr.String(), test.want)
		}
	}
	var n int
	must(t, super.QueryRow(t.Context(), `select count(*) from members`).Scan(&n))
	if n != 0 {
		t.Errorf("there are %d members after imports that changed nothing", n)
	}
}

// Only in the last moment of an import it cannot be known what it left.
func TestImportLeft(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		phase members.Phase
		done  int64
		want  string
	}{
		{members.PhaseReading, 3, "Nothing was changed"}, {members.PhaseApplying, 2, "Nothing was changed"}, {members.PhaseApplying, 3, "it says which"},
	} {
		bar := newImportBar(io.Discard)
		bar.progress(test.phase, test.done, 3)
		if got := bar.left(); !strings.Contains(got, test.want) {
			t.Errorf("after %d of 3 of %s: %q, want %q", test.done, test.phase, got, test.want)
		}
	}
}

// A file that is still being copied, or is cut, while it is read is not taken for a whole one.
func TestFileChangesWhileItIsRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	for name, change := range map[string]func() error{
		"cut":     func() error { return os.Truncate(path, 100) },
		"grown":   func() error { return os.WriteFile(path, make([]byte, 1<<20+1), 0o600) },
		"written": func() error { return os.Chtimes(path, time.Now(), time.Now().Add(time.Hour)) },
		"same":    func() error { return nil },
	} {
		must(t, os.WriteFile(path, make([]byte, 1<<20), 0o600))
		file, err := openSteady(path)
		must(t, err)
		_, err = file.Read(make([]byte, 10))
		must(t, err)
		must(t, change())
		if _, err = io.Copy(io.Discard, file); errors.Is(err, errChanged) != (name != "same") {
			t.Errorf("%s: %v", name, err)
		}
		must(t, file.Close())
	}
}
