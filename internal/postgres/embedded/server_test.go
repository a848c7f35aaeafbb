package embedded

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// shortDir is below the system's folder for temporary files, whose parents the
// user that runs PostgreSQL can pass.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "idp-pg-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "data")
}

func start(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Start(t.Context(), Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func exec1(t *testing.T, s *Server, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.DSN("idp"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestDataSurvivesRestartAndSecondStartAdopts(t *testing.T) {
	dir := shortDir(t)
	first := start(t, dir)
	if err := first.CreateDatabase(t.Context(), "idp"); err != nil {
		t.Fatal(err)
	}
	exec1(t, first, "create table kept (id int)")
	second := start(t, dir)
	if !second.Adopted() {
		t.Error("a second Start made a server of its own")
	}
	if err := second.Stop(); err != nil {
		t.Fatal(err)
	}
	exec1(t, first, "insert into kept values (1)") // stopping the adopted one left the first alone
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	third := start(t, dir)
	exec1(t, third, "insert into kept values (2)")
}

func TestOtherVersionIsRefusedAndDataKept(t *testing.T) {
	dir := shortDir(t)
	if err := start(t, dir).Stop(); err != nil {
		t.Fatal(err)
	}
	version := filepath.Join(dir, "pgdata", "PG_VERSION")
	if err := os.WriteFile(version, []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Options{DataDir: dir}); !errors.Is(err, ErrVersion) {
		t.Errorf("Start = %v, want ErrVersion", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "pgdata", "base")); err != nil {
		t.Errorf("the data folder was touched: %v", err)
	}
}

func TestUnfinishedFolderIsNotOverwritten(t *testing.T) {
	dir := shortDir(t)
	if err := os.MkdirAll(filepath.Join(dir, "pgdata"), 0o700); err != nil {
		t.Fatal(err)
	}
	mark := filepath.Join(dir, "pgdata", "mine.txt")
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Options{DataDir: dir}); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("Start = %v, want advice to move the folder", err)
	}
	if _, err := os.Stat(mark); err != nil {
		t.Error("the file in the folder is gone")
	}
}

func TestNoProgramsNamesTheInstallLine(t *testing.T) {
	_, err := Start(t.Context(), Options{DataDir: shortDir(t), BinDir: t.TempDir()})
	if err == nil {
		t.Fatal("Start without programs succeeded")
	}
	if !strings.Contains(ErrNoPrograms.Error(), "apt-get install postgresql") {
		t.Error("the message names no line that installs PostgreSQL")
	}
}

func TestFolderThatTheUserCannotPassIsNamed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("not root: the programs run as ourselves, and there is nothing to pass")
		return
	}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Options{DataDir: filepath.Join(closed, "data")}); err == nil || !strings.Contains(err.Error(), "cannot pass") {
		t.Errorf("Start below a closed folder = %v, want the folder named", err)
	}
}

// TestServerDiesWithItsParent kills a program that owns a server with SIGKILL.
func TestServerDiesWithItsParent(t *testing.T) {
	dir := shortDir(t)
	if os.Getenv("IDP_TEST_CHILD") != "" {
		if _, err := Start(context.Background(), Options{DataDir: os.Getenv("IDP_TEST_CHILD")}); err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("ready\n")
		time.Sleep(time.Minute)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestServerDiesWithItsParent$")
	child.Env = append(os.Environ(), "IDP_TEST_CHILD="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 6)
	if _, err := out.Read(line); err != nil || string(line) != "ready\n" {
		t.Fatalf("the child said %q, %v", line, err)
	}
	s := &Server{dir: dir, socket: socketDir(dir)}
	if !s.running() {
		t.Fatal("the child runs no server")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait()
	for deadline := time.Now().Add(10 * time.Second); s.running(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server outlived its killed parent by 10 s")
		}
	}
	if err := start(t, dir).Stop(); err != nil { // nothing was lost
		t.Error(err)
	}
}
