package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestCommandsWithoutStandby: where no commit ends, since the synchronous standby is away, every command that writes says so within
// seconds, and ends in bounded time with a line of its own and a status that is not 0.
func TestCommandsWithoutStandby(t *testing.T) {
	t.Parallel()
	d := newDrill(t)
	d.idp("migrate")
	d.idp("keys", "list") // makes the data keys
	file := func(name, content string) string {
		path := filepath.Join(d.dir, name)
		must(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	app := file("app.json", `{"client_name": "Prueba", "redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": "none"}`)
	roster := file("roster.csv", d.idp("roster", "sample", "-n", "20"))
	d.sql(`alter system set synchronous_standby_names = 'away'`)
	d.sql(`select pg_reload_conf()`)
	ownersVars := maps.Clone(d.vars)
	ownersVars["IDP_DATABASE_URL"] = d.owner
	var all sync.WaitGroup
	for _, command := range [][]string{
		{"keys", "rotate", "--alg=RS256"},
		{"clients", "create", "--id=app", app},
		{"roster", "import", roster},
		{"staff", "create", "--username=ana", "--email=ana@example.org", "--name=Ana", "--role=admin"},
		{"restore-epoch", "--yes"},
		{"migrate"},
	} {
		all.Go(func() {
			vars := d.vars
			if command[0] == "migrate" {
				vars = ownersVars
			}
			var out, said lockedBuffer
			began := time.Now()
			code := (&process{vars: vars, stdout: &out, stderr: &said, commitWait: 5 * time.Second}).run(t.Context(), command)
			took := time.Since(began)
			if code != 1 || took > 20*time.Second || !strings.Contains(said.String(), "waits for a synchronous standby, which") || !strings.Contains(said.String(), "idp: no commit ends: ") {
				t.Errorf("idp %s = %d after %s: %s%s", strings.Join(command, " "), code, took, out.String(), said.String())
			}
		})
	}
	all.Wait()
	d.idp("keys", "list") // what only reads works
}
