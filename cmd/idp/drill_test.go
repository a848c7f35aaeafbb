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
	"path/filepath"
	"regexp"
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
	server   *embedded.Server
	follower *embedded.Server // a standby, if any
	instance *instance
}

const drillPassword = "un caballo azul corre lejos"

func newDrill(t *testing.T) *drill {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "idp-drill-") // whose parents PostgreSQL's user can pass
	must(t, err)
	must(t, os.Chmod(dir, 0o777))
	server, err := embedded.Start(t.Context(), embedded.Options{DataDir: filepath.Join(dir, "server")})
	must(t, err)
	d := &drill{t: t, dir: dir, server: server}
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
	// pg_ctl and pg_basebackup are in the folder of the newest server
	cmd.Env = append(os.Environ(), "PATH="+strings.Join(append(binFolders(), os.Getenv("PATH")), ":"))
	for name, value := range d.vars {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: superuser(d.t)}
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
	d.instance = startInstance(d.t, "0s", map[string]string{"IDP_DATABASE_URL": d.dsn, "IDP_KEK": d.vars["IDP_KEK"], "IDP_STATE_DIR": d.vars["IDP_STATE_DIR"]})
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
func (d *drill) member() { sampleMember(d.t, d.dsn, d.vars["IDP_KEK"]) }

// sampleMember imports the sample roster and makes an account for its first member.
func sampleMember(t *testing.T, dsn, key string) uuid.UUID {
	t.Helper()
	ctx := t.Context()
	db, err := postgres.Open(ctx, postgres.Options{DSN: dsn, MaxConns: 2})
	must(t, err)
	defer db.Close()
	kek, err := seal.ParseKEK(key)
	must(t, err)
	ring, err := seal.Load(ctx, db, kek)
	must(t, err)
	set, err := loadSet(templates.Options{})
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
		b := &pgx.Batch{}
		_, err := people.QueueCreate(ctx, b, accounts.NewAccount{ID: id, Username: "maria.nunez", Email: "maria@example.org", Language: "es", MemberID: found.ID,
			PasswordHash: hash, Question: "first_pay", AnswerHash: answer, Agreement: agreed, Certification: agreed})
		if err != nil {
			return err
		}
		return db.Finish(ctx, b)
	}))
	return found.ID
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
	status, answer := d.redeem(d.visitor(nil).code())
	if status != 200 || answer["refresh_token"] == "" {
		d.t.Fatalf("tokens: %d %v", status, answer)
	}
	return answer
}

var drillSteps = regexp.MustCompile("(?s)   ```sh\n(.*?)   ```")

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
