package main

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"huskyidp/internal/mailbox"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

// One mistake has one line, and all that is weaker one remedy.
func TestOneRemedyForOneMistake(t *testing.T) {
	t.Parallel()
	_, _, err := readEnvironment(map[string]string{"IDP_DATABASE_CONNS": "many", "IDP_KEK_FILE": "/nowhere", "IDP_SMTP_TLS": "none",
		"IDP_PORT": "tcp://10.0.0.1:80", "IDP_DESK_SERVICE_HOST": "10.0.0.1", "IDP_PORT_80_TCP_ADDR": "10.0.0.1", "IDP_ACCEPT": "database-without-verified-tls"})
	for _, name := range []string{"IDP_DATABASE_CONNS", "IDP_KEK", "IDP_SMTP_TLS", "IDP_SMTP:", "IDP_MAIL_FROM", "IDP_TLS_CERT", "IDP_ISSUER", "IDP_ACCEPT"} {
		if n := strings.Count(err.Error(), name); n != 1 {
			t.Errorf("%s is reported %d times in:\n%v", name, n, err)
		}
	}
	if !strings.Contains(err.Error(), "IDP_ACCEPT=database-without-verified-tls,tls-ends-at-the-proxy,mail-without-tls,sample-agreement") {
		t.Errorf("no one remedy for what is weaker:\n%v", err)
	}
	for _, name := range []string{"IDP_PORT", "SERVICE_HOST"} { // Kubernetes sets them
		if strings.Contains(err.Error(), name) {
			t.Errorf("%s is a mistake:\n%v", name, err)
		}
	}
}

// The file says what the environment leaves open, to every command; what is wrong with it has its line.
func TestConfigFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, kek := filepath.Join(dir, "idp.conf"), filepath.Join(dir, "kek")
	for file, content := range map[string]string{
		kek: seal.GenerateKEK(),
		path: "\ufeff# the service\n\nIDP_DRAIN = \"7s\"\nIDP_KEK_FILE=" + kek + "\nIDP_SMTP_PASSWORD=pa$word # not a comment\nIDP_LANGUAGE=en\n" +
			"IDP_REGISTRATION_TOKEN='" + strings.Repeat("x", 32) + "'\nIDP_DATABASE_URL=postgres://idp:hunter2@db/idp\nIDP_ROSTER_SEPARATOR=tabb\n",
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, stdout, stderr := call(t, map[string]string{"IDP_LANGUAGE": "es"}, "config", "show", "--config", path)
	if code != 0 || stderr != "" {
		t.Errorf("config show = %d: %s", code, stderr)
	}
	for _, want := range []string{`IDP_DRAIN +7s +` + path, `IDP_KEK +\(hidden\) +IDP_KEK_FILE=` + kek + ` of ` + path, `IDP_LANGUAGE +es +environment`,
		`IDP_SMTP_TLS +starttls +default`, `IDP_SMTP_PASSWORD +\(hidden\)`, `IDP_DATABASE_URL +postgres://idp:…@db/idp`, `IDP_ISSUER +- +default`} {
		if !regexp.MustCompile(want).MatchString(stdout) {
			t.Errorf("config show lacks %q:\n%s", want, stdout)
		}
	}
	if regexp.MustCompile(`hunter2|pa\$word|xxxx`).MatchString(stdout) {
		t.Errorf("config show prints a secret:\n%s", stdout)
	}
	roster := writeFile(t, "a,b\n")
	if code, _, stderr := call(t, nil, "roster", "import", "--config", path, "--separator", "tab", "--dry-run", roster); code != 1 || !strings.Contains(stderr, "IDP_DATABASE_URL: lacks sslmode") {
		t.Errorf("roster import with the file = %d: %s", code, stderr)
	}
	vars := map[string]string{"IDP_DATABASE_URL": postgrestest.DSN(t), "IDP_ACCEPT": "database-without-verified-tls"}
	if code, _, stderr := call(t, vars, "roster", "import", "--config", path, roster); code != 2 || !strings.Contains(stderr, `the separator "tabb"`) {
		t.Errorf("a flag's variable from the file: %d: %s", code, stderr)
	}
	for content, want := range map[string]string{
		"IDP_DRAIN\n":  "line 1: must be IDP_NAME=VALUE",
		"\nDRAIN=5s\n": "line 2: must be IDP_NAME=VALUE",
		"IDP_LANGUAGE=es\n" + "IDP_LANGUAGE=en\n": "line 2: IDP_LANGUAGE appears twice",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := call(t, nil, "serve", "--config", path); code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%q = %d: %s, want %q", content, code, stderr, want)
		}
	}
	if code, _, stderr := call(t, nil, "serve", "--config", filepath.Join(dir, "none")); code == 0 || !strings.Contains(stderr, "no such file") {
		t.Errorf("no file = %d: %s", code, stderr)
	}
	if code, _, stderr := call(t, map[string]string{"IDP_DRIAN": "1s"}, "config", "show"); code != 1 || !strings.Contains(stderr, "IDP_DRIAN: did you mean IDP_DRAIN?") {
		t.Errorf("config show with an unknown name = %d: %s", code, stderr)
	}
}

