package embedded

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Standby makes a streaming standby of the server and starts it. It replaces the data in dir, if any; name is what
// synchronous_standby_names calls it.
func (s *Server) Standby(ctx context.Context, dir, name string) (*Server, error) {
	user, err := runAs()
	if err != nil {
		return nil, err
	}
	programs, err := findPrograms("")
	if err != nil {
		return nil, err
	}
	server, err := filepath.EvalSymlinks(programs.path("postgres")) // a folder on PATH may have links to some of the programs
	if err != nil {
		return nil, err
	}
	if err := user.makeDir(dir); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "pgdata")
	if err := os.RemoveAll(data); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(server), "pg_basebackup"), "--pgdata="+data, "--checkpoint=fast", "--wal-method=stream",
		"--write-recovery-conf", "--dbname="+s.DSN("idp")+" application_name="+name)
	cmd.Dir, cmd.SysProcAttr = dir, user.sysProcAttr()
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("copying the database to %s: %w\n%s", dir, err, said)
	}
	return Start(ctx, Options{DataDir: dir})
}
