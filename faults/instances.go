package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// issuer is how the instances know themselves.
const issuer = "idp.example"

// instance is one process of `idp serve`.
type instance struct {
	name            string
	binary          string
	address, health string
	vars            map[string]string
	logFile         string
	cmd             *exec.Cmd
	ended           chan struct{}
	ready           atomic.Bool // as the load balancer sees it
}

func newInstance(name, dir, binary string, vars map[string]string) (*instance, error) {
	i := &instance{name: name, binary: binary, logFile: filepath.Join(dir, "idp-"+name+".log"), vars: maps.Clone(vars)}
	var err error
	if i.address, err = freeAddress(); err != nil {
		return nil, err
	}
	if i.health, err = freeAddress(); err != nil {
		return nil, err
	}
	i.vars["IDP_LISTEN"], i.vars["IDP_METRICS_LISTEN"] = i.address, i.health
	return i, nil
}

// start returns once the process runs, before it is ready.
func (i *instance) start() error {
	log, err := os.OpenFile(i.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	i.cmd = exec.Command(i.binary, "serve")
	i.cmd.Env = environment(i.vars)
	i.cmd.Stdout, i.cmd.Stderr = log, log
	i.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	i.ended = make(chan struct{})
	started := make(chan error)
	go func(cmd *exec.Cmd, ended chan struct{}) {
		runtime.LockOSThread() // the kernel's signal follows the thread that forked
		defer runtime.UnlockOSThread()
		defer log.Close()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // its state says how it ended
			close(ended)
		}
	}(i.cmd, i.ended)
	return <-started
}

// kill is kill -9.
func (i *instance) kill() error {
	if i.cmd == nil {
		return nil
	}
	if err := i.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-i.ended
	return nil
}

// stop is SIGTERM; it returns the exit code.
func (i *instance) stop() (int, error) {
	if err := i.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	select {
	case <-i.ended:
		return i.cmd.ProcessState.ExitCode(), nil
	case <-time.After(40 * time.Second):
		return -1, fmt.Errorf("instance %s does not stop; the end of its log: %s", i.name, i.logFile)
	}
}

func (i *instance) running() bool {
	select {
	case <-i.ended:
		return false
	default:
		return true
	}
}

// probe asks whether it is ready, as load balancers do.
func (i *instance) probe(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+i.health+"/readyz", nil)
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

// logged says whether an instance wrote the words.
func (s *stage) logged(words string) (bool, error) {
	for _, i := range s.instances {
		log, err := os.ReadFile(i.logFile)
		if err != nil {
			return false, err
		}
		if bytes.Contains(log, []byte(words)) {
			return true, nil
		}
	}
	return false, nil
}

func environment(vars map[string]string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for name, value := range vars {
		env = append(env, name+"="+value)
	}
	return env
}

// balancer gives each request to another ready instance, and tries the next where no connection is to be had.
type balancer struct {
	instances []*instance
	transport *http.Transport
	turn      atomic.Int64
	tally     *tally
}

func newBalancer(t *tally, instances ...*instance) *balancer {
	return &balancer{instances: instances, tally: t, transport: &http.Transport{
		MaxIdleConnsPerHost: 200, IdleConnTimeout: 5 * time.Second, DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext}}
}

// watch keeps account of who is ready.
func (b *balancer) watch(ctx context.Context) {
	for _, i := range b.instances {
		go func() {
			for ctx.Err() == nil {
				i.ready.Store(i.probe(ctx))
				time.Sleep(100 * time.Millisecond)
			}
		}()
	}
}

// allReady waits for it.
func (b *balancer) allReady(ctx context.Context, limit time.Duration) error {
	return eventually(ctx, limit, "two ready instances", func() bool {
		for _, i := range b.instances {
			if !i.probe(ctx) {
				return false
			}
			i.ready.Store(true)
		}
		return true
	})
}

// Send is for a visitor.
func (b *balancer) Send(r *http.Request) (*http.Response, error) {
	began := time.Now()
	answer, err := b.send(r)
	status := 0
	if err == nil {
		status = answer.StatusCode
	} else if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return nil, err // the load has ended
	}
	b.tally.add(r.URL.Path, status, began)
	return answer, err
}

func (b *balancer) send(r *http.Request) (answer *http.Response, err error) {
	n := int(b.turn.Add(1))
	for try := range b.instances {
		i := b.instances[(n+try)%len(b.instances)]
		if !i.ready.Load() && try < len(b.instances)-1 {
			continue // the last one is asked whatever it says
		}
		if answer, err = b.ask(i, r); !notConnected(err) {
			return answer, err
		}
	}
	return answer, err
}

func (b *balancer) ask(i *instance, r *http.Request) (*http.Response, error) {
	copied := r.Clone(r.Context())
	copied.URL.Scheme, copied.URL.Host = "http", i.address
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		copied.Body = body
	}
	return b.transport.RoundTrip(copied)
}

// notConnected says that the instance has not seen the request.
func notConnected(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}
