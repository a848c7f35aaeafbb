package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"huskyidp/internal/rig"
)

// skew is the variable for the seconds by which the clock of the binary below is wrong.
const skew = "FAULT_CLOCK"

// clock gives one instance a wrong clock.
func clock(wrong time.Duration) func(*stage, *result) error {
	return func(s *stage, r *result) error {
		binary, err := s.skewed()
		if err != nil {
			return err
		}
		i := s.instances[1]
		right := func() { i.Binary = s.binary; delete(i.Vars, skew) }
		defer right()
		i.Binary, i.Vars[skew] = binary, fmt.Sprint(int(wrong.Seconds()))
		if _, err := i.Stop(); err != nil {
			return err
		}
		if err := i.Start(); err != nil {
			return err
		}
		ready := false
		err = s.during(6, func() error {
			for range 15 {
				if err := s.wait(time.Second); err != nil {
					return err
				}
				ready = ready || i.Probe(s.ctx)
			}
			return nil
		})
		if err != nil {
			return err
		}
		told, err := s.logged(`"msg":"clock apart"`)
		if err != nil {
			return err
		}
		r.want(!ready && told, "an instance whose clock is %s apart is ready: %t, says so on its log: %t", wrong, ready, told)
		r.noFaults(s.tally.now())
		if _, err := i.Stop(); err != nil {
			return err
		}
		right()
		if err := i.Start(); err != nil {
			return err
		}
		return s.balancer.allReady(s.ctx, 20*time.Second)
	}
}

// skewed builds the program with a wall clock that is wrong by the variable's seconds. There is no setting for that, so
// one line of its standard library is changed. The monotonic clock, for durations, stays right.
func (s *stage) skewed() (string, error) {
	binary := filepath.Join(s.dir, "idp-skewed")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	root, err := exec.CommandContext(s.ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	content, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	const from = "	sec, nsec, mono := runtimeNow()\n" // the first is that of Now
	before, after, found := strings.Cut(string(content), from)
	if !found {
		return "", fmt.Errorf("%s does not read the clock as it did", source)
	}
	name := filepath.Join(s.dir, "time.go")
	if err := os.WriteFile(name, []byte(before+from+"	sec += skew\n"+after), 0o600); err != nil {
		return "", err
	}
	more := filepath.Join(s.dir, "skew.go")
	const code = "package time\n\nimport \"syscall\"\n\nvar skew = func() int64 { v, _ := syscall.Getenv(\"" + skew + "\"); n, _ := atoi(v); return int64(n) }()\n"
	if err := os.WriteFile(more, []byte(code), 0o600); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {source: name, filepath.Join(filepath.Dir(source), "skew.go"): more}})
	if err != nil {
		return "", err
	}
	file := filepath.Join(s.dir, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return "", err
	}
	return binary, rig.Build(s.ctx, binary, "-overlay="+file)
}

// restoreDrill follows docs/operate.md on a separate cluster, which is a test of the commands.
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
