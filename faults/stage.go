package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"huskyidp/internal/rig"
)

// stage is where the scenes are played: a database with a standby, a mail server, two instances, members.
type stage struct {
	ctx       context.Context
	dir       string
	binary    string
	short     bool
	vars      map[string]string // settings of serve
	cluster   *cluster
	mails     *rig.Mails
	instances []*rig.Instance
	balancer  *balancer
	tally     *tally
	ledger    *ledger
	journeys  *journeys
	presses   atomic.Int64   // sign-ins of a crowd so far
	refused   int            // mails that the mail server refused for good
	unsent    []string       // mails that arrived, which a failover forgot
	postponed []func(*check) // what a check leaves to the next
}

// weaker are the settings that a single machine needs.
const weaker = "tls-ends-at-the-proxy,database-without-verified-tls,mail-without-tls,sample-agreement"

// agents is the number of people at the desk.
const agents = 8

// members is the number of people on the roster: more than the quickest machine registers in a whole run.
const members = 20000

func newStage(ctx context.Context, dir string, short bool) (*stage, error) {
	s := &stage{ctx: ctx, dir: dir, short: short, binary: filepath.Join(dir, "idp"), tally: &tally{}}
	if err := rig.Build(s.ctx, s.binary); err != nil {
		return s, err
	}
	var err error
	if s.cluster, err = newCluster(ctx, dir); err != nil {
		return s, err
	}
	if s.mails, err = rig.NewMails(); err != nil {
		return s, err
	}
	s.vars = map[string]string{"IDP_DATABASE_URL": s.cluster.settings("idp_server"), "IDP_ISSUER": "https://" + issuer, "IDP_SMTP": s.mails.Address, "IDP_SMTP_TLS": "none",
		"IDP_MAIL_FROM": "no-reply@idp.example", "IDP_ACCEPT": weaker, "IDP_TRUSTED_PROXIES": "127.0.0.1/32", "IDP_CLIENT_RATE": "100000", "IDP_DRAIN": "2s",
		"IDP_DESK_ADDRESS": "https://" + deskHost}
	if s.vars["IDP_KEK"], err = s.idp("keys", "generate-kek"); err != nil {
		return s, err
	}
	if err := s.prepare(); err != nil {
		return s, err
	}
	return s, s.open()
}

// prepare does what an operator does before the first start.
func (s *stage) prepare() error {
	if _, err := s.idp("migrate"); err != nil {
		return err
	}
	app := filepath.Join(s.dir, "app.json")
	if err := os.WriteFile(app, []byte(`{"client_name": "Prueba", "redirect_uris": ["`+callback+`"], "token_endpoint_auth_method": "none"}`), 0o600); err != nil {
		return err
	}
	if _, err := s.idp("clients", "create", "--id=app", app); err != nil {
		return err
	}
	roster, err := s.idp("roster", "sample", "-n", fmt.Sprint(members))
	if err != nil {
		return err
	}
	file := filepath.Join(s.dir, "roster.csv")
	if err := os.WriteFile(file, []byte(roster+"\n"), 0o600); err != nil {
		return err
	}
	if _, err := s.idp("roster", "import", file); err != nil {
		return err
	}
	s.ledger, err = readPeople(file)
	return err
}

// open starts the standby and two instances.
func (s *stage) open() error {
	if err := s.cluster.follow(s.ctx); err != nil {
		return err
	}
	for _, name := range []string{"1", "2"} {
		i, err := rig.NewInstance(name, s.dir, s.binary, s.vars)
		if err != nil {
			return err
		}
		s.instances = append(s.instances, i)
		if err := i.Start(); err != nil {
			return err
		}
	}
	s.balancer = newBalancer(s.tally, s.instances...)
	s.balancer.watch(s.ctx)
	s.journeys = &journeys{ledger: s.ledger, mails: s.mails, send: s.balancer.Send, patience: mailWait, agents: make(chan *agent, agents)}
	if err := s.balancer.allReady(s.ctx, 30*time.Second); err != nil {
		return err
	}
	return s.hire(map[bool]int{true: 2, false: agents}[s.short])
}

// idp runs a command under its role, and returns its output.
func (s *stage) idp(args ...string) (string, error) { return s.program().Run(s.ctx, args...) }

func (s *stage) program() rig.Commands {
	vars := map[string]string{"IDP_KEK": s.vars["IDP_KEK"]}
	if old := s.vars["IDP_OLD_KEKS"]; old != "" {
		vars["IDP_OLD_KEKS"] = old
	}
	return rig.Commands{Binary: s.binary, Database: s.cluster.settings, Vars: vars}
}

// recovered waits until both instances are ready, after starting those that ended.
func (s *stage) recovered(limit time.Duration) error {
	for _, i := range s.instances {
		if !i.Running() {
			if err := i.Start(); err != nil {
				return err
			}
		}
	}
	return s.balancer.allReady(s.ctx, limit)
}

func (s *stage) wait(d time.Duration) error {
	if !rig.Pause(s.ctx, d) {
		return s.ctx.Err()
	}
	return nil
}

// close ends everything that was started.
func (s *stage) close() error {
	var errs []error
	for _, i := range s.instances {
		errs = append(errs, i.Kill())
	}
	if s.mails != nil {
		s.mails.Stop()
	}
	if s.cluster != nil {
		s.cluster.close()
	}
	return errors.Join(errs...)
}
