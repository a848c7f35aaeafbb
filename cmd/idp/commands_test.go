package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

// TestCommands runs every command as main does, in their good and their bad ways, on one database.
func TestCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	vars := map[string]string{"IDP_DATABASE_URL": postgrestest.Empty(t), "IDP_KEK": seal.GenerateKEK(), "IDP_ACCEPT": "database-without-verified-tls"}
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	client := file("client.json", `{"client_name": "App", "redirect_uris": ["https://app.example/cb"]}`)
	health := file("health.json", `{"client_name": "My Health", "operator_name": "Example", "profile": "smart", "audience": ["https://fhir.example/r4"], "redirect_uris": ["https://health.example/cb"]}`)
	long := file("long.json", strings.Repeat(" ", maxClientFile+1))
	none, kek := filepath.Join(dir, "none"), filepath.Join(dir, "kek")
	staff := []string{"staff", "create", "--username", "rosa.vega", "--email", "rosa@desk.example", "--name", "Rosa Vega", "--role", "recover"}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	year := fmt.Sprint(time.Now().In(zone).Year())
	for _, test := range []struct {
		args []string
		code int
		want string // on stdout, or stderr where the code is not 0
	}{
		{[]string{"keys", "list"}, 1, "run `idp migrate`"},
		{[]string{"migrate"}, 0, "up to date"},
		{[]string{"migrate"}, 0, "up to date"},
		{[]string{"keys", "rotate", "--alg", "ES256"}, 0, "ES256: key "},
		{[]string{"keys", "rotate", "--alg", "ES256", "--now"}, 0, "ES256: key "},
		{[]string{"keys", "rotate"}, 0, ""},
		{[]string{"keys", "rotate", "--alg", "HS256"}, 2, "must be one of"},
		{[]string{"keys", "list"}, 0, "ES256"},
		{[]string{"keys", "revoke", "none", "--reason", "trial"}, 1, ""},
		{[]string{"keys", "generate-kek"}, 0, ""},
		{[]string{"keys", "generate-kek", "--out", kek}, 0, ""},
		{[]string{"keys", "generate-kek", "--out", kek}, 1, "file exists"},
		{[]string{"keys", "data"}, 0, "PURPOSE"},
		{[]string{"keys", "rotate-data", "queue"}, 0, "have yet to learn"},
		{[]string{"keys", "rewrap"}, 0, "0 data keys"},
		{[]string{"clients", "list"}, 0, "CLIENT ID"},
		{[]string{"clients", "create", "--id", "app", client}, 0, `"client_secret"`},
		{[]string{"clients", "create", "--id", "app", client}, 1, ""},
		{[]string{"clients", "create", "--id", "app", "--replace", client}, 0, `"app"`},
		{[]string{"clients", "create", none}, 1, "no such file"},
		{[]string{"clients", "create", long}, 1, "longer than 64 KiB"},
		{[]string{"clients", "show", "app"}, 0, `"client_name": "App"`},
		{[]string{"clients", "show", "none"}, 1, ""},
		{[]string{"clients", "update", "app", client}, 0, `"app"`},
		{[]string{"clients", "update", "none", client}, 1, ""},
		{[]string{"clients", "update", "app", none}, 1, "no such file"},
		{[]string{"clients", "rotate-secret", "app"}, 0, "client_secret"},
		{[]string{"clients", "rotate-secret", "none"}, 1, ""},
		{[]string{"clients", "disable", "app"}, 0, ""},
		{[]string{"clients", "list"}, 0, "disabled"},
		{[]string{"clients", "enable", "app"}, 0, ""},
		{[]string{"clients", "enable", "none"}, 1, ""},
		{[]string{"clients", "disable", "health", "--reason", "x"}, 1, ""},
		{[]string{"clients", "create", "--id", "health", health}, 0, `"health"`},
		{[]string{"clients", "disable", "health"}, 1, "--reason: is missing"},
		{[]string{"clients", "disable", "health", "--reason", "no privacy policy: criterion 2"}, 0, ""},
		{[]string{"report", "cms", "--year", year}, 0, "have health data in " + year + " so far  0"},
		{[]string{"report", "cms", "--year", year}, 0, "ended   My Health (health)  no privacy policy: criterion 2"},
		{[]string{"report", "cms", "--year", year, "--json"}, 0, `"reason": "no privacy policy: criterion 2"`},
		{[]string{"report", "cms", "--year", "2025"}, 0, "have health data in 2025  0"},
		{[]string{"report", "cms"}, 2, "--year"},
		{[]string{"report", "cms", "--year", "3000"}, 2, "--year: must be between 2000 and " + year},
		{[]string{"report", "cms", "--year", year, "--time-zone", "Hartford"}, 2, "--time-zone: must be a time zone"},
		{[]string{"clients", "errors", "app", "--request-id", "x"}, 0, "ENDPOINT"},
		{[]string{"clients", "errors", "none"}, 1, ""},
		{[]string{"clients", "export"}, 0, `"app"`},
		{[]string{"clients", "import", none}, 1, "no such file"},
		{[]string{"clients", "import", file("broken.json", "[{")}, 1, "line 1"},
		{[]string{"clients", "import", client}, 1, "not a JSON array"},
		{[]string{"clients", "import", file("all.json", `[{"client_id": "b", "client_name": "B", "redirect_uris": ["https://b.example/cb"]}]`)}, 0, `"b"`},
		{[]string{"roster", "import", none}, 2, "no such file"},
		{[]string{"roster", "import", "--separator", "ab", client}, 2, "the separator"},
		{[]string{"roster", "import", client}, 1, "Nothing was changed"},
		{[]string{"roster", "sample", "-n", "2"}, 0, "member_number"},
		{staff, 0, "Rosa Vega can sign in"},
		{staff, 1, ""},
		{[]string{"staff", "list"}, 0, "rosa.vega"},
		{[]string{"staff", "role", "rosa.vega", "approve"}, 0, "has the roles"},
		{[]string{"staff", "role", "nobody.else", "read"}, 1, ""},
		{[]string{"staff", "remove", "nobody.else"}, 1, ""},
		{[]string{"staff", "remove", "rosa.vega"}, 0, "no longer works at the desk: sessions"},
		{[]string{"staff", "remove", "rosa.vega"}, 0, "no longer works at the desk already, since 20"},
		{[]string{"staff", "role", "rosa.vega"}, 2, "idp staff role rosa.vega --role read,audit"},
		{[]string{"audit", "verify"}, 0, "The audit is whole"},
		{[]string{"audit", "verify", "--checkpoints", client}, 1, "holds no checkpoint"},
		{[]string{"audit", "export"}, 0, `"kind"`},
		{[]string{"audit", "export", "--from", "2026-02-01T00:00:00Z", "--to", "2026-01-01T00:00:00Z"}, 2, "--to lies before --from"},
		{[]string{"audit", "key"}, 0, "Ed25519"},
		{[]string{"health", "http://127.0.0.1:1/"}, 1, "refused"},
		{[]string{"health", "http://%zz"}, 1, ""},
		{[]string{"fly"}, 2, "fly"},
	} {
		code, stdout, stderr := call(t, vars, test.args...)
		said := stdout
		if test.code != 0 {
			said = stderr
		}
		if code != test.code || !strings.Contains(said, test.want) || code != 0 && stderr == "" {
			t.Errorf("idp %s = %d: %s%s, want %d and %q", strings.Join(test.args, " "), code, stdout, stderr, test.code, test.want)
		}
	}
}

