package main

import (
	"maps"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// TestRolesOfTheDatabase: deploy/roles.sql makes a server that cannot alter its schema; one that can is not started (S-79).
func TestRolesOfTheDatabase(t *testing.T) {
	t.Parallel()
	d := newDrill(t)
	d.idp("migrate")
	d.idp("migrate") // grants again
	d.idp("keys", "rotate", "--alg=ES256")
	d.start()
	within(t, 10*time.Second, "ready", func() bool { status, _ := d.instance.operations("/readyz"); return status == 200 })
	if strings.Contains(d.instance.log.String(), `"level":"ERROR"`) || strings.Contains(d.instance.log.String(), "permission denied") {
		t.Errorf("the log of a server that may do all it needs:\n%s", d.instance.log)
	}
	d.stop()
	for name, dsn := range map[string]string{"superuser": d.super, "owner": d.owner} {
		vars := runnable(t, dsn)
		vars["IDP_KEK"] = d.vars["IDP_KEK"]
		if code, _, stderr := call(t, vars, "serve"); code != 1 || !strings.Contains(stderr, "IDP_ACCEPT=one-database-role") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("serve as %s = %d %q", name, code, stderr)
		}
	}
	d.sql(`revoke all on all tables in schema public from idp_app`)
	if code, _, stderr := call(t, runnable(t, d.dsn), "serve"); code != 1 || !strings.Contains(stderr, "permission denied") {
		t.Errorf("serve without grants = %d %q", code, stderr)
	}
}

// TestRestoreDrill does the lines of docs/operate.md on a real cluster: a base backup, further use, the backup comes
// back, and with it nothing of what was spent, revoked or ended since.
func TestRestoreDrill(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/operate.md")
	must(t, err)
	steps := drillSteps.FindAllStringSubmatch(string(document), -1)
	if len(steps) != 4 {
		t.Fatalf("docs/operate.md has %d steps of a drill, want 4", len(steps))
	}
	d := appDrill(t)
	d.member()
	d.start()

	there, rotated, revoked, opened := d.visitor(nil), d.tokens()["refresh_token"], d.tokens()["refresh_token"], d.visitor(nil)
	there.code()
	code := opened.code()
	d.follow(steps[0][1])

	if status, answer := d.redeem(code); status != 200 {
		t.Fatalf("redeeming: %d %v", status, answer)
	}
	if status, answer := d.refresh(rotated); status != 200 {
		t.Fatalf("refreshing: %d %v", status, answer)
	}
	if status, _ := d.program("/revoke", url.Values{"token": {revoked}}); status != 200 {
		t.Fatalf("revoking: %d", status)
	}
	if there.get("/account"); there.At != "/account" {
		t.Fatalf("the account is at %s", there.At)
	}
	kept := maps.Clone(there.Cookies)
	there.get("/logout").submit(url.Values{"act": {"confirm"}})
	past := func() *drillVisitor { return d.visitor(kept) }
	if v := past().get("/account"); v.At == "/account" {
		t.Fatalf("signed out, and still there")
	}

	d.follow(steps[1][1])
	d.sql(`update settings set beat_at = beat_at - interval '1 hour'`) // the backup is not of just now
	var stdout, stderr lockedBuffer
	serving := map[string]string{"IDP_DATABASE_URL": d.dsn, "IDP_KEK": d.vars["IDP_KEK"], "IDP_ISSUER": "https://idp.example", "IDP_SMTP": "127.0.0.1:1",
		"IDP_SMTP_TLS": "none", "IDP_MAIL_FROM": "no-reply@idp.example", "IDP_LISTEN": freeAddress(t), "IDP_METRICS_LISTEN": freeAddress(t),
		"IDP_ACCEPT": "tls-ends-at-the-proxy,database-without-verified-tls,mail-without-tls,sample-agreement"}
	refused := func() {
		t.Helper()
		stderr = lockedBuffer{}
		if code := run(t.Context(), []string{"serve"}, serving, &stdout, &stderr); code != 1 || !strings.HasPrefix(stderr.String(), "idp: IDP_DATABASE_URL: ") ||
			strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), "idp restore-epoch") {
			t.Fatalf("serve on a restored database = %d\n%s%s", code, stdout.String(), stderr.String())
		}
	}
	refused()

	said := d.follow(steps[2][1])
	for _, want := range []string{"sessions", "grants of apps", "refresh tokens", "The epoch is 2", "The audit is whole"} {
		if !strings.Contains(said, want) {
			t.Errorf("the drill does not say %q:\n%s", want, said)
		}
	}
	within(t, 10*time.Second, "ready", func() bool { status, _ := d.instance.operations("/readyz"); return status == 200 })
	d.follow(steps[3][1])

	if status, answer := d.redeem(code); status != 400 || answer["error"] != "invalid_grant" {
		t.Errorf("a spent code after the restore: %d %v", status, answer)
	}
	for name, token := range map[string]string{"rotated": rotated, "revoked": revoked} {
		if status, answer := d.refresh(token); status != 400 || answer["error"] != "invalid_grant" {
			t.Errorf("a %s refresh token after the restore: %d %v", name, status, answer)
		}
	}
	if v := past().get("/account"); v.At == "/account" {
		t.Error("a session that was ended lives after the restore")
	}
	if status, answer := d.refresh(d.tokens()["refresh_token"]); status != 200 {
		t.Errorf("a new sign-in after the restore: %d %v", status, answer)
	}

	// An instance that nobody stopped serves nothing of the restored database, and ends.
	forgotten := d.instance
	_, rest, _ := strings.Cut(strings.ReplaceAll(steps[1][1], "$PGDATA.lost", "$PGDATA.lost2"), "systemctl stop idp\n")
	d.follow(rest)
	if code := d.ended(forgotten); code != 1 || !strings.Contains(forgotten.log.String(), "restored") {
		t.Errorf("an instance that ran on ended with %d\n%s", code, forgotten.log)
	}
	refused() // and nothing starts
}

