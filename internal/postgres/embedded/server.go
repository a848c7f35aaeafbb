package embedded

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

	"github.com/jackc/pgx/v5"
)

// ErrVersion says that the data folder was made by another major version.
var ErrVersion = errors.New("embedded: the data was made by another PostgreSQL version")

// Options say where and how the server runs.
type Options struct {
	DataDir  string // holds pgdata/, run/ and postgres.log; made when missing
	BinDir   string // folder of initdb and postgres; "" looks for them
	Volatile bool   // no fsync and never adopted: for tests, whose data may be lost
}

// Server is a running PostgreSQL.
type Server struct {
	dir     string
	socket  string
	process *process // nil when the server was adopted
}

// Start runs the server, or adopts one that already serves the same data.
func Start(ctx context.Context, o Options) (*Server, error) {
	dir, err := filepath.Abs(o.DataDir)
	if err != nil {
		return nil, err
	}
	user, err := runAs()
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, socket: socketDir(dir)}
	for _, folder := range []string{dir, s.socket} {
		if err := user.makeDir(folder); err != nil {
			return nil, err
		}
	}
	adopted, err := s.adopt(ctx, o.Volatile)
	if err != nil || adopted {
		return s, err
	}
	programs, err := findPrograms(o.BinDir)
	if err != nil {
		return nil, err
	}
	if err := s.initialise(ctx, programs, user); err != nil {
		return nil, err
	}
	if err := s.run(ctx, programs, user, o.Volatile); err != nil {
		return nil, err
	}
	return s, nil
}

// adopt finds a server that already serves this data. One that is shutting down,
// because its owner was just killed, is waited for.
func (s *Server) adopt(ctx context.Context, exclusive bool) (bool, error) {
	deadline := time.Now().Add(20 * time.Second)
	for s.running() {
		if !exclusive && s.answers(ctx) {
			return true, nil
		}
		if time.Now().After(deadline) {
			return false, fmt.Errorf("another PostgreSQL holds %s and does not answer", s.pgdata())
		}
		time.Sleep(5 * time.Millisecond)
	}
	return false, nil
}

// running tells whether the process that holds the data folder is alive.
func (s *Server) running() bool {
	content, err := os.ReadFile(filepath.Join(s.pgdata(), "postmaster.pid"))
	if err != nil {
		return false
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	return err == nil && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

// Adopted tells whether another process owns the server.
func (s *Server) Adopted() bool { return s.process == nil }

// DSN is the address of a database on this server, made by Start or CreateDatabase.
func (s *Server) DSN(database string) string {
	return fmt.Sprintf("host=%s user=%s dbname=%s sslmode=disable", s.socket, superuser, database)
}

// ErrEnded says that the server is gone.
var ErrEnded = errors.New("embedded: the PostgreSQL server has ended")

// Watch blocks until ctx ends, which is not an error, or until the server has ended: ErrEnded, with the last line of its log.
func (s *Server) Watch(ctx context.Context) error {
	var done chan struct{} // never closed for an adopted server, whose end only its process tells
	if s.process != nil {
		done = s.process.done
	}
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-done:
		case <-look.C:
			if s.process != nil || s.running() {
				continue
			}
		}
		lines := strings.Split(strings.TrimSpace(tail(s.logFile())), "\n")
		return fmt.Errorf("%w, and with it everything that needs it. The data stay in %s: start again to continue. The last line of %s is: %s",
			ErrEnded, s.pgdata(), s.logFile(), lines[len(lines)-1])
	}
}

// Stop shuts the server down unless it was adopted, and waits for it.
func (s *Server) Stop() error {
	if s.process == nil {
		return nil
	}
	return s.process.stop()
}

const superuser = "idp"

func (s *Server) pgdata() string  { return filepath.Join(s.dir, "pgdata") }
func (s *Server) logFile() string { return filepath.Join(s.dir, "postgres.log") }

// socketDir keeps the socket's path under the 103 bytes that the kernel allows.
func socketDir(dir string) string {
	own := filepath.Join(dir, "run")
	if len(own)+len("/.s.PGSQL.5432") < 103 {
		return own
	}
	return filepath.Join(os.TempDir(), "idp-"+shortHash(dir))
}

func (s *Server) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

// initialise makes the data folder once; existing data is only checked.
func (s *Server) initialise(ctx context.Context, p programs, u *identity) error {
	made, err := os.ReadFile(filepath.Join(s.pgdata(), "PG_VERSION"))
	if err == nil {
		if have := strings.TrimSpace(string(made)); have != p.major {
			return fmt.Errorf("%w: %s holds version %s data and the programs in %s are version %s; "+
				"install PostgreSQL %s, or move the folder away to start empty", ErrVersion, s.pgdata(), have, p.dir, p.major, have)
		}
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if entries, err := os.ReadDir(s.pgdata()); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s holds files but no finished database: move it away to start empty", s.pgdata())
	}
	// initdb works beside the final place, so that an interrupted first start leaves no half-made data.
	fresh := s.pgdata() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, p.path("initdb"), "-D", fresh, "-U", superuser, "-A", "trust",
		"-E", "UTF8", "--no-locale", "--no-instructions", "--no-sync")
	cmd.Dir = s.dir
	cmd.SysProcAttr = u.sysProcAttr()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making the database in %s: %w\n%s", s.dir, err, out)
	}
	if err := os.Remove(s.pgdata()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Rename(fresh, s.pgdata())
}

func (s *Server) run(ctx context.Context, p programs, u *identity, volatile bool) error {
	args := []string{"-D", s.pgdata(), "-k", s.socket, "-h", "",
		"-c", "unix_socket_permissions=0700", "-c", "max_connections=100", "-c", "log_min_messages=warning"}
	if volatile {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
			"-c", "max_connections=300", "-c", "shared_buffers=64MB")
	}
	log, err := u.openLog(s.logFile())
	if err != nil {
		return err
	}
	defer log.Close()
	s.process, err = startProcess(p.path("postgres"), args, s.dir, log, u)
	if err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}
	deadline := time.Now().Add(30 * time.Second) // recovery after a crash may take a while
	for !s.answers(ctx) {
		select {
		case <-s.process.done:
			return fmt.Errorf("PostgreSQL ended while starting: %w\n%s", s.process.err, tail(s.logFile()))
		case <-ctx.Done():
			return errors.Join(ctx.Err(), s.process.stop())
		case <-time.After(5 * time.Millisecond):
			if time.Now().After(deadline) {
				return errors.Join(fmt.Errorf("PostgreSQL does not answer\n%s", tail(s.logFile())), s.process.stop())
			}
		}
	}
	return nil
}

// CreateDatabase makes a database unless it exists.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var exists bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&exists); err != nil || exists {
		return err
	}
	_, err = conn.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize())
	return err
}

// tail is the end of the server's log, for an error text.
func tail(path string) string {
	log, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(log[max(0, len(log)-2000):])
}

// process is the postgres program under our care.
type process struct {
	pid  int
	done chan struct{} // closed when it ended
	err  error         // valid after done
}

func (p *process) stop() error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := syscall.Kill(p.pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(20 * time.Second):
		return errors.New("PostgreSQL does not stop; its process id is " + fmt.Sprint(p.pid))
	}
}
