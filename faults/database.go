package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres/embedded"
	"huskyidp/internal/rig"
	"huskyidp/internal/tap"
)

// cluster is a primary and a standby, each behind its own proxy. A failover swaps them.
type cluster struct {
	primary, standby *node
}

// node is one PostgreSQL server.
type node struct {
	name, dir string
	server    *embedded.Server
	tap       *tap.Tap
}

func newCluster(ctx context.Context, dir string) (*cluster, error) {
	c := &cluster{}
	for _, n := range []**node{&c.primary, &c.standby} {
		name := map[bool]string{true: "a", false: "b"}[c.primary == nil]
		made := &node{name: name, dir: filepath.Join(dir, name)}
		var err error
		if made.tap, err = tap.New("unix", filepath.Join(made.dir, "run", ".s.PGSQL.5432")); err != nil {
			return c, err
		}
		*n = made
	}
	if err := c.primary.start(ctx); err != nil {
		return c, err
	}
	if err := rig.MakeRoles(ctx, dir, c.primary.socket()); err != nil {
		return c, err
	}
	return c, c.primary.superuser(ctx, `alter system set wal_keep_size = '2GB'`, `select pg_reload_conf()`) // a standby may be away for long
}

// settings is IDP_DATABASE_URL: both hosts, one of which is writable.
func (c *cluster) settings(role string) string {
	hosts := []string{c.primary.tap.Address(), c.standby.tap.Address()}
	slices.Sort(hosts) // the same after a failover
	return fmt.Sprintf("postgres://%s@%s/idp?sslmode=disable&target_session_attrs=read-write", role, strings.Join(hosts, ","))
}

func (n *node) socket() string { return filepath.Join(n.dir, "run") }

func (n *node) start(ctx context.Context) (err error) {
	n.server, err = embedded.Start(ctx, embedded.Options{DataDir: n.dir})
	return err
}

// superuser runs statements as superuser on the node itself, bypassing its proxy.
func (n *node) superuser(ctx context.Context, statements ...string) error {
	conn, err := pgx.Connect(ctx, n.server.DSN("idp"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// one is the single value of a query.
func one[T any](ctx context.Context, n *node, query string, args ...any) (value T, err error) {
	conn, err := pgx.Connect(ctx, n.server.DSN("idp"))
	if err != nil {
		return value, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = conn.QueryRow(ctx, query, args...).Scan(&value)
	return value, err
}

// follow makes a standby from the primary.
func (c *cluster) follow(ctx context.Context) (err error) {
	if c.standby.server, err = c.primary.server.Standby(ctx, c.standby.dir, "standby"); err != nil {
		return err
	}
	return rig.Eventually(ctx, 20*time.Second, "a standby that streams", func() bool {
		streams, err := one[bool](ctx, c.primary, `select exists (select from pg_stat_replication where state = 'streaming')`)
		return err == nil && streams
	})
}

// synchronous sets whether commits wait for the standby.
func (c *cluster) synchronous(ctx context.Context, on bool) error {
	names := map[bool]string{true: "standby"}[on]
	if err := c.primary.superuser(ctx, `alter system set synchronous_standby_names = '`+names+`'`, `select pg_reload_conf()`); err != nil {
		return err
	}
	return rig.Eventually(ctx, 20*time.Second, "a standby that has caught up", func() bool {
		caughtUp, err := one[bool](ctx, c.primary, `select exists (select from pg_stat_replication where state = 'streaming' and (sync_state = 'sync') = $1)`, on)
		return err == nil && caughtUp
	})
}

// failover kills the primary and promotes the standby; follow makes a standby of the dead node later.
func (c *cluster) failover(ctx context.Context) error {
	if err := c.primary.stopAtOnce(); err != nil {
		return err
	}
	if err := c.standby.superuser(ctx, `select pg_promote()`, `alter system set synchronous_standby_names = ''`, `select pg_reload_conf()`); err != nil {
		return err
	}
	c.primary, c.standby = c.standby, c.primary
	return nil
}

// stopAtOnce stops it like a crash: nothing is flushed, no client is notified.
func (n *node) stopAtOnce() error {
	pid, err := n.pid()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		return err
	}
	return n.server.Stop() // which waits
}

// freeze stops every process of the node; thaw continues them.
func (n *node) freeze() error { return n.signal(syscall.SIGSTOP) }
func (n *node) thaw() error   { return n.signal(syscall.SIGCONT) }

func (n *node) signal(signal syscall.Signal) error {
	pid, err := n.pid()
	if err != nil {
		return err
	}
	errs := []error{syscall.Kill(pid, signal)} // first, so that it starts no more
	children, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return err
	}
	for _, path := range children {
		content, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		after := content[bytes.LastIndexByte(content, ')')+1:]
		if fields := strings.Fields(string(after)); len(fields) < 2 || fields[1] != strconv.Itoa(pid) {
			continue
		}
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		if err := syscall.Kill(child, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (n *node) pid() (int, error) {
	content, err := os.ReadFile(filepath.Join(n.dir, "pgdata", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(content), "\n")
	return strconv.Atoi(first)
}

func (c *cluster) close() {
	for _, n := range []*node{c.standby, c.primary} {
		if n == nil || n.server == nil {
			continue
		}
		_ = n.thaw() // if it is still frozen
		n.tap.Close()
		if err := n.server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}
