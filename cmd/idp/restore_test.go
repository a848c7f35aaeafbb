package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/embedded"
	"huskyidp/internal/seal"
	"huskyidp/members"
	"huskyidp/templates"
)

// drill is a cluster of its own, an instance on it, and the lines of docs/operate.md.
type drill struct {
	t        *testing.T
	dir      string // of the cluster, its backup and its archive
	super    string // address of the database for PostgreSQL's superuser
	owner    string // for idp migrate
	dsn      string // for all else
	vars     map[string]string
	instance *instance
}

const drillPassword = "un caballo azul corre lejos"

func newDrill(t *testing.T) *drill {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "idp-drill-") // whose parents PostgreSQL's user can pass
	must(t, err)
	must(t, os.Chmod(dir, 0o777))
	d := &drill{t: t, dir: dir}
	server, err := embedded.Start(t.Context(), embedded.Options{DataDir: filepath.Join(dir, "server")})
	must(t, err)
	t.Cleanup(func() {
		d.shell(`pg_ctl --pgdata="$PGDATA" --mode=immediate --silent stop || true`)
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
		os.RemoveAll(dir)
	})
	must(t, os.Mkdir(filepath.Join(dir, "archive"), 0o777))
	cfg, err := pgx.ParseConfig(server.DSN("idp"))
	must(t, err)
	d.super, d.owner, d.dsn = server.DSN("idp"), strings.Replace(server.DSN("idp"), "user=idp", "user=idp_owner", 1), strings.Replace(server.DSN("idp"), "user=idp", "user=idp_server", 1)
	roles, err := os.ReadFile("../../deploy/roles.sql")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "roles.sql"), roles, 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "password"), []byte("it's a secret\n"), 0o644))
	d.vars = map[string]string{"PGHOST": cfg.Host, "PGUSER": cfg.User, "IDP_OWNER_PASSWORD_FILE": dir + "/password", "IDP_SERVER_PASSWORD_FILE": dir + "/password"}
	d.shell(`psql --quiet --dbname=postgres --file=roles.sql`)
	// so that pg_ctl starts it where it was
	d.sql(fmt.Sprintf(`alter system set unix_socket_directories = '%s'`, cfg.Host))
	d.sql(`alter system set listen_addresses = ''`)
	d.vars = map[string]string{"PGHOST": cfg.Host, "PGUSER": cfg.User, "PGDATA": filepath.Join(dir, "server/pgdata"), "BACKUP": filepath.Join(dir, "backup"),
		"ARCHIVE": filepath.Join(dir, "archive"), "IDP_DATABASE_URL": d.dsn, "IDP_KEK": seal.GenerateKEK(), "IDP_ACCEPT": "database-without-verified-tls"}
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (d *drill) sql(statement string, args ...any) {
	d.t.Helper()
	conn, err := pgx.Connect(d.t.Context(), d.super)
	must(d.t, err)
	defer conn.Close(context.WithoutCancel(d.t.Context()))
	_, err = conn.Exec(d.t.Context(), statement, args...)
	must(d.t, err)
}

