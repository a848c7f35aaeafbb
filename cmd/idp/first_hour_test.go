package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres/embedded"
	"huskyidp/internal/visitor"
)

// asProgram makes the test binary be idp itself, for tests that need a program to run.
const asProgram = "IDPTEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Unsetenv(asProgram)
		main()
	}
	os.Exit(m.Run())
}

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// firstHour is the script of docs/first-hour.md with ports that are free and the server's folder of sockets.
func firstHour(t *testing.T, socket string) (script string, commands int, ports map[string]string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/first-hour.md")
	must(t, err)
	for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			script += strings.TrimPrefix(strings.TrimPrefix(line, "   "), " ")
		}
		commands++
	}
	ports = map[string]string{}
	for _, port := range []string{"8443", "9090", "8091", "1025"} {
		_, ports[port], _ = net.SplitHostPort(freeAddress(t))
		script = strings.ReplaceAll(script, ":"+port, ":"+ports[port])
	}
	return strings.ReplaceAll(script, "/var/run/postgresql", socket), commands, ports
}

// TestFirstHour runs docs/first-hour.md on an empty server, whole: ten commands, and then a member who registers.
func TestFirstHour(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "idp-hour-") // whose parents PostgreSQL's user can pass
	must(t, err)
	must(t, os.Chmod(dir, 0o777))
	t.Cleanup(func() { os.RemoveAll(dir) })
	server, err := embedded.Start(t.Context(), embedded.Options{DataDir: filepath.Join(dir, "server")})
	must(t, err)
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	at, err := pgx.ParseConfig(server.DSN("idp"))
	must(t, err)
	script, commands, ports := firstHour(t, at.Host)
	if commands != 10 {
		t.Errorf("%d commands, want ten", commands)
	}
	work := filepath.Join(dir, "work")
	must(t, os.MkdirAll(filepath.Join(work, "bin"), 0o777))
	self, err := os.Executable()
	must(t, err)
	// a copy, which whoever runs the script may run too
	program, err := os.ReadFile(self)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(work, "bin", "program"), program, 0o755))
	must(t, os.WriteFile(filepath.Join(work, "bin", "idp"), []byte("#!/bin/sh\n"+asProgram+"=1 exec \"$(dirname \"$0\")/program\" \"$@\"\n"), 0o755))
	for from, to := range map[string]string{"../../deploy/roles.sql": "roles.sql", "sample/roster.csv": "members.csv"} {
		text, err := os.ReadFile(from)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(work, to), text, 0o644))
	}
	must(t, os.Chmod(work, 0o777))
	must(t, os.WriteFile(filepath.Join(work, "hour.sh"), []byte(script+"echo started: $(jobs -p)\nwait\n"), 0o644))

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-e", "hour.sh")
	cmd.Dir, cmd.Cancel, cmd.WaitDelay = work, func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }, 10*time.Second
	cmd.Env = []string{"PATH=" + filepath.Join(work, "bin") + ":" + os.Getenv("PATH"), "HOME=" + work, "PGHOST=" + at.Host, "PGUSER=" + at.User}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: superuser(t)}
	stderr := &lockedBuffer{}
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		_ = cmd.Wait() // ended by the signal
	})
	said, ended := &lockedBuffer{}, make(chan struct{})
	go func() { defer close(ended); _, _ = io.Copy(said, out) }()
	for !strings.Contains(said.String(), "started: ") {
		select {
		case <-ended:
			log, _ := os.ReadFile(filepath.Join(work, "idp.log"))
			t.Fatalf("the script ended:\n%s\n%s\n%s", said, stderr, log)
		case <-time.After(50 * time.Millisecond):
		}
	}
	for _, want := range []string{"The schema is up to date.", "ok      schema", "ok      mail server", "added "} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the commands did not say %q:\n%s", want, said)
		}
	}
	registerFirst(t, ports)
}

// superuser is who started the embedded server, nil for the one who runs the tests.
func superuser(t *testing.T) *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		who, err = user.Lookup("nobody")
	}
	must(t, err)
	uid, _ := strconv.ParseUint(who.Uid, 10, 32)
	gid, _ := strconv.ParseUint(who.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// registerFirst is the first member, by the guide, with the code that the mailbox shows.
func registerFirst(t *testing.T, ports map[string]string) {
	t.Helper()
	ctx := t.Context()
	b := visitor.New("https://127.0.0.1:"+ports["8443"], "localhost:"+ports["8443"])
	b.Send = (&http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}).RoundTrip // the certificate is of nobody
	must(t, b.Get(ctx, "/register/agreement?lang=es"))
	if !strings.Contains(b.Body, "TEXTO DE MUESTRA") && !strings.Contains(b.Body, "Muestra: aquí va el aviso") {
		t.Errorf("the agreement's page does not show the brand: %d %s", b.Status, b.At)
	}
	for _, step := range []struct {
		typed url.Values
		next  string
	}{
		{url.Values{"act": {"agree"}}, "/register/personal"},
		{url.Values{"act": {"next"}, "birth_year": {"1984"}, "birth_month": {"3"}, "birth_day": {"14"}, "first_name": {"María José"}, "last_name": {"Núñez Peñalinda"}, "suffix": {""}, "card_id": {"004123789"}}, "/register/credentials"},
		{url.Values{"act": {"next"}, "username": {"maria.primera"}, "email": {"maria@example.org"}, "email_again": {"maria@example.org"}, "new_password": {"cuatro caballos azules corren"},
			"question": {"first_pay"}, "answer": {"una bicicleta roja"}}, "/register/code"},
		{nil, "/register/review"},
		{url.Values{"act": {"finish"}, "certify": {"yes"}}, "/register/done"},
	} {
		if step.typed == nil {
			step.typed = url.Values{"act": {"next"}, "code": {mailedCode(t, "http://127.0.0.1:"+ports["8091"])}}
		}
		must(t, b.Submit(ctx, step.typed))
		if !strings.HasPrefix(b.At, step.next) {
			t.Fatalf("at %s (%d), want %s", b.At, b.Status, step.next)
		}
	}
	must(t, b.Get(ctx, "/account"))
	if b.Status != 200 || !strings.Contains(b.Body, "maria.primera") {
		t.Errorf("the account page is %d at %s", b.Status, b.At)
	}
}

var (
	mailLink = regexp.MustCompile(`<a href="(/demo/mail/[^"]+)"`)
	mailCode = regexp.MustCompile(`(?m)^(\d{6})\s*$`)
)

// mailedCode waits for the newest mail of the mailbox.
func mailedCode(t *testing.T, box string) string {
	t.Helper()
	read := func(address string) string {
		r, err := ownClient.Get(address)
		must(t, err)
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		must(t, err)
		return string(text)
	}
	for range 200 {
		if link := mailLink.FindStringSubmatch(read(box + "/demo/mail")); link != nil {
			if code := mailCode.FindStringSubmatch(read(box + link[1])); code != nil {
				return code[1]
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("no code was mailed")
	return ""
}
