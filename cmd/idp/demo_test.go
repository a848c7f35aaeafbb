package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// demo is "idp demo" in this process, on free ports.
type demo struct {
	t      *testing.T
	stop   context.CancelFunc
	exited chan int
	stdout lockedBuffer
	stderr lockedBuffer
}

// demoFolder is one that PostgreSQL's own user can enter.
func demoFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "idp-demo-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "data")
}

func startDemo(t *testing.T, dir string, args ...string) *demo {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	d := &demo{t: t, stop: stop, exited: make(chan int, 1)}
	args = append([]string{"demo", "--data-dir", dir, "--port", "0", "--portal-port", "0", "--desk-port", "0", "--fhir-port", "0", "--partner-port", "0", "--sandbox-port", "0"}, args...)
	go func() { d.exited <- run(ctx, args, nil, &d.stdout, &d.stderr) }()
	t.Cleanup(d.end)
	for deadline := time.Now().Add(60 * time.Second); !strings.Contains(d.stdout.String(), "Ctrl-C"); time.Sleep(20 * time.Millisecond) {
		select {
		case code := <-d.exited:
			d.exited <- code
			t.Fatalf("demo = %d: %s", code, d.stderr.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("the demo does not start: %s%s", d.stdout.String(), d.stderr.String())
		}
	}
	return d
}

func (d *demo) end() {
	d.t.Helper()
	d.stop()
	select {
	case code := <-d.exited:
		d.exited <- code
		if code != 0 {
			d.t.Errorf("demo = %d, want 0", code)
		}
	case <-time.After(40 * time.Second):
		d.t.Error("the demo does not stop")
	}
}

// address is what the welcome says under a name.
func (d *demo) address(name string) string {
	return regexp.MustCompile(name + `\s+(http\S+)`).FindStringSubmatch(d.stdout.String())[1]
}

// ownClient does not share the default connections, of which each httptest.Server that another test closes drops the idle ones.
var ownClient = &http.Client{Transport: &http.Transport{}}

// The demo's own folder is one that the commands may work on: what they import stays, and the next start finds it.
func TestDemoKeepsWhatWasImported(t *testing.T) {
	t.Parallel()
	dir := demoFolder(t)
	vars := map[string]string{"IDP_DATABASE_URL": "host=" + filepath.Join(dir, "postgres", "run") + " user=idp dbname=idp", "IDP_KEK_FILE": filepath.Join(dir, "kek")}
	first := startDemo(t, dir)
	for name, path := range map[string]string{"Sample portal": "/", "Provider": "/.well-known/openid-configuration", "Mailbox": "", "Support desk": "/robots.txt", "Developers": "", "Sandbox": "", "FHIR server": "/metadata"} {
		answer, err := ownClient.Get(first.address(name) + path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s", name, answer.Status)
		}
	}
	if !strings.Contains(first.stdout.String(), "Sample cards") {
		t.Errorf("the welcome names no cards: %s", first.stdout.String())
	}
	_, sample, _ := call(t, nil, "roster", "sample", "-n", "1000")
	file := writeFile(t, sample)
	if code, stdout, stderr := call(t, vars, "roster", "import", "--allow-shrink", "--allow-doubtful", file); code != 0 {
		t.Fatalf("roster import = %d: %s%s", code, stdout, stderr)
	}
	first.end()
	second := startDemo(t, dir)
	if welcome := second.stdout.String(); strings.Contains(welcome, "Sample cards") || !strings.Contains(welcome, "the one that you imported") {
		t.Errorf("the welcome after an import: %s", welcome)
	}
	if code, stdout, stderr := call(t, vars, "roster", "import", file); code != 0 || !strings.Contains(stdout, "nothing to do") {
		t.Errorf("the same file again = %d: %s%s, want it still applied", code, stdout, stderr)
	}
	second.end()
	third := startDemo(t, dir, "--fresh")
	if !strings.Contains(third.stdout.String(), "Sample cards") {
		t.Errorf("the welcome of a fresh start: %s", third.stdout.String())
	}
}

// The demo says that its database is gone, and ends; another demo on its folder is refused, also one that would erase it; what a
// killed start left, and another place, do not matter.
func TestDemoLosesItsDatabase(t *testing.T) {
	t.Parallel()
	dir := demoFolder(t)
	if err := os.MkdirAll(filepath.Join(dir, "postgres", "pgdata.new", "base"), 0o755); err != nil { // initdb was killed
		t.Fatal(err)
	}
	first := startDemo(t, dir)
	for _, more := range [][]string{nil, {"--fresh"}} {
		args := append([]string{"demo", "--data-dir", dir, "--port", "0", "--portal-port", "0", "--desk-port", "0", "--fhir-port", "0", "--partner-port", "0", "--sandbox-port", "0"}, more...)
		code, stdout, stderr := call(t, nil, args...)
		want := fmt.Sprintf("another idp demo works in %s, process %d at %s: ", dir, os.Getpid(), first.address("Provider"))
		if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
			t.Errorf("a second demo %v = %d, %q, %q, want 1 and %q", more, code, stdout, stderr, want)
		}
	}
	mustRead(t, filepath.Join(dir, "kek")) // --fresh erased nothing
	pid, err := strconv.Atoi(strings.Split(mustRead(t, filepath.Join(dir, "postgres", "pgdata", "postmaster.pid")), "\n")[0])
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	select {
	case code := <-first.exited:
		first.exited <- 0
		if said := first.stderr.String(); code != 1 || strings.Count(said, "\n") != 1 || !strings.Contains(said, "the PostgreSQL server has ended") || !strings.Contains(said, "start again to continue") {
			t.Errorf("without its database the demo = %d: %q", code, said)
		}
	case <-time.After(40 * time.Second):
		t.Fatal("the demo goes on without its database")
	}
	moved := dir + "-moved"
	must(t, os.Rename(dir, moved))
	kek := filepath.Join(moved, "kek")
	must(t, os.Rename(kek, kek+".lost"))
	if code, _, stderr := call(t, nil, "demo", "--data-dir", moved, "--port", "0", "--portal-port", "0", "--desk-port", "0", "--fhir-port", "0", "--partner-port", "0", "--sandbox-port", "0"); code != 1 || !strings.Contains(stderr, "were made with another key than "+kek) {
		t.Errorf("without its key the demo = %d: %q", code, stderr)
	}
	must(t, os.Rename(kek+".lost", kek))
	second := startDemo(t, moved)
	if !strings.Contains(second.stdout.String(), "Sample cards") {
		t.Errorf("the welcome in another place: %s", second.stdout.String())
	}
}

