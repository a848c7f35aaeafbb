//go:build !linux

package embedded

import "syscall"

// dieWithParent does nothing where the system has no such signal: the next Start
// adopts a server that was left running.
func dieWithParent(*syscall.SysProcAttr) {}
