package rig

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Build builds the service. It must run in the root of the repository.
func Build(ctx context.Context, to string, flags ...string) error {
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-o", to}, flags...), "./cmd/idp")...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building idp: %w\n%s", err, said)
	}
	return nil
}

// Commands runs the service's commands, each with the database role that it is for.
type Commands struct {
	Binary   string
	Database func(role string) string // IDP_DATABASE_URL
	Vars     map[string]string        // IDP_KEK
}

// Run returns the command's output.
func (c Commands) Run(ctx context.Context, args ...string) (string, error) {
	cmd := c.Command(ctx, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	said, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("idp %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(said)), nil
}

// Command returns a command that has not been started.
func (c Commands) Command(ctx context.Context, args ...string) *exec.Cmd {
	role := "idp_server"
	if args[0] == "migrate" {
		role = "idp_owner"
	}
	vars := map[string]string{"IDP_DATABASE_URL": c.Database(role), "IDP_ACCEPT": "database-without-verified-tls"}
	for name, value := range c.Vars {
		vars[name] = value
	}
	cmd := exec.CommandContext(ctx, c.Binary, args...)
	cmd.Env = Environment(vars)
	return cmd
}