// shell runs a line as PostgreSQL's user.
func (d *drill) shell(line string) {
	d.t.Helper()
	cmd := exec.Command("sh", "-ec", line)
	cmd.Dir = d.dir
	// pg_ctl and pg_basebackup stand beside the newest server
	cmd.Env = append(os.Environ(), "PATH="+strings.Join(append(binFolders(), os.Getenv("PATH")), ":"))
	for name, value := range d.vars {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if os.Geteuid() == 0 {
		who, err := user.Lookup("postgres")
		if err != nil {
			who, err = user.Lookup("nobody")
		}
		must(d.t, err)
		uid, _ := strconv.ParseUint(who.Uid, 10, 32)
		gid, _ := strconv.ParseUint(who.Gid, 10, 32)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	var said bytes.Buffer
	cmd.Stderr = &said // not stdout: the server that is started would hold it open
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil && !strings.Contains(err.Error(), "WaitDelay") {
		d.t.Fatalf("%s: %v\n%s", line, err, said.String())
	}
}

func binFolders() []string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well-formed
	return found
}

// idp runs a command, which succeeds.
func (d *drill) idp(args ...string) string {
	d.t.Helper()
	var stdout, stderr lockedBuffer
	vars := d.vars
	switch args[0] {
	case "migrate":
		vars = maps.Clone(vars)
		vars["IDP_DATABASE_URL"] = d.owner
	case "health":
		args = append(args, "http://"+d.instance.private+"/readyz")
	}
	if code := run(d.t.Context(), args, vars, &stdout, &stderr); code != 0 {
		d.t.Fatalf("idp %s = %d\n%s", strings.Join(args, " "), code, stderr.String())
	}
	return stdout.String()
}

// follow does the lines of a step of the document.
func (d *drill) follow(step string) (said string) {
	d.t.Helper()
	for line := range strings.Lines(step) {
		line = strings.TrimSpace(line)
		switch program, rest, _ := strings.Cut(line, " "); {
		case line == "systemctl stop idp":
			d.stop()
		case line == "systemctl start idp":
			d.start()
		case program == "idp":
			said += d.idp(strings.Fields(rest)...)
		default:
			d.shell(line)
		}
	}
	return said
}

func (d *drill) start() {
	d.t.Helper()
	d.instance = startInstance(d.t, "0s", map[string]string{"IDP_DATABASE_URL": d.dsn, "IDP_KEK": d.vars["IDP_KEK"]})
}

func (d *drill) stop() {
	d.t.Helper()
	d.instance.stop()
	if code := d.ended(d.instance); code != 0 {
		d.t.Errorf("the instance ended with %d", code)
	}
}

func (d *drill) ended(i *instance) int {
	d.t.Helper()
	select {
	case code := <-i.exited:
		i.exited <- code
		return code
	case <-time.After(30 * time.Second):
		d.t.Fatal("the instance does not end")
		return -1
	}
}

// member makes one with an account.
func (d *drill) member() {
	t := d.t
	t.Helper()
	ctx := t.Context()
	db, err := postgres.Open(ctx, postgres.Options{DSN: d.dsn, MaxConns: 2})
	must(t, err)
	defer db.Close()
	kek, err := seal.ParseKEK(d.vars["IDP_KEK"])
	must(t, err)
	ring, err := seal.Load(ctx, db, kek)
	must(t, err)
	set, err := templates.Load(templates.Options{})
	must(t, err)
	log := audit.New(db)
	outbox, err := mail.NewOutbox(db, ring, time.Now)
	must(t, err)
	people, err := accounts.New(accounts.Deps{DB: db, Keyring: ring, Audit: log, Outbox: outbox, Mails: set, Now: time.Now, Issuer: "https://idp.example"})
	must(t, err)
	roster, err := members.New(members.Deps{DB: db, Keyring: ring, Audit: log, Now: time.Now})
	must(t, err)
	_, err = roster.Import(ctx, strings.NewReader(sampleRoster), members.ImportOptions{})
	must(t, err)
	found, err := roster.Find(ctx, "004123789")
	must(t, err)
	legal, err := loadLegal("", set.Languages())
	must(t, err)
	id := uuid.Must(uuid.NewV7())
	hash, err := people.HashPassword(ctx, id, drillPassword)
	must(t, err)
	answer, err := people.HashAnswer(ctx, id, "mi primera bicicleta roja")
	must(t, err)
	doc := legal.Agreement(time.Now(), "es")
	agreed := accounts.Acceptance{Version: doc.Version, Language: "es", TextHash: doc.Hash[:], At: time.Now()}
	must(t, db.InTx(ctx, func(ctx context.Context) error {
		_, err := people.Create(ctx, accounts.NewAccount{ID: id, Username: "maria.nunez", Email: "maria@example.org", Language: "es", MemberID: found.ID,
			PasswordHash: hash, Question: "first_pay", AnswerHash: answer, Agreement: agreed, Certification: agreed})
		return err
	}))
}

// visitor is a browser: it keeps cookies and follows redirects on the issuer.
type visitor struct {
	d       *drill
	cookies map[string]string
	at      string // path
	away    *url.URL
	body    string
}

func (d *drill) visitor() *visitor { return &visitor{d: d, cookies: map[string]string{}} }

func (v *visitor) send(method, path string, form url.Values) *visitor {
	t := v.d.t
	t.Helper()
	for range 10 {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+v.d.instance.address+path, strings.NewReader(form.Encode()))
		must(t, err)
		r.Host = "idp.example"
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for name, value := range v.cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		answer, err := http.DefaultTransport.RoundTrip(r)
		must(t, err)
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		must(t, err)
		for _, c := range answer.Cookies() {
			v.cookies[c.Name] = c.Value
		}
		v.at, v.body = path, string(body)
		onward := answer.Header.Get("Location")
		if _, refresh, found := strings.Cut(answer.Header.Get("Refresh"), "; url="); found {
			onward = refresh
		}
		if onward == "" {
			return v
		}
		next, err := url.Parse(onward)
		must(t, err)
		if next.Host != "" && next.Host != "idp.example" {
			v.away = next
			return v
		}
		method, path, form = http.MethodGet, next.RequestURI(), nil
	}
	t.Fatal("redirects without end")
	return nil
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
var formAction = regexp.MustCompile(`<form[^>]* action="([^"]+)"`)

// submit sends the page's first form.
func (v *visitor) submit(typed url.Values) *visitor {
	v.d.t.Helper()
	fields, action := url.Values{}, v.at
	if found := formAction.FindStringSubmatch(v.body); found != nil {
		action = strings.ReplaceAll(found[1], "&amp;", "&")
	}
	for _, input := range hidden.FindAllStringSubmatch(v.body, -1) {
		fields.Set(input[1], strings.ReplaceAll(input[2], "&#43;", "+"))
	}
	for name, values := range typed {
		fields[name] = values
	}
	return v.send(http.MethodPost, action, fields)
}

const drillVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B

// code signs in, if need be, and returns the code that the app gets.
func (v *visitor) code() string {
	v.d.t.Helper()
	v.away = nil
	v.send(http.MethodGet, "/authorize?"+url.Values{"client_id": {"app"}, "response_type": {"code"}, "redirect_uri": {"https://app.example/callback"},
		"scope": {"openid offline_access"}, "state": {"s"}, "nonce": {"n"}, "code_challenge_method": {"S256"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}}.Encode(), nil)
	if v.away == nil {
		v.submit(url.Values{"username": {"maria.nunez"}, "password": {drillPassword}})
	}
	if v.away == nil || v.away.Query().Get("code") == "" {
		v.d.t.Fatalf("no code, but %s (%v)\n%s", v.at, v.away, v.body)
	}
	return v.away.Query().Get("code")
}

// program asks an endpoint as the app does.
func (d *drill) program(path string, form url.Values) (status int, answer map[string]string) {
	d.t.Helper()
	form.Set("client_id", "app")
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, "http://"+d.instance.address+path, strings.NewReader(form.Encode()))
	must(d.t, err)
	r.Host = "idp.example"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultTransport.RoundTrip(r)
	must(d.t, err)
	defer response.Body.Close()
	all := map[string]any{}
	if body, err := io.ReadAll(response.Body); err == nil && len(body) > 0 {
		must(d.t, json.Unmarshal(body, &all))
	}
	answer = map[string]string{}
	for name, value := range all {
		answer[name] = fmt.Sprint(value)
	}
	return response.StatusCode, answer
}

