package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// previous builds the release before from this repository's history.
func previous(t *testing.T) (program, commit string) {
	t.Helper()
	text, err := os.ReadFile("../../internal/postgres/previous-release")
	must(t, err)
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			commit = line
		}
	}
	root, err := filepath.Abs("../..")
	must(t, err)
	if out, err := exec.Command("git", "-C", root, "cat-file", "-e", commit+"^{commit}").CombinedOutput(); err != nil {
		t.Skipf("NOT CHECKED: the release before, %s, on this schema, for want of its history here (git fetch --unshallow): %v %s", commit, err, out)
	}
	tree := t.TempDir()
	if out, err := exec.Command("sh", "-ec", `git -C "$0" archive --format=tar "$1" | tar -x -C "$2"`, root, commit, tree).CombinedOutput(); err != nil {
		t.Fatalf("unpacking %s: %v\n%s", commit, err, out)
	}
	program = filepath.Join(t.TempDir(), "idp")
	build := exec.Command("go", "build", "-trimpath", "-o", program, "./cmd/idp")
	build.Dir, build.Env = tree, append(os.Environ(), "GOFLAGS=-tags=nomsgpack", "PWD="+tree)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the release before: %v\n%s", err, out)
	}
	return program, commit
}

// TestPreviousRelease: the release before starts on this schema, and on one to which the next release added something;
// members sign in by it, beside this one, and its idp migrate changes nothing.
func TestPreviousRelease(t *testing.T) {
	t.Parallel()
	program, commit := previous(t)
	d := appDrill(t)
	d.member()
	d.start()
	ours := d.instance
	token := d.tokens()["refresh_token"]
	for _, next := range []string{`select 1`, `
		alter table accounts add column of_the_next text;
		alter table sessions add column of_the_next integer not null default 7;
		create table of_the_next (id int);
		insert into goose_db_version (version_id, is_applied) values (99998, true)`} {
		d.sql(next)
		theirs := d.startPrevious(program)
		token = d.shareWith(ours, theirs, token)
		if said := d.previous(program, "migrate"); !strings.Contains(said, "schema") {
			t.Errorf("migrate of %s said %q", commit, said)
		}
		d.previous(program, "keys", "list")
	}
	d.sql(`update settings set oldest_program = 99998`)
	if said := d.previous(program, "keys", "list"); !strings.Contains(said, "use a newer program") {
		t.Errorf("a schema that it may not use: %q", said)
	}
	d.instance = ours
	d.stop()
}

// shareWith goes to both instances in turn.
func (d *drill) shareWith(ours, theirs *instance, token string) string {
	d.t.Helper()
	for _, at := range []*instance{theirs, ours, theirs} {
		d.instance = at
		status, answer := d.refresh(token)
		if status != 200 {
			d.t.Fatalf("refreshing at %s: %d %v\n%s", at.address, status, answer, at.log)
		}
		token = answer["refresh_token"]
		d.tokens()
	}
	return token
}

// previous runs a command of the release before, as the owner where it migrates.
func (d *drill) previous(program string, args ...string) string {
	d.t.Helper()
	cmd := exec.Command(program, args...)
	for name, value := range d.vars {
		if name == "IDP_DATABASE_URL" && args[0] == "migrate" {
			value = d.owner
		}
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	said, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(said), "idp: ") {
		d.t.Errorf("%v: %v\n%s", args, err, said)
	}
	return string(said)
}

// startPrevious is an instance of the release before, which ends with the test.
func (d *drill) startPrevious(program string) *instance {
	t := d.t
	t.Helper()
	i := &instance{t: t, log: &lockedBuffer{}, address: freeAddress(t), private: freeAddress(t)}
	cmd := exec.Command(program, "serve")
	for name, value := range runnable(t, d.dsn) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, "IDP_KEK="+d.vars["IDP_KEK"], "IDP_LISTEN="+i.address, "IDP_METRICS_LISTEN="+i.private)
	var wrong bytes.Buffer
	cmd.Stdout, cmd.Stderr = i.log, &wrong
	must(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended, which is said below
		if err := <-ended; err != nil {
			t.Errorf("the release before ended: %v %s", err, wrong.String())
		}
	})
	within(t, 20*time.Second, "the release before that is ready", func() bool {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the release before does not start: %v %s", err, wrong.String())
		default:
		}
		return exec.Command(program, "health", "http://"+i.private+"/readyz").Run() == nil
	})
	return i
}
