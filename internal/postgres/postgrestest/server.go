package postgrestest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/embedded"
)

type place struct{ admin, template string }

// server starts or finds the server and its template, once per test program.
var server = sync.OnceValues(func() (place, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	admin := os.Getenv("TEST_DATABASE_URL")
	if admin == "" {
		var err error
		if admin, err = ownServer(ctx); err != nil {
			return place{}, err
		}
	}
	template, err := ensureTemplate(ctx, admin)
	return place{admin, template}, err
})

// ownServer gives this test program a server without fsync. It ends with the
// program; its folder is reused by the next program that finds it free, since
// making a new one takes a second.
func ownServer(ctx context.Context) (string, error) {
	root := filepath.Join(fastFolder(), fmt.Sprintf("idp-test-postgres-%d", os.Geteuid()))
	for slot := range 64 {
		dir := filepath.Join(root, fmt.Sprint(slot))
		free, err := claim(dir)
		if err != nil {
			return "", err
		}
		if !free {
			continue
		}
		s, err := embedded.Start(ctx, embedded.Options{DataDir: dir, Volatile: true})
		if err != nil {
			return "", err
		}
		admin := s.DSN("postgres")
		return admin, dropLeftovers(ctx, admin)
	}
	return "", fmt.Errorf("64 test servers are in use already")
}

// fastFolder is the memory file system where there is room in it, else the folder for temporary files. A clone is
// some 800 files, which take 30 ms in memory and a second on a disk that is used by others too.
func fastFolder() string {
	const memory, room = "/dev/shm", 4 << 30
	var free unix.Statfs_t
	if unix.Statfs(memory, &free) != nil || uint64(free.Bavail)*uint64(free.Bsize) < room {
		return os.TempDir()
	}
	return memory
}

// dropLeftovers removes what earlier programs left in the server: databases of failed or killed tests, and templates of
// other migrations.
func dropLeftovers(ctx context.Context, admin string) error {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	current, err := templateName()
	if err != nil {
		return err
	}
	rows, _ := conn.Query(ctx, "select datname from pg_database where (datname like 'test\\_%' or datname like 'template\\_%') and datname <> $1", current)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := conn.Exec(ctx, "alter database "+name+" is_template false"); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "drop database "+name); err != nil {
			return err
		}
	}
	return nil
}

// templateName is named after the migrations' content, so that a change of them makes a new template.
func templateName() (string, error) {
	sum := sha256.New()
	sum.Write([]byte(postgres.Grants))
	err := fs.WalkDir(postgres.Migrations(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(postgres.Migrations(), path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(content), content)
		return err
	})
	return "template_" + hex.EncodeToString(sum.Sum(nil)[:8]), err
}

// ensureTemplate makes the migrated database that tests clone.
func ensureTemplate(ctx context.Context, admin string) (string, error) {
	name, err := templateName()
	if err != nil {
		return "", err
	}
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "select pg_advisory_lock(71001)"); err != nil { // test programs share a given server
		return "", err
	}
	var ready bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1 and datistemplate)", name).Scan(&ready); err != nil || ready {
		return name, err
	}
	if _, err := conn.Exec(ctx, "drop database if exists "+name); err != nil {
		return "", err
	}
	if _, err := conn.Exec(ctx, "create database "+name); err != nil {
		return "", err
	}
	var role bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_roles where rolname = $1)", postgres.AppRole).Scan(&role); err != nil {
		return "", err
	}
	if !role {
		if _, err := conn.Exec(ctx, "create role "+postgres.AppRole); err != nil {
			return "", err
		}
	}
	if _, err := postgres.Migrate(ctx, postgres.Options{DSN: withDatabase(admin, name)}, nil); err != nil {
		return "", err
	}
	_, err = conn.Exec(ctx, "alter database "+name+" is_template true")
	return name, err
}
