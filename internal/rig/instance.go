package rig

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"huskyidp/internal/freeport"
)

// Instance is one process of `idp serve`.
type Instance struct {
	Name            string
	Binary          string
	Address, Health string // listeners: the public one, and the one for health and metrics
	Desk            string // listener of the support desk, if it is configured
	Vars            map[string]string
	LogFile         string
	Ready           atomic.Bool // as seen by the load balancer

	cmd   *exec.Cmd
	ended chan struct{}
}

// NewInstance assigns free ports.
func NewInstance(name, dir, binary string, vars map[string]string) (*Instance, error) {
	i := &Instance{Name: name, Binary: binary, LogFile: filepath.Join(dir, "idp-"+name+".log"), Vars: maps.Clone(vars)}
	var err error
	if i.Address, err = freeport.Address(); err != nil {
		return nil, err
	}
	if i.Health, err = freeport.Address(); err != nil {
		return nil, err
	}
	if i.Vars["IDP_DESK_ADDRESS"] != "" {
		if i.Desk, err = freeport.Address(); err != nil {
			return nil, err
		}
		i.Vars["IDP_DESK_LISTEN"] = i.Desk
	}
	i.Vars["IDP_LISTEN"], i.Vars["IDP_METRICS_LISTEN"] = i.Address, i.Health
	return i, nil
}

// Start returns once the process runs, before it is ready.
func (i *Instance) Start() error {
	log, err := os.OpenFile(i.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	i.cmd = exec.Command(i.Binary, "serve")
	i.cmd.Env = Environment(i.Vars)
	i.cmd.Stdout, i.cmd.Stderr = log, log
	i.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	i.ended = make(chan struct{})
	started := make(chan error)
	go func(cmd *exec.Cmd, ended chan struct{}) {
		runtime.LockOSThread() // the parent-death signal follows the thread that forked
		defer runtime.UnlockOSThread()
		defer log.Close()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // ProcessState has the result
			close(ended)
		}
	}(i.cmd, i.ended)
	return <-started
}

// Kill sends SIGKILL.
func (i *Instance) Kill() error {
	if i.cmd == nil {
		return nil
	}
	if err := i.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-i.ended
	return nil
}

// Stop sends SIGTERM and returns the exit code.
func (i *Instance) Stop() (int, error) {
	if err := i.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	select {
	case <-i.ended:
		return i.cmd.ProcessState.ExitCode(), nil
	case <-time.After(40 * time.Second):
		return -1, fmt.Errorf("instance %s does not stop; the end of its log: %s", i.Name, i.LogFile)
	}
}

// Running reports whether the process has not exited.
func (i *Instance) Running() bool {
	select {
	case <-i.ended:
		return false
	default:
		return true
	}
}

// Probe asks whether it is ready, as load balancers do.
func (i *Instance) Probe(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+i.Health+"/readyz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// PID returns the process ID.
func (i *Instance) PID() int { return i.cmd.Process.Pid }

// Environment returns the process's environment: vars, and of ours only PATH and HOME.
func Environment(vars map[string]string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for name, value := range vars {
		env = append(env, name+"="+value)
	}
	return env
}
