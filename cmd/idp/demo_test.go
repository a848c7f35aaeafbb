package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// demo is "idp demo" in this process, on free ports.
type demo struct {
	t      *testing.T
	stop   context.CancelFunc
	exited chan int
	stdout lockedBuffer
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
	var stderr lockedBuffer
	args = append([]string{"demo", "--data-dir", dir, "--port", "0", "--portal-port", "0", "--desk-port", "0", "--fhir-port", "0"}, args...)
	go func() { d.exited <- run(ctx, args, nil, &d.stdout, &stderr) }()
	t.Cleanup(d.end)
	for deadline := time.Now().Add(60 * time.Second); !strings.Contains(d.stdout.String(), "Ctrl-C"); time.Sleep(20 * time.Millisecond) {
		select {
		case code := <-d.exited:
			d.exited <- code
			t.Fatalf("demo = %d: %s", code, stderr.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("the demo does not start: %s%s", d.stdout.String(), stderr.String())
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

// The demo's own folder is one that the commands may work on: what they import stays, and the next start finds it.
func TestDemoKeepsWhatWasImported(t *testing.T) {
	t.Parallel()
	dir := demoFolder(t)
	vars := map[string]string{"IDP_DATABASE_URL": "host=" + filepath.Join(dir, "postgres", "run") + " user=idp dbname=idp", "IDP_KEK_FILE": filepath.Join(dir, "kek")}
	first := startDemo(t, dir)
	for name, path := range map[string]string{"Sample portal": "/", "Provider": "/.well-known/openid-configuration", "Mailbox": "", "Support desk": "/robots.txt", "Developers": "", "FHIR server": "/metadata"} {
		answer, err := http.Get(first.address(name) + path)
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
		{"a port is taken", "port " + busy + " is taken", []string{"--data-dir", demoFolder(t), "--desk-port", busy}},
		{"a folder that is a file", file, []string{"--data-dir", filepath.Join(file, "below")}},
		{"a folder with something else", "move it away to start empty", []string{"--data-dir", notPostgres}},
		{"a broken key", "key", []string{"--data-dir", badKEK}},
	} {
		args := append([]string{"demo", "--port", free, "--portal-port", "0", "--fhir-port", "0"}, test.args...)
		if test.name != "a port is taken" {
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
