package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// identity is whom the programs run as; nil credentials mean ourselves.
type identity struct{ credential *syscall.Credential }

// runAs picks "postgres", else "nobody", when we are root.
func runAs() (*identity, error) {
	if os.Geteuid() != 0 {
		return &identity{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr != nil || gidErr != nil {
			continue
		}
		return &identity{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres or nobody")
}

func (u *identity) sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: u.credential}
}

func (u *identity) own(path string) error {
	if u.credential == nil {
		return nil
	}
	return os.Chown(path, int(u.credential.Uid), int(u.credential.Gid))
}

// makeDir makes a private folder and tests that the programs' user can reach it:
// below a home folder of mode 0700 they could not.
func (u *identity) makeDir(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil && !os.IsExist(err) {
		return err
	}
	if err := u.own(path); err != nil {
		return err
	}
	if err := os.Chmod(path, 0o700); err != nil {
		return err
	}
	if u.credential == nil {
		return nil
	}
	for parent := filepath.Dir(path); ; parent = filepath.Dir(parent) {
		info, err := os.Stat(parent)
		if err != nil {
			return err
		}
		if !u.mayPass(info) {
			return fmt.Errorf("the user that runs PostgreSQL cannot pass %s; choose another data folder", parent)
		}
		if parent == filepath.Dir(parent) {
			return nil
		}
	}
}

func (u *identity) mayPass(dir os.FileInfo) bool {
	stat, ok := dir.Sys().(*syscall.Stat_t)
	if !ok {
		return true
	}
	mode := dir.Mode().Perm()
	switch {
	case stat.Uid == u.credential.Uid:
		return mode&0o100 != 0
	case stat.Gid == u.credential.Gid:
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}

func (u *identity) openLog(path string) (*os.File, error) {
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return log, u.own(path)
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}
