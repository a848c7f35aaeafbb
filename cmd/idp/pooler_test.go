package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/mailbox"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
)

// mailServer takes the mails of an instance.
func mailServer(t *testing.T) (*mailbox.Box, string) {
	t.Helper()
	box, err := mailbox.Open("")
	must(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = box.ServeSMTP(t.Context(), listener) }() // it ends with the test
	return box, listener.Addr().String()
}

// appDrill has a schema and a public client.
func appDrill(t *testing.T) *drill {
	t.Helper()
	d := newDrill(t)
	d.idp("migrate")
	app := filepath.Join(t.TempDir(), "app.json")
	must(t, os.WriteFile(app, []byte(`{"client_name": "Prueba", "redirect_uris": ["https://app.example/callback"], "token_endpoint_auth_method": "none"}`), 0o600))
	d.idp("clients", "create", "--id=app", app)
	return d
}

// TestThroughAPooler: with one setting every journey works by way of PgBouncer in transaction mode, at once and side by side,
// and statements end in time.
func TestThroughAPooler(t *testing.T) {
	t.Parallel()
	d := appDrill(t)
	d.idp("roster", "import", "sample/roster.csv")
	direct := d.dsn
	d.dsn = postgrestest.Pooler(t, direct)
	d.vars["IDP_DATABASE_URL"], d.vars["IDP_DATABASE_POOLER"] = d.dsn, "transaction"
	box, smtp := mailServer(t)
	d.instance = startInstance(t, "0s", map[string]string{"IDP_DATABASE_URL": d.dsn, "IDP_DATABASE_POOLER": "transaction", "IDP_KEK": d.vars["IDP_KEK"], "IDP_SMTP": smtp})

	var all sync.WaitGroup
	for _, m := range []walker{
		{username: "ana.river", first: "Ana", last: "Riverstowe", day: "25", month: "8", year: "1996", card: "572908314"},
		{username: "juan.carlos", first: "Juan Carlos", last: "De la Lunarejo", day: "30", month: "1", year: "1968", card: "118204437"},
		{username: "siobhan", first: "Siobhan", last: "OFenworthy", day: "11", month: "6", year: "1990", card: "120773905"},
	} {
		m.d, m.box = d, box
		all.Go(m.whole)
	}
	all.Wait()
	if said := d.instance.log.String(); regexp.MustCompile(`"level":"ERROR"|42P05|26000|prepared statement`).MatchString(said) {
		t.Errorf("the log of the instance:\n%s", said)
	}
	d.idp("audit", "verify")
	d.idp("keys", "rotate")
	d.idp("keys", "list")

	db := postgrestest.Open(t, postgres.Options{DSN: d.dsn, MaxConns: 2, Pooled: true})
	began := time.Now()
	if _, err := db.From(t.Context()).Exec(t.Context(), `select pg_sleep(20)`); err == nil || !strings.Contains(err.Error(), "57014") || time.Since(began) > 6*time.Second {
		t.Errorf("a statement without end = %v after %s", err, time.Since(began))
	}
	holder, err := pgx.Connect(t.Context(), d.super)
	must(t, err)
	defer holder.Close(context.WithoutCancel(t.Context()))
	_, err = holder.Exec(t.Context(), `begin; select from settings for update`)
	must(t, err)
	began = time.Now()
	if _, err := db.From(t.Context()).Exec(t.Context(), `update settings set epoch = epoch`); err == nil || !strings.Contains(err.Error(), "55P03") || time.Since(began) > 2*time.Second {
		t.Errorf("a row that somebody holds = %v after %s", err, time.Since(began))
	}
	d.stop()
}

// What does not fit the way to the database is refused with what to do.
func TestPoolerIsProvidedFor(t *testing.T) {
	t.Parallel()
	d := appDrill(t)
	direct := d.dsn
	through := postgrestest.Pooler(t, direct)
	serve := func(dsn, pooler string) string {
		t.Helper()
		vars := runnable(t, dsn)
		vars["IDP_KEK"], vars["IDP_DATABASE_POOLER"] = d.vars["IDP_KEK"], pooler
		code, _, stderr := call(t, vars, "serve")
		if code != 1 || strings.Count(strings.TrimPrefix(stderr, "idp: the configuration has mistakes:\n"), "\n") != 1 {
			t.Errorf("serve = %d %q", code, stderr)
		}
		return stderr
	}
	if said := serve(through, ""); !strings.Contains(said, "IDP_DATABASE_POOLER=transaction") {
		t.Errorf("a pooler without the setting: %q", said)
	}
	if said := serve(through, "session"); !strings.Contains(said, "IDP_DATABASE_POOLER: must be transaction") {
		t.Errorf("another mode: %q", said)
	}
	owner := strings.Replace(through, "user=idp_server", "user=idp_owner", 1)
	if code, _, stderr := call(t, map[string]string{"IDP_DATABASE_URL": owner}, "migrate"); code != 1 || !strings.Contains(stderr, "the server's own address") {
		t.Errorf("migrate through a pooler = %d %q", code, stderr)
	}
	d.sql(`alter role idp_server reset statement_timeout`)
	through = postgrestest.Pooler(t, direct)
	said := serve(through, "transaction")
	_, remedy, found := strings.Cut(strings.TrimSpace(said), "as a superuser: ")
	if !found || strings.Contains(remedy, "lock_timeout") {
		t.Fatalf("a role without time-outs: %q", said)
	}
	d.sql(remedy)
	vars := maps.Clone(d.vars)
	vars["IDP_DATABASE_URL"], vars["IDP_DATABASE_POOLER"] = postgrestest.Pooler(t, direct), "transaction"
	if code, _, stderr := call(t, vars, "keys", "list"); code != 0 {
		t.Errorf("after the remedy = %d %q", code, stderr)
	}
}