// TestColdCopy: a cluster that is put back file by file while every instance is stopped keeps its timeline; what an instance
// wrote down elsewhere tells.
func TestColdCopy(t *testing.T) {
	t.Parallel()
	d := appDrill(t)
	d.member()
	d.vars["IDP_STATE_DIR"] = t.TempDir()
	d.start()
	token := d.tokens()["refresh_token"]
	d.stop()
	d.shell(`pg_ctl --pgdata="$PGDATA" --mode=fast --silent stop; cp -a "$PGDATA" "$BACKUP"; pg_ctl --pgdata="$PGDATA" --log="$PGDATA/start.log" --silent --wait start`)
	before := d.beat()
	d.start()
	if status, _ := d.refresh(token); status != 200 {
		t.Fatalf("refreshing: %d", status)
	}
	within(t, 10*time.Second, "a beat", func() bool { return d.beat().After(before) })
	d.stop()
	d.shell(`pg_ctl --pgdata="$PGDATA" --mode=fast --silent stop; mv "$PGDATA" "$PGDATA.lost"; cp -a "$BACKUP" "$PGDATA"; pg_ctl --pgdata="$PGDATA" --log="$PGDATA/start.log" --silent --wait start`)
	vars := runnable(t, d.dsn)
	vars["IDP_KEK"], vars["IDP_STATE_DIR"] = d.vars["IDP_KEK"], d.vars["IDP_STATE_DIR"]
	if code, _, stderr := call(t, vars, "serve"); code != 1 || !strings.Contains(stderr, "behind what was served") || !strings.Contains(stderr, "idp restore-epoch") {
		t.Errorf("serve on a copy that was put back = %d %q", code, stderr)
	}
	d.idp("restore-epoch", "--yes")
	d.start()
	if status, answer := d.refresh(token); status != 400 {
		t.Errorf("a spent refresh token: %d %v", status, answer)
	}
	d.tokens()
	d.stop()
}