func (d *drill) redeem(code string) (int, map[string]string) {
	return d.program("/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"https://app.example/callback"}, "code_verifier": {drillVerifier}})
}

func (d *drill) refresh(token string) (int, map[string]string) {
	return d.program("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// tokens are those of a sign-in of its own.
func (d *drill) tokens() map[string]string {
	d.t.Helper()
	status, answer := d.redeem(d.visitor().code())
	if status != 200 || answer["refresh_token"] == "" {
		d.t.Fatalf("tokens: %d %v", status, answer)
	}
	return answer
}

var drillSteps = regexp.MustCompile("(?s)   ```sh\n(.*?)   ```")

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

// TestRestoreDrill does the lines of docs/operate.md on a real cluster: a base backup, life goes on, the backup comes
// back, and with it nothing of what was spent, revoked or ended since.
func TestRestoreDrill(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/operate.md")
	must(t, err)
	steps := drillSteps.FindAllStringSubmatch(string(document), -1)
	if len(steps) != 4 {
		t.Fatalf("docs/operate.md has %d steps of a drill, want 4", len(steps))
	}
	d := newDrill(t)
	d.idp("migrate")
	app := filepath.Join(t.TempDir(), "app.json")
	must(t, os.WriteFile(app, []byte(`{"client_name": "Prueba", "redirect_uris": ["https://app.example/callback"], "token_endpoint_auth_method": "none"}`), 0o600))
	d.idp("clients", "create", "--id=app", app)
	d.member()
	d.start()

	there, rotated, revoked, opened := d.visitor(), d.tokens()["refresh_token"], d.tokens()["refresh_token"], d.visitor()
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
	if there.send(http.MethodGet, "/account", nil); there.at != "/account" {
		t.Fatalf("the account is at %s", there.at)
	}
	kept := maps.Clone(there.cookies)
	there.send(http.MethodGet, "/logout", nil).submit(url.Values{"act": {"confirm"}})
	past := func() *visitor { return &visitor{d: d, cookies: maps.Clone(kept)} }
	if v := past().send(http.MethodGet, "/account", nil); v.at == "/account" {
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
	if v := past().send(http.MethodGet, "/account", nil); v.at == "/account" {
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