// config check looks at everything, tells each, and changes nothing.
func TestConfigCheck(t *testing.T) {
	t.Parallel()
	box, err := mailbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	mails, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = box.ServeSMTP(t.Context(), mails) }()
	cert, key := certificateFiles(t, "idp.example")
	dsn := postgrestest.DSN(t)
	vars := runnable(t, dsn)
	maps.Copy(vars, map[string]string{"IDP_SMTP": mails.Addr().String(), "IDP_TLS_CERT": cert, "IDP_TLS_KEY": key})
	code, stdout, stderr := call(t, vars, "config", "check")
	want := "ok      settings\nok      certificate\nok      language\nok      agreement\nok      database\nok      schema\nok      role\nok      epoch\nok      keys\nok      mail server\n"
	if code != 0 || stdout != want {
		t.Errorf("config check = %d: %s%s, want\n%s", code, stdout, stderr, want)
	}
	execute(t, dsn, `do $$ begin if exists (select from data_keys) or exists (select from signing_keys) or exists (select from audit_events)
		or exists (select from settings where system_identifier is not null) then raise 'config check left something'; end if; end $$`)
	if code, _, stderr := call(t, vars, "keys", "rotate", "--alg", "RS256"); code != 0 {
		t.Fatalf("keys rotate = %d: %s", code, stderr)
	}
	for name, test := range map[string]struct {
		change map[string]string
		want   []string
	}{
		"settings": {map[string]string{"IDP_DRAIN": "soon"}, []string{"failed  settings: IDP_DRAIN: must be a duration", "ok      keys"}},
		"everything": {map[string]string{"IDP_KEK": seal.GenerateKEK(), "IDP_SMTP": "127.0.0.1:1", "IDP_TLS_KEY": cert, "IDP_LANGUAGE": "fr", "IDP_AGREEMENT_DIR": "/nowhere"},
			[]string{"failed  certificate: IDP_TLS_CERT", "failed  language: IDP_LANGUAGE", "failed  agreement: IDP_AGREEMENT_DIR", "ok      schema", "failed  keys: IDP_KEK: data key", "failed  mail server: "}},
		"five mistakes":        {map[string]string{"IDP_DRAIN": "7d", "IDP_LISTEN": "x", "IDP_SMTP_TLS": "no", "IDP_LANGUAGE": "fr"}, []string{"failed  settings: IDP_DRAIN: must be a duration such as 5s, or 168h for seven days"}},
		"no database":          {map[string]string{"IDP_DATABASE_URL": "postgres://127.0.0.1:1/idp"}, []string{"failed  database: IDP_DATABASE_URL", "ok      mail server"}},
		"no schema":            {map[string]string{"IDP_DATABASE_URL": postgrestest.Empty(t)}, []string{"ok      database", "failed  schema: IDP_DATABASE_URL: "}},
		"a role that may more": {map[string]string{"IDP_DATABASE_URL": postgrestest.OwnerDSN(dsn)}, []string{"failed  role: IDP_DATABASE_URL: ", "ok      keys"}},
		"no state folder":      {map[string]string{"IDP_STATE_DIR": "/nowhere"}, []string{"failed  epoch: IDP_STATE_DIR: ", "ok      keys"}},
		"nothing":              {map[string]string{"IDP_DATABASE_URL": "", "IDP_KEK": "", "IDP_SMTP": ""}, []string{"failed  settings: IDP_KEK: is missing", "ok      language"}},
	} {
		changed := maps.Clone(vars)
		maps.Copy(changed, test.change)
		code, stdout, stderr := call(t, changed, "config", "check")
		lines, checks := strings.Count(stdout, "failed  "), regexp.MustCompile(`(\d+) of \d+ checks failed(?:, for (\d+) causes)?`).FindStringSubmatch(stderr)
		if code != 1 || checks == nil || fmt.Sprint(lines) != cmp.Or(checks[2], checks[1]) {
			t.Errorf("%s: config check = %d: %s", name, code, stderr)
		}
		for _, want := range test.want {
			if !strings.Contains(stdout, want) {
				t.Errorf("%s: config check lacks %q:\n%s", name, want, stdout)
			}
		}
	}
	execute(t, dsn, `update settings set doubt = 'it is of last week'`)
	if code, stdout, _ := call(t, vars, "config", "check"); code != 1 || !strings.Contains(stdout, "failed  epoch: ") || !strings.Contains(stdout, "idp restore-epoch") {
		t.Errorf("config check of a restored database = %d:\n%s", code, stdout)
	}
	l, err := net.Listen("tcp", vars["IDP_LISTEN"])
	if err != nil {
		t.Fatalf("config check opened a port: %v", err)
	}
	l.Close()
}
