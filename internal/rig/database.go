package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// MakeRoles creates the roles and the database of deploy/roles.sql in a server that trusts its socket. It must run in
// the root of the repository.
func MakeRoles(ctx context.Context, dir, socket string) error {
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte("it is not asked for\n"), 0o644); err != nil {
		return err
	}
	roles, err := filepath.Abs("deploy/roles.sql")
	if err != nil {
		return err
	}
	return Program(ctx, dir, "psql", "--host="+socket, "--username=idp", "--quiet", "--dbname=postgres", "--file="+roles)
}

// Program runs one of PostgreSQL's programs in a folder, as the user of PostgreSQL.
func Program(ctx context.Context, dir, name string, args ...string) error {
	path, err := exec.LookPath(name)
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 { // beside the newest server, as embedded has it
		path, err = found[len(found)-1], nil
	}
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "IDP_OWNER_PASSWORD_FILE="+dir+"/password", "IDP_SERVER_PASSWORD_FILE="+dir+"/password")
	if os.Geteuid() == 0 && name != "psql" {
		who, err := user.Lookup("postgres")
		if err != nil {
			return err
		}
		uid, _ := strconv.ParseUint(who.Uid, 10, 32) // numeric on every system that has root
		gid, _ := strconv.ParseUint(who.Gid, 10, 32)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, said)
	}
	return nil
}
