package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	cmd := exec.CommandContext(ctx, "psql", "--host="+socket, "--username=idp", "--quiet", "--dbname=postgres", "--file="+roles)
	cmd.Env = append(os.Environ(), "IDP_OWNER_PASSWORD_FILE="+dir+"/password", "IDP_SERVER_PASSWORD_FILE="+dir+"/password")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making the roles: %w\n%s", err, said)
	}
	return nil
}
