package embedded

import "syscall"

// dieWithParent asks the kernel for a fast shutdown when we are gone.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }
