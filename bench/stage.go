package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"huskyidp/internal/freeport"
	"huskyidp/internal/postgres/embedded"
	"huskyidp/internal/rig"
)

// issuer is how the service knows itself.
const issuer = "idp.example"

// stage is what is measured: the service and the floor on one PostgreSQL, all of them on one core.
type stage struct {
	options
	ctx      context.Context
	dir      string
	pinned   error // why nothing is bound to a core; nil if it is
	database *embedded.Server
	mails    *rig.Mails
	service  *rig.Instance
	commands rig.Commands
	secrets  map[string]string // by client_id
	people   []rig.Member
	users    []*user

	floor        *exec.Cmd
	floorAddress string
}

// weaker are the settings that a machine of its own needs.
const weaker = "tls-ends-at-the-proxy,database-without-verified-tls,mail-without-tls,sample-agreement"

func (s *stage) open() (err error) {
	if s.pinned = pin(0); s.pinned != nil {
		fmt.Fprintln(os.Stderr, "NOT on cores of their own:", s.pinned)
	}
	flags := []string{}
	if s.profile != "" {
		flags = append(flags, "-tags=nomsgpack,profile")
	}
	s.commands = rig.Commands{Binary: filepath.Join(s.dir, "idp"), Vars: map[string]string{}, Database: func(role string) string {
		return "postgres://" + role + "@/idp?sslmode=disable&host=" + filepath.Join(s.dir, "postgres", "run")
	}}
	if err := rig.Build(s.ctx, s.commands.Binary, flags...); err != nil {
		return err
	}
	if s.database, err = embedded.Start(s.ctx, embedded.Options{DataDir: filepath.Join(s.dir, "postgres")}); err != nil {
		return err
	}
	if err := rig.MakeRoles(s.ctx, s.dir, filepath.Join(s.dir, "postgres", "run")); err != nil {
		return err
	}
	if s.mails, err = rig.NewMails(); err != nil {
		return err
	}
	if s.commands.Vars["IDP_KEK"], err = s.commands.Run(s.ctx, "keys", "generate-kek"); err != nil {
		return err
	}
	if _, err := s.commands.Run(s.ctx, "migrate"); err != nil {
		return err
	}
	if err := s.roster(); err != nil {
		return err
	}
	if err := s.registerClients(); err != nil {
		return err
	}
	if err := s.start(); err != nil {
		return err
	}
	if err := s.startFloor(); err != nil {
		return err
	}
	if s.pinned == nil {
		if err := pin(1); err != nil {
			s.pinned = err
		}
	}
	return s.populate()
}

// crowd is how many sign in at once, each with an account.
const crowd = 64

func (s *stage) roster() error {
	roster, err := s.commands.Run(s.ctx, "roster", "sample", "-n", "6000")
	if err != nil {
		return err
	}
	file := filepath.Join(s.dir, "roster.csv")
	if err := os.WriteFile(file, []byte(roster+"\n"), 0o600); err != nil {
		return err
	}
	if _, err := s.commands.Run(s.ctx, "roster", "import", file); err != nil {
		return err
	}
	all, err := rig.ReadMembers(file)
	if err != nil {
		return err
	}
	s.people = all[:crowd]
	return nil
}

// start restarts the service, and waits until it is ready.
func (s *stage) start() (err error) {
	if s.service == nil {
		s.service, err = rig.NewInstance("bench", s.dir, s.commands.Binary, map[string]string{"IDP_DATABASE_URL": s.commands.Database("idp_server"), "IDP_KEK": s.commands.Vars["IDP_KEK"],
			"IDP_ISSUER": "https://" + issuer, "IDP_SMTP": s.mails.Address, "IDP_SMTP_TLS": "none", "IDP_MAIL_FROM": "no-reply@idp.example", "IDP_ACCEPT": weaker,
			"IDP_TRUSTED_PROXIES": "127.0.0.1/32", "IDP_CLIENT_RATE": "1000000", "IDP_DRAIN": "0s"})
		if err != nil {
			return err
		}
	}
	if err := s.service.Start(); err != nil {
		return err
	}
	return rig.Eventually(s.ctx, 30*time.Second, "service that is ready", func() bool { return s.service.Probe(s.ctx) })
}

func (s *stage) startFloor() error {
	if err := s.database.CreateDatabase(s.ctx, "floor"); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if s.floorAddress, err = freeport.Address(); err != nil {
		return err
	}
	s.floor = exec.CommandContext(s.ctx, self, "floor", s.floorAddress, s.database.DSN("floor"))
	s.floor.Stderr = os.Stderr
	if err := s.floor.Start(); err != nil {
		return err
	}
	return rig.Eventually(s.ctx, 10*time.Second, "floor that answers", func() bool {
		c, err := dial(s.floorAddress)
		return err == nil && c.Close() == nil
	})
}

// databasePID is the number of PostgreSQL's first process.
func (s *stage) databasePID() int {
	content, _ := os.ReadFile(filepath.Join(s.dir, "postgres", "pgdata", "postmaster.pid")) // 0 has no processor time
	first, _, _ := strings.Cut(string(content), "\n")
	pid, _ := strconv.Atoi(first)
	return pid
}

func (s *stage) close() {
	var errs []error
	if s.floor != nil && s.floor.Process != nil {
		errs = append(errs, s.floor.Process.Signal(syscall.SIGTERM))
		_ = s.floor.Wait() // however it ends
	}
	if s.service != nil {
		errs = append(errs, s.service.Kill())
	}
	if s.mails != nil {
		s.mails.Stop()
	}
	if s.database != nil {
		errs = append(errs, s.database.Stop())
	}
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
}