// A missing setting of a command is reported by name, and a database that is down in one line.
func TestCommandsWithoutDatabase(t *testing.T) {
	t.Parallel()
	down := map[string]string{"IDP_DATABASE_URL": "postgres://idp:hunter2@127.0.0.1:1/idp", "IDP_KEK": seal.GenerateKEK(), "IDP_ACCEPT": "database-without-verified-tls"}
	for _, args := range [][]string{{"migrate"}, {"keys", "list"}, {"clients", "list"}, {"staff", "list"}, {"audit", "verify"}, {"restore-epoch"}} {
		if code, _, stderr := call(t, nil, args...); code != 1 || !strings.Contains(stderr, "IDP_DATABASE_URL: is missing") {
			t.Errorf("%v without settings = %d: %s", args, code, stderr)
		}
		code, _, stderr := call(t, down, args...)
		if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "it does not answer: 127.0.0.1:1 (127.0.0.1): connection refused\n") || insideWords.MatchString(stderr) || strings.Contains(stderr, "hunter2") {
			t.Errorf("%v without database = %d: %s", args, code, stderr)
		}
	}
}

// The demo's parts alone end when told to, and say which port is taken.
func TestPartsAlone(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := taken.Addr().String()
	issuer := "http://localhost:1"
	for _, args := range [][]string{
		{"portal", "--issuer", issuer, "--listen", busy}, {"mailbox", "--listen", busy}, {"mailbox", "--listen", freeAddress(t), "--smtp", busy},
	} {
		if code, _, stderr := call(t, nil, args...); code != 1 || !strings.Contains(stderr, "address already in use") {
			t.Errorf("%v = %d: %s", args, code, stderr)
		}
	}
	if code, _, stderr := call(t, nil, "mailbox", "--file", filepath.Join(busy, "x")); code != 1 || stderr == "" {
		t.Errorf("mailbox on a file that cannot be = %d: %s", code, stderr)
	}
	if code, _, stderr := call(t, map[string]string{"IDP_PORTAL_SECRT": "x"}, "portal", "--issuer", issuer); code != 1 || !strings.Contains(stderr, "did you mean IDP_PORTAL_SECRET?") {
		t.Errorf("portal with a typing error = %d: %s", code, stderr)
	}
	for _, args := range [][]string{{"portal", "--issuer", issuer, "--listen", freeAddress(t)}, {"mailbox", "--listen", freeAddress(t), "--smtp", freeAddress(t)}} {
		ctx, stop := context.WithCancel(t.Context())
		var stdout, stderr lockedBuffer
		exited := make(chan int, 1)
		go func() { exited <- run(ctx, args, nil, &stdout, &stderr) }()
		within(t, 10*time.Second, "up: "+args[0], func() bool { return stdout.String() != "" })
		stop()
		if code := <-exited; code != 0 {
			t.Errorf("%v = %d: %s", args, code, stderr.String())
		}
	}
}

// What the owner alone may do, and a standby cannot, is refused with the remedy.
func TestMigrateNamesTheRemedy(t *testing.T) {
	t.Parallel()
	migrated, empty := postgrestest.DSN(t), postgrestest.Empty(t)
	asApplication := strings.TrimPrefix(migrated, postgrestest.OwnerDSN(migrated))
	for dsn, want := range map[string]string{empty + asApplication: "as the owner of the tables", empty + " default_transaction_read_only=on": "this is a standby"} {
		var stdout, stderr strings.Builder
		code := run(t.Context(), []string{"migrate"}, map[string]string{"IDP_DATABASE_URL": dsn}, &stdout, &stderr)
		if code != 1 || !strings.Contains(stderr.String(), want) {
			t.Errorf("migrate = %d, %q, want %q", code, stderr.String(), want)
		}
	}
}
