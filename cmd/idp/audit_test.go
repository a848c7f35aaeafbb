package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huskyidp/internal/audit"
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
	for _, statement := range []string{`alter table audit_events disable trigger user`, `alter table audit_chain disable trigger user`,
		`delete from audit_chain where position = 3`, `delete from audit_events where id not in (select event_id from audit_chain)`,
		`alter table audit_checkpoints disable trigger user`, `delete from audit_checkpoints`} {
		if _, err := env.DB.From(t.Context()).Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
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