// A start of the demo that fails is reported in one line, and its ports are free again.
func TestDemoStartFails(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, busy, _ := net.SplitHostPort(taken.Addr().String())
	_, free, _ := net.SplitHostPort(freeAddress(t))
	file := filepath.Join(t.TempDir(), "file")
	badKEK := demoFolder(t)
	for path, content := range map[string]string{file: "", filepath.Join(badKEK, "kek"): "no key"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	notPostgres := demoFolder(t)
	if err := os.MkdirAll(filepath.Join(notPostgres, "postgres", "pgdata", "else"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, want string
		args       []string
	}{
		{"a port is taken", "port " + busy + " is taken by another program: choose one with --desk-port", []string{"--data-dir", demoFolder(t), "--desk-port", busy}},
		{"a folder that is a file", file, []string{"--data-dir", filepath.Join(file, "below")}},
		{"a folder with something else", "move it away to start empty", []string{"--data-dir", notPostgres}},
		{"a port that is none", "--desk-port: port 99999 cannot be used", []string{"--data-dir", demoFolder(t), "--desk-port", "99999"}},
		{"a folder that nobody can write in", "the demo cannot write in its folder /proc/none", []string{"--data-dir", "/proc/none"}},
		{"a broken key", "or start empty with --fresh", []string{"--data-dir", badKEK}},
	} {
		args := append([]string{"demo", "--port", free, "--portal-port", "0", "--fhir-port", "0", "--partner-port", "0", "--sandbox-port", "0"}, test.args...)
		if !strings.HasPrefix(test.name, "a port") {
			args = append(args, "--desk-port", "0")
		}
		code, stdout, stderr := call(t, nil, args...)
		if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: demo = %d, %q, %q, want 1 and one line with %q", test.name, code, stdout, stderr, test.want)
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", free))
		if err != nil {
			t.Errorf("%s: the port stays open: %v", test.name, err)
			continue
		}
		l.Close()
	}
}
