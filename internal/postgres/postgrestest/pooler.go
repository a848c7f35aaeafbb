package postgrestest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/internal/freeport"
)

// Pooler is the address of a database by way of a PgBouncer in transaction mode, with so few sessions of the server that
// those of the program change places. It has a folder of its own and ends with the test.
func Pooler(t testing.TB, dsn string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	for _, path := range []string{"/usr/sbin/pgbouncer", "/usr/local/sbin/pgbouncer", "/opt/homebrew/bin/pgbouncer"} {
		if _, there := os.Stat(path); err != nil && there == nil {
			program, err = path, nil
		}
	}
	if err != nil {
		t.Skip("NOT CHECKED: PgBouncer is not installed:  apt-get install pgbouncer  (dnf, brew: the same name)")
	}
	server, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "idp-pgbouncer-") // whose parents its user can pass
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	address, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	settings := fmt.Sprintf(`[databases]
* = host=%s port=%d user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
max_client_conn = 200
server_round_robin = 1
`, server.Host, server.Port, server.User, port)
	args := []string{"-q", filepath.Join(dir, "pgbouncer.ini")}
	if os.Geteuid() == 0 { // it refuses to run as root
		args = append([]string{"-u", "postgres"}, args...)
	}
	if err := os.WriteFile(filepath.Join(dir, "pgbouncer.ini"), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended already, which Wait tells
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("PgBouncer said:\n%s", said.String())
		}
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("PgBouncer does not start: %v", err)
		}
	}
	return fmt.Sprintf("host=127.0.0.1 port=%s user=%s dbname=%s sslmode=disable", port, server.User, server.Database)
}