// walker is a member who uses the service as it is meant.
type walker struct {
	d                                             *drill
	box                                           *mailbox.Box
	username, first, last, day, month, year, card string
}

// code is that of the newest of so many mails.
func (w walker) code(after int) (code string) {
	w.d.t.Helper()
	within(w.d.t, 15*time.Second, "a mail with a code for "+w.username, func() bool {
		mails := 0
		for _, m := range w.box.Mails() { // the newest first
			found := regexp.MustCompile(`\b\d{6}\b`).FindString(m.Text)
			if strings.Contains(fmt.Sprint(m), w.username+"@example.org") && found != "" {
				if mails++; mails == 1 {
					code = found
				}
			}
		}
		return mails == after
	})
	return code
}

// whole registers, signs in, refreshes, revokes, recovers and signs in with the new password.
func (w walker) whole() {
	t := w.d.t
	v := w.d.visitor(nil)
	at := func(path string) bool {
		if !strings.HasPrefix(v.At, path) {
			t.Errorf("%s is at %s, want %s:\n%s", w.username, v.At, path, problem(v.Body))
			return false
		}
		return true
	}
	v.get("/register/agreement").submit(url.Values{"act": {"agree"}})
	if !at("/register/personal") {
		return
	}
	v.submit(url.Values{"act": {"next"}, "first_name": {w.first}, "last_name": {w.last}, "birth_day": {w.day}, "birth_month": {w.month}, "birth_year": {w.year}, "card_id": {w.card}})
	if !at("/register/credentials") {
		return
	}
	address := w.username + "@example.org"
	v.submit(url.Values{"act": {"next"}, "username": {w.username}, "new_password": {"tres garzas azules"}, "email": {address}, "email_again": {address}, "question": {"riding_teacher"}, "answer": {"El Yunque"}})
	if !at("/register/code") {
		return
	}
	v.submit(url.Values{"act": {"next"}, "code": {w.code(1)}})
	if !at("/register/review") {
		return
	}
	v.submit(url.Values{"act": {"finish"}, "certify": {"yes"}})
	w.tokens("tres garzas azules")

	v = w.d.visitor(nil)
	v.get("/recover/password").submit(url.Values{"username": {w.username}})
	if !at("/recover/code") {
		return
	}
	v.submit(url.Values{"code": {w.code(2)}})
	if !at("/recover/question") {
		return
	}
	v.submit(url.Values{"answer": {"el yunque"}})
	if !at("/recover/new-password") {
		return
	}
	for range 5 { // each hash waits for its turn, and many tests hash at once
		if v.submit(url.Values{"new_password": {"cuatro barcos verdes"}}); v.Status != 503 {
			break
		}
		time.Sleep(time.Second)
	}
	if !at("/recover/done") {
		return
	}
	w.tokens("cuatro barcos verdes")
}

// tokens signs in, and uses what the app gets.
func (w walker) tokens(password string) {
	t := w.d.t
	v := w.d.visitor(nil)
	code := v.codeOf(w.username, password)
	status, answer := w.d.redeem(code)
	if status != 200 {
		t.Errorf("%s redeems: %d %v", w.username, status, answer)
		return
	}
	status, next := w.d.refresh(answer["refresh_token"])
	if status != 200 {
		t.Errorf("%s refreshes: %d %v", w.username, status, next)
		return
	}
	if status, _ := w.d.program("/revoke", url.Values{"token": {next["refresh_token"]}}); status != 200 {
		t.Errorf("%s revokes: %d", w.username, status)
	}
	if status, answer := w.d.refresh(next["refresh_token"]); status != 400 {
		t.Errorf("%s refreshes what is revoked: %d %v", w.username, status, answer)
	}
	if status, answer := w.d.redeem(code); status != 400 {
		t.Errorf("%s redeems again: %d %v", w.username, status, answer)
	}
}

// problem is what a page says is wrong.
func problem(page string) string {
	return strings.Join(regexp.MustCompile(`(?s)class="(?:problem|error|notice|summary)[^"]*".{0,300}|<h1.{0,200}`).FindAllString(page, 3), "\n")
}
