package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

// Whatever is in a file's place is told in words, by every command that reads or writes one.
func TestFilesInWords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	none, pipe, empty := filepath.Join(dir, "none"), filepath.Join(dir, "pipe"), filepath.Join(dir, "empty")
	must(t, syscall.Mkfifo(pipe, 0o600))
	must(t, os.WriteFile(empty, nil, 0o600))
	vars := map[string]string{"IDP_DATABASE_URL": postgrestest.DSN(t), "IDP_KEK": seal.GenerateKEK(), "IDP_ACCEPT": "database-without-verified-tls"}
	const noFile, aFolder, aPipe = "there is no such file or folder: ", "is a folder, and must be a file", "is a pipe or a device, and what is imported is read more than once: write it to a file first"
	for _, test := range []struct {
		code int
		want string
		args []string
	}{
		{1, aPipe, []string{"roster", "import", pipe}},
		{1, aPipe, []string{"roster", "import", "--dry-run", "/dev/zero"}},
		{1, aPipe, []string{"roster", "import", "-"}}, // of the tests: /dev/null
		{1, aPipe, []string{"accounts", "import", pipe}},
		{1, aPipe, []string{"accounts", "import", "/dev/zero"}},
		{2, noFile, []string{"roster", "import", none}},
		{2, noFile, []string{"accounts", "import", none}},
		{1, noFile, []string{"clients", "create", none}},
		{1, aFolder, []string{"clients", "create", dir}},
		{1, noFile, []string{"clients", "update", "app", none}},
		{1, aFolder, []string{"clients", "update", "app", dir}},
		{1, noFile, []string{"clients", "import", none}},
		{1, aFolder, []string{"clients", "import", dir}},
		{1, "is longer than", []string{"clients", "import", "/dev/zero"}},
		{2, noFile, []string{"audit", "verify", "--checkpoints", none}},
		{2, aFolder, []string{"audit", "verify", "--checkpoints", dir}},
		{2, aFolder, []string{"roster", "import", dir}},
		{2, "is a file, and must be a folder", []string{"brand", "check", empty}},
		{2, noFile, []string{"words", "check", "--language", "pt", "--file", none}},
		{2, noFile, []string{"--config", none, "roster", "sample"}},
		{2, aFolder, []string{"--config", dir, "roster", "sample"}},
		{1, "cannot be written: there is no folder " + none, []string{"accounts", "export", filepath.Join(none, "x")}},
		{1, "file exists, and is not overwritten", []string{"accounts", "export", empty}},
		{1, "cannot be written: there is no folder " + none, []string{"keys", "generate-kek", "--out", filepath.Join(none, "x")}},
		{1, "does not answer: connection refused", []string{"health", "http://127.0.0.1:1/readyz"}},
	} {
		code, _, stderr := call(t, vars, test.args...)
		if code != test.code || !strings.Contains(stderr, test.want) || strings.Contains(stderr, "open /") || strings.Contains(stderr, "read /") {
			t.Errorf("idp %s = %d: %s, want %d and %q", strings.Join(test.args, " "), code, stderr, test.code, test.want)
		}
	}
	for name, change := range map[string]map[string]string{
		"IDP_KEK_FILE: " + noFile + none: {"IDP_KEK": "", "IDP_KEK_FILE": none},
		"IDP_KEK_FILE: " + dir:           {"IDP_KEK": "", "IDP_KEK_FILE": dir},
	} {
		changed := map[string]string{"IDP_DATABASE_URL": vars["IDP_DATABASE_URL"], "IDP_ACCEPT": vars["IDP_ACCEPT"], "IDP_KEK_FILE": change["IDP_KEK_FILE"]}
		if code, _, stderr := call(t, changed, "keys", "list"); code != 1 || !strings.Contains(stderr, name) || strings.Contains(stderr, "generate-kek") {
			t.Errorf("keys list = %d: %s, want %q", code, stderr, name)
		}
	}
	if err := fileError("x", errors.New("torn")); err.Error() != "x cannot be read: torn" || fileError("x", nil) != nil || withoutPath(errTorn).Error() != "torn" {
		t.Errorf("another failure: %v", err)
	}
}

var errTorn = errors.New("torn")

// A command that waits for a pipe in which nobody writes ends at a signal.
func TestPipesEndAtASignal(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	must(t, syscall.Mkfifo(pipe, 0o600))
	vars := map[string]string{"IDP_DATABASE_URL": postgrestest.DSN(t), "IDP_KEK": seal.GenerateKEK(), "IDP_ACCEPT": "database-without-verified-tls"}
	for _, args := range [][]string{{"clients", "create", pipe}, {"clients", "update", "app", pipe}, {"clients", "import", pipe}, {"audit", "verify", "--checkpoints", pipe},
		{"words", "check", "--language", "pt", "--file", pipe}, {"--config", pipe, "roster", "sample"}} {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		var stdout, stderr lockedBuffer
		ended := make(chan int, 1)
		go func() {
			ended <- (&process{vars: vars, stdout: &stdout, stderr: &stderr, commitWait: commitWait, stopWait: 10 * time.Millisecond}).run(ctx, args)
		}()
		select {
		case code := <-ended:
			if code != 1 || !strings.Contains(stderr.String(), "stopped before its end. ") {
				t.Errorf("idp %s = %d: %s, want 1 and what is so", strings.Join(args, " "), code, stderr.String())
			}
		case <-time.After(20 * time.Second):
			t.Errorf("idp %s did not end at a signal", strings.Join(args, " "))
		}
		stop()
	}
}

// Where the process has no standard output, nothing that is printed is taken for shown.
func TestClosedOutput(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	must(t, err)
	client := writeFile(t, `{"client_name": "App", "redirect_uris": ["https://app.example/cb"]}`)
	dsn, kek := postgrestest.DSN(t), seal.GenerateKEK()
	for _, test := range []struct {
		line string
		code int
		want string
	}{
		{"clients create --id app " + client + " >&-", 1, "standard output is closed. The secret of app is lost: make another with idp clients rotate-secret app"},
		{"clients rotate-secret app >&-", 1, "The secret of app is lost: make another with idp clients rotate-secret app"},
		{"clients rotate-secret app > /dev/full", 1, "The secret of app is lost"},
		{"keys generate-kek >&-", 1, "standard output is closed"},
		{"version > /dev/full", 1, "could not be written: no space left on device"},
		{"--help > /dev/full", 1, "could not be written: no space left on device"},
		{"clients list > /dev/null", 0, ""},
		{"clients create --id app --replace " + client + " > /dev/null", 0, ""},
	} {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", program+" "+test.line)
		cmd.Env = append(os.Environ(), asProgram+"=1", "IDP_DATABASE_URL="+dsn, "IDP_KEK="+kek, "IDP_ACCEPT=database-without-verified-tls")
		said, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != test.code || !strings.Contains(string(said), test.want) {
			t.Errorf("idp %s = %d: %s, want %d and %q", test.line, code, said, test.code, test.want)
		}
	}
}
