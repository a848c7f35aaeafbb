package postgrestest

import (
	"os"
	"path/filepath"
	"syscall"
)

// claimed keeps the lock file open for the life of the program.
var claimed *os.File //lint:ignore U1000 it is kept, not read

// claim takes the folder for this program, or tells that another one has it.
func claim(dir string) (bool, error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return false, err
	}
	lock, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return false, nil
	}
	claimed = lock
	return true, nil
}
