package embedded

import (
	"os"
	"os/exec"
	"runtime"
)

// startProcess runs the program from a thread that lives as long as it does: the
// kernel's parent-death signal follows the thread that forked, not the process.
func startProcess(program string, args []string, dir string, log *os.File, u *identity) (*process, error) {
	p := &process{done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
		cmd.SysProcAttr = u.sysProcAttr()
		cmd.SysProcAttr.Setpgid = true // Ctrl-C in the terminal reaches us, not it
		dieWithParent(cmd.SysProcAttr)
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}
