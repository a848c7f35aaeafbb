package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"huskyidp/internal/freeport"
	"huskyidp/internal/rig"
)

// behindPooler runs all journeys through a PgBouncer in transaction mode, and cuts it off from its server in the
// middle.
func behindPooler(s *stage, r *result) error {
	address, end, err := s.pooler()
	if err != nil {
		return err
	}
	defer end()
	for _, i := range s.instances {
		direct := maps.Clone(i.Vars)
		defer func() { i.Vars = direct }()
		i.Vars["IDP_DATABASE_URL"], i.Vars["IDP_DATABASE_POOLER"] = address, "transaction"
	}
	if _, err := s.restartAll(); err != nil {
		return err
	}
	s.tally.take()
	err = s.during(6, func() error {
		if err := s.wait(10 * time.Second); err != nil {
			return err
		}
		calm := s.tally.now()
		// A registration may have found the queue of the slow hashes full, as without a pooler.
		r.want(len(calm.refused())*50 < len(calm), "%d requests in ten seconds, refused: %d %s", len(calm), len(calm.refused()), calm.refused().kinds())
		s.cluster.primary.tap.Reset()
		cut := time.Now()
		took, err := backIn(s, cut)
		r.want(took <= 5*time.Second, "its connections to the server cut, back after %s", span(took))
		if err != nil {
			return err
		}
		return s.wait(3 * time.Second)
	})
	if err != nil {
		return err
	}
	r.noFaults(s.tally.now())
	for _, i := range s.instances {
		i.Vars["IDP_DATABASE_URL"] = s.vars["IDP_DATABASE_URL"]
		delete(i.Vars, "IDP_DATABASE_POOLER")
	}
	_, err = s.restartAll()
	return err
}

// pooler starts one before the primary's proxy, with so few sessions that the instances take turns in them.
func (s *stage) pooler() (address string, end func(), err error) {
	program := "/usr/sbin/pgbouncer" // where distributions have it, outside of most paths
	if found, err := exec.LookPath("pgbouncer"); err == nil {
		program = found
	}
	listen, err := freeport.Address()
	if err != nil {
		return "", nil, err
	}
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", nil, err
	}
	server, err := net.ResolveTCPAddr("tcp", s.cluster.primary.tap.Address())
	if err != nil {
		return "", nil, err
	}
	file := filepath.Join(s.dir, "pgbouncer.ini")
	settings := fmt.Sprintf("[databases]\n* = host=127.0.0.1 port=%d user=idp_server\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %s\nunix_socket_dir =\n"+
		"auth_type = any\npool_mode = transaction\ndefault_pool_size = 12\nmax_client_conn = 200\nserver_round_robin = 1\n", server.Port, port)
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		return "", nil, err
	}
	args := []string{"-q", file}
	if os.Geteuid() == 0 { // it refuses to run as root
		args = append([]string{"-u", "postgres"}, args...)
	}
	cmd := exec.CommandContext(context.WithoutCancel(s.ctx), program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	started, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // the kernel's signal follows the thread that forked
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // we end it
			close(ended)
		}
	}()
	if err := <-started; err != nil {
		return "", nil, err
	}
	end = func() { _ = cmd.Process.Kill(); <-ended }
	err = rig.Eventually(s.ctx, 10*time.Second, "pooler", func() bool {
		conn, err := net.Dial("tcp", listen)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	if err != nil {
		end()
		return "", nil, err
	}
	return fmt.Sprintf("postgres://idp_server@%s/idp?sslmode=disable", listen), end, nil
}
