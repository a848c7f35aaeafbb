package main

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// stopWait is how long a command may take to end after a signal. One that waits for a pipe in which nobody writes never ends.
const stopWait = 10 * time.Second

// errStuck is returned for work that did not end in that time; it goes on until the process ends.
var errStuck = errors.New("the command did not end")

// await does some work, and leaves it behind if it has not ended so long after ctx; with 0 it waits for the end.
func await[T any](ctx context.Context, wait time.Duration, work func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := work()
		done <- outcome{value, err}
	}()
	var stuck <-chan time.Time
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		if wait > 0 {
			stuck = time.After(wait)
		}
	}
	select {
	case o := <-done:
		return o.value, o.err
	case <-stuck:
		var none T
		return none, errStuck
	}
}

// standardOutput fails each write if the process was started without one: the runtime then puts /dev/null, open for both reading and
// writing, in its place, and a secret that is shown once would be lost without a word.
func standardOutput() io.Writer {
	var out, null syscall.Stat_t
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, os.Stdout.Fd(), syscall.F_GETFL, 0)
	if errno != 0 || syscall.Fstat(1, &out) != nil || syscall.Stat(os.DevNull, &null) != nil || out.Rdev != null.Rdev || out.Mode&syscall.S_IFMT != syscall.S_IFCHR {
		return os.Stdout
	}
	if flags&syscall.O_ACCMODE != syscall.O_RDWR {
		return os.Stdout
	}
	return closedOutput{}
}

type closedOutput struct{}

func (closedOutput) Write([]byte) (int, error) { return 0, errors.New("standard output is closed") }
