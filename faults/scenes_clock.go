package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// clockAhead and its sister give one instance a clock that is wrong. The program has no setting for that: it is built with a
// standard library whose time.Now adds what IDP_FAULT_CLOCK says, and is the same otherwise.
func clock(wrong time.Duration) func(*stage, *result) error {
	return func(s *stage, r *result) error {
		binary, err := s.skewed(wrong)
		if err != nil {
			return err
		}
		i := s.instances[1]
		i.binary = binary
		defer func() { i.binary = s.binary }()
		if _, err := i.stop(); err != nil {
			return err
		}
		if err := i.start(); err != nil {
			return err
		}
		err = s.during(6, func() error { return s.wait(15 * time.Second) })
		if err != nil {
			return err
		}
		ready := i.probe(s.ctx)
		told, err := s.logged(`"clock`)
		if err != nil {
			return err
		}
		r.want(!ready, "an instance whose clock is %s apart is ready: %t", wrong, ready)
		r.want(told, "it says so on its log: %t", told)
		r.noFaults(s.tally.now())
		i.binary = s.binary
		_, err = s.back(i)
		return err
	}
}

// back starts an instance that ended or is to end.
func (s *stage) back(i *instance) (time.Duration, error) {
	if i.running() {
		if _, err := i.stop(); err != nil {
			return 0, err
		}
	}
	if err := i.start(); err != nil {
		return 0, err
	}
	return 0, s.balancer.allReady(s.ctx, 20*time.Second)
}

// skewed builds the program with a wall clock that is wrong.
func (s *stage) skewed(by time.Duration) (string, error) {
	source := filepath.Join(runtime.GOROOT(), "src", "time", "time.go") //lint:ignore SA1019 the tool chain that builds is the one that runs this
	content, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	const from = "func Now() Time {"
	before, after, found := strings.Cut(string(content), from)
	if !found {
		return "", fmt.Errorf("%s has no %s", source, from)
	}
	moved := before + fmt.Sprintf("func Now() Time { return honest().Add(%d) }\n\nfunc honest() Time {", by.Nanoseconds()) + after
	name := filepath.Join(s.dir, fmt.Sprintf("time%d.go", by/time.Second))
	if err := os.WriteFile(name, []byte(moved), 0o600); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {source: name}})
	if err != nil {
		return "", err
	}
	file := name + ".overlay"
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return "", err
	}
	binary := filepath.Join(s.dir, fmt.Sprintf("idp%d", by/time.Second))
	return binary, s.build(binary, "-overlay="+file)
}

// restoreDrill follows the lines of docs/operate.md on a cluster of its own, which the test of the commands does.
func restoreDrill(s *stage, r *result) error {
	ctx, cancel := context.WithTimeout(s.ctx, 5*time.Minute)
	defer cancel()
	began := time.Now()
	said, err := exec.CommandContext(ctx, "go", "test", "./cmd/idp", "-count=1", "-run=^TestRestoreDrill$").CombinedOutput()
	r.want(err == nil, "go test ./cmd/idp -run TestRestoreDrill: %s in %s", map[bool]string{true: "ok", false: string(said)}[err == nil], span(time.Since(began)))
	return nil
}

// auditWhole is `idp audit verify` after everything.
func auditWhole(s *stage, r *result) error {
	said, err := s.idp("audit", "verify")
	if err != nil {
		said = err.Error()
	}
	r.want(err == nil, "%s", said)
	return nil
}
