package main

import (
	"encoding/base64"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres/postgrestest"
)

// A checkpoint in the log is enough to convict whoever cuts the record.
func TestAuditCommands(t *testing.T) {
	env, stdout, stderr := commandEnvironment(t)
	log, chain := audit.New(env.DB), newChain(env)
	for range 3 {
		if err := log.Record(t.Context(), audit.Event{Kind: audit.KeyCreated, At: env.Now(), Success: true}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := chain.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	point, ok, err := chain.Checkpoint(t.Context())
	if err != nil || !ok {
		t.Fatalf("Checkpoint = %v, %v", ok, err)
	}
	kept := filepath.Join(t.TempDir(), "log")
	line := `{"time":"2026-11-24T12:00:00Z","level":"INFO","msg":"audit checkpoint","position":3,"checkpoint":"` + point.Signed + "\"}\n"
	if err := os.WriteFile(kept, []byte("{}\n"+line), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&AuditVerifyCmd{Checkpoints: kept}).Run(t.Context(), env); err != nil || !strings.Contains(stdout.String(), "The audit is whole: 3 rows") {
		t.Errorf("audit verify = %q, %v", stdout, err)
	}
	stdout.Reset()
	if err := (&AuditExportCmd{To: env.Now().Add(time.Hour)}).Run(t.Context(), env); err != nil || strings.Count(stdout.String(), `"kind":"key.created"`) != 3 {
		t.Errorf("audit export = %q, %v", stdout, err)
	}
	stdout.Reset()
	if err := (&AuditKeyCmd{}).Run(env); err != nil || !strings.Contains(stdout.String(), `"crv":"Ed25519"`) {
		t.Errorf("audit key = %q, %v", stdout, err)
	}
	postgrestest.Exec(t, env.DB, `alter table audit_events disable trigger user`, `alter table audit_chain disable trigger user`,
		`delete from audit_chain where position = 3`, `delete from audit_events where id not in (select event_id from audit_chain)`,
		`alter table audit_checkpoints disable trigger user`, `delete from audit_checkpoints`)
	if err := (&AuditVerifyCmd{Checkpoints: kept}).Run(t.Context(), env); err == nil || !strings.Contains(err.Error(), "position 3: the chain is cut") {
		t.Errorf("audit verify of a record that was cut = %v", err)
	}
	if !strings.Contains(stderr.String(), `"alert":"audit_broken"`) {
		t.Errorf("no alert: %s", stderr)
	}
	if err := os.WriteFile(kept, []byte("nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&AuditVerifyCmd{Checkpoints: kept}).Run(t.Context(), env); err == nil {
		t.Error("a file without checkpoints is taken")
	}
}

// A cut of rows that are younger than the hourly checkpoint shows by the service's log, and the service tells of it (S-72).
func TestCutOfTheLastMinutes(t *testing.T) {
	env, _, stderr := commandEnvironment(t)
	now := time.Now().Add(-30 * time.Minute)
	chain := audit.NewChain(env.DB, env.Keyring, func() time.Time { return now })
	kept := filepath.Join(t.TempDir(), "log")
	file, err := os.Create(kept)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	service := &app{logger: slog.New(slog.NewJSONHandler(file, nil))}
	log := audit.New(env.DB).AlertTo(service.logger, func(string) {})
	seal, _ := service.sealAudit(chain, log)
	record := func(rows int, want int) {
		t.Helper()
		for range rows {
			if err := log.Record(t.Context(), audit.Event{Kind: audit.KeyCreated, At: now, Success: true}); err != nil {
				t.Fatal(err)
			}
		}
		if err := seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		points, err := readCheckpoints(kept)
		if err != nil || len(points) != want {
			t.Errorf("the log has %d checkpoints, %v, want %d", len(points), err, want)
		}
	}
	record(2, 1)
	now = now.Add(30 * time.Second)
	record(1, 1) // less than a minute after the last
	now = now.Add(30 * time.Second)
	record(0, 2)
	now = now.Add(time.Hour)
	record(0, 2) // nothing new to say
	now = now.Add(-59 * time.Minute)
	record(2, 3)
	postgrestest.Exec(t, env.DB, `alter table audit_events disable trigger user`, `alter table audit_chain disable trigger user`,
		`delete from audit_chain where position > 3`, `delete from audit_events where id not in (select event_id from audit_chain)`)
	if v, err := newChain(env).Verify(t.Context()); err != nil {
		t.Errorf("Verify without the log = %+v, %v: the database alone does not know", v, err)
	}
	if err := (&AuditVerifyCmd{Checkpoints: kept}).Run(t.Context(), env); err == nil || !strings.Contains(err.Error(), "position 4: the chain is cut: 2 rows are gone") {
		t.Errorf("audit verify with the log = %v, %s", err, stderr)
	}
	if err := seal(t.Context()); err == nil || !strings.Contains(err.Error(), "the chain is cut") && !strings.Contains(err.Error(), "rewritten") {
		t.Errorf("the service does not notice: %v", err)
	}
	if text, err := os.ReadFile(kept); err != nil || !strings.Contains(string(text), `"alert":"audit_broken"`) {
		t.Errorf("no alert in the log: %s, %v", text, err)
	}
}

// At an orderly end the record is sealed to its end, and the log has it, however young the last checkpoint is (S-72).
func TestCheckpointAtTheEnd(t *testing.T) {
	t.Parallel()
	d := appDrill(t)
	d.start()
	within(t, 20*time.Second, "a first checkpoint", func() bool { return strings.Contains(d.instance.log.String(), "audit checkpoint") })
	d.idp("keys", "rotate") // writes to the record
	d.stop()
	kept := writeFile(t, d.instance.log.String())
	points, err := readCheckpoints(kept)
	must(t, err)
	conn, err := pgx.Connect(t.Context(), d.super)
	must(t, err)
	defer conn.Close(t.Context())
	var last string
	must(t, conn.QueryRow(t.Context(), `select encode(seal, 'hex') from audit_chain where not exists (select from audit_unsealed) order by position desc limit 1`).Scan(&last))
	_, middle, _ := strings.Cut(points[len(points)-1], ".")
	middle, _, _ = strings.Cut(middle, ".")
	said, err := base64.RawURLEncoding.DecodeString(middle)
	must(t, err)
	if !strings.Contains(string(said), last) {
		t.Errorf("the last of %d checkpoints is %s, the chain ends with %s", len(points), said, last)
	}
}
