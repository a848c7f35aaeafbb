package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"huskyidp/internal/seal"
	"huskyidp/provider"
)

// production is an environment without mistakes.
func production() map[string]string {
	return map[string]string{
		"IDP_DATABASE_URL":  "postgres://idp:hunter2@db.example/idp?sslmode=verify-full",
		"IDP_ISSUER":        "https://idp.example",
		"IDP_KEK":           seal.GenerateKEK(),
		"IDP_SMTP":          "mail.example:587",
		"IDP_MAIL_FROM":     "no-reply@idp.example",
		"IDP_ACCEPT":        "tls-ends-at-the-proxy",
		"IDP_AGREEMENT_DIR": "/etc/idp/agreement",
	}
}

func TestReadEnvironment(t *testing.T) {
	t.Parallel()
	vars := production()
	vars["IDP_TRUSTED_PROXIES"] = "10.0.0.0/8,fd00::/8"
	vars["IDP_DRAIN"] = "1s"
	vars["IDP_DATABASE_URL"] = "postgres://idp:hunter2@db1.example,db2.example/idp?sslmode=verify-full&target_session_attrs=read-write"
	e, s, err := readEnvironment(vars)
	if err != nil {
		t.Fatalf("readEnvironment: %v", err)
	}
	if e.Drain != time.Second || len(s.proxies) != 2 || len(s.keks) != 1 || s.conns != 16 || s.identityLock != 24*time.Hour || s.clientRules != (provider.Rules{}) {
		t.Errorf("environment %+v, settings %+v", e, s)
	}
}

// R-16, S-48: each mistake is named by its variable, and no secret is repeated.
func TestReadEnvironmentNamesMistakes(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for name, change := range map[string]map[string]string{
		"IDP_DATABASE_URL: is missing":                      {"IDP_DATABASE_URL": ""},
		"IDP_DATABASE_URL: is not a PostgreSQL":             {"IDP_DATABASE_URL": "postgres://idp:" + secret + "@db:port/idp"},
		"IDP_DATABASE_URL: lacks sslmode":                   {"IDP_DATABASE_URL": "postgres://idp:" + secret + "@db/idp?sslmode=require"},
		"IDP_DATABASE_URL: lacks sslmode=verify-full":       {"IDP_DATABASE_URL": "postgres://idp@db1,db2/idp?target_session_attrs=read-write&sslmode=prefer"},
		"IDP_DATABASE_URL: names several hosts":             {"IDP_DATABASE_URL": "postgres://idp:" + secret + "@db1,db2/idp?sslmode=verify-full"},
		"IDP_DATABASE_POOLER: must be transaction":          {"IDP_DATABASE_POOLER": "statement"},
		"IDP_OUTBOUND_ALLOW: \"app\" is not":                {"IDP_OUTBOUND_ALLOW": "app"},
		"IDP_OUTBOUND_ALLOW: lets calls into":               {"IDP_OUTBOUND_ALLOW": "app.example:8443"},
		"IDP_OUTBOUND_CA:":                                  {"IDP_OUTBOUND_CA": "/nowhere.pem"},
		"IDP_CLIENT_CERT_HEADER: is read":                   {"IDP_CLIENT_CERT_HEADER": "Client-Cert"},
		"IDP_DPOP_NONCE: must be true or false":             {"IDP_DPOP_NONCE": "perhaps"},
		"IDP_DATABASE_CONNS: must be 4 or more":             {"IDP_DATABASE_CONNS": "1"},
		"IDP_ISSUER: must be https":                         {"IDP_ISSUER": "http://idp.example"},
		"IDP_ISSUER: must be https://host":                  {"IDP_ISSUER": "https://idp.example/"},
		"IDP_KEK: is missing":                               {"IDP_KEK": ""},
		"IDP_KEK:":                                          {"IDP_KEK": "hunter2"},
		"IDP_OLD_KEKS:":                                     {"IDP_OLD_KEKS": "hunter2"},
		"IDP_TLS_CERT: is missing":                          {"IDP_ACCEPT": ""},
		"IDP_TLS_KEY: is required with":                     {"IDP_TLS_CERT": "/x.pem"},
		"IDP_SMTP: must be host:port":                       {"IDP_SMTP": "mail.example"},
		"IDP_SUPPORT_EMAIL: must be a bare":                 {"IDP_SUPPORT_EMAIL": "Support <a@b.example>"},
		"IDP_SMTP_USERNAME: needs":                          {"IDP_SMTP_USERNAME": "idp", "IDP_SMTP_TLS": "none", "IDP_SMTP_PASSWORD": secret},
		"IDP_SANDBOX: sends no mail":                        {"IDP_SANDBOX": "true"},
		"IDP_SANDBOX_ISSUER: is required with":              {"IDP_SANDBOX_TOKEN": secret},
		"IDP_SANDBOX_ISSUER: must be https://host":          {"IDP_SANDBOX_ISSUER": "https://sandbox.example/", "IDP_SANDBOX_TOKEN": secret},
		"IDP_SANDBOX_ISSUER: is the issuer itself":          {"IDP_SANDBOX_ISSUER": "https://IDP.example", "IDP_SANDBOX_TOKEN": secret},
		"IDP_SANDBOX_ISSUER: is for the partner area":       {"IDP_SANDBOX_ISSUER": "https://sandbox.example", "IDP_SANDBOX_TOKEN": secret},
		"IDP_SANDBOX_TOKEN: is required with":               {"IDP_SANDBOX_ISSUER": "https://sandbox.example"},
		"IDP_SMTP_TLS: must be starttls, tls":               {"IDP_SMTP_TLS": "ssl"},
		"IDP_TLS_CERT: is required with":                    {"IDP_TLS_KEY": "/x.pem"},
		"IDP_MTLS_ADDRESS: must be":                         {"IDP_MTLS_LISTEN": ":1", "IDP_TLS_CERT": "/x.pem", "IDP_TLS_KEY": "/x.pem"},
		"IDP_MTLS_LISTEN: needs IDP_TLS_CERT":               {"IDP_MTLS_LISTEN": ":1", "IDP_MTLS_ADDRESS": "https://mtls.example"},
		"IDP_MTLS_LISTEN: is required":                      {"IDP_CLIENT_CAS": "/x.pem"},
		"IDP_CLIENT_CAS: is not":                            {"IDP_MTLS_LISTEN": ":1", "IDP_CLIENT_CAS": "/x.pem"},
		"IDP_CLIENT_CERT_HEADER: cannot be":                 {"IDP_MTLS_LISTEN": ":1", "IDP_CLIENT_CERT_HEADER": "C", "IDP_TRUSTED_PROXIES": "10.0.0.0/8"},
		"IDP_AUDIT_RETENTION: must be a year":               {"IDP_AUDIT_RETENTION": "1h"},
		"IDP_REGISTRATION_TOKEN: must have 32":              {"IDP_REGISTRATION_TOKEN": secret},
		"IDP_CLIENT_RATE: must be 1":                        {"IDP_CLIENT_RATE": "0"},
		"IDP_REGISTRATION_TRIES: must be 1":                 {"IDP_REGISTRATION_TRIES": "0"},
		"IDP_RSA_BITS: must be 2048 or 3072":                {"IDP_RSA_BITS": "1024"},
		"IDP_SECURITY_CONTACT: must be":                     {"IDP_SECURITY_CONTACT": "security"},
		"IDP_SUPORT_PHONE: did you mean IDP_SUPPORT_PHONE?": {"IDP_SUPORT_PHONE": "1"},
		"IDP_KEY_FILE: did you mean IDP_KEK_FILE?":          {"IDP_KEY_FILE": "/x"},
		"IDP_XYZZY: no command reads it":                    {"IDP_XYZZY": "1"},
		"did you mean sample-agreement?":                    {"IDP_ACCEPT": "sample-agrement"},
		"IDP_MAIL_FROM: is missing":                         {"IDP_MAIL_FROM": ""},
		"IDP_SMTP_TLS: none sends codes":                    {"IDP_SMTP_TLS": "none"},
		"IDP_TIME_ZONE: must be a time zone":                {"IDP_TIME_ZONE": "Connecticut"},
		"IDP_TRUSTED_PROXIES: \"everyone\"":                 {"IDP_TRUSTED_PROXIES": "everyone"},
		"IDP_WIDE_SOURCES: \"10.0.0.300/8\"":                {"IDP_WIDE_SOURCES": "10.0.0.300/8"},
		"IDP_MEMBER_NUMBER_PATTERN:":                        {"IDP_MEMBER_NUMBER_PATTERN": "("},
		"IDP_IDENTITY_LOCK: must not be":                    {"IDP_IDENTITY_LOCK": "-1h"},
		"IDP_REMEMBER_DEVICE: must be whole days":           {"IDP_REMEMBER_DEVICE": "36h"},
		"IDP_CLOSE_HOLD: must be between 24h and":           {"IDP_CLOSE_HOLD": "1h"},
		"IDP_EMAIL_SELF_SERVICE: must be two-step, true":    {"IDP_EMAIL_SELF_SERVICE": "some"},
		"IDP_AGREEMENT_DIR: is missing":                     {"IDP_AGREEMENT_DIR": ""},
		"IDP_DRAIN: must be a duration such":                {"IDP_DRAIN": "soon"},
		"IDP_DATABASE_CONNS: must be a whole":               {"IDP_DATABASE_CONNS": "many"},
		"IDP_DRAIN: must be between":                        {"IDP_DRAIN": "1h"},
		"IDP_CERTIFICATION: opens flows":                    {"IDP_CERTIFICATION": "true"}, // S-30: asked for twice
		"IDP_SCOPE_ACR: the scope email":                    {"IDP_SCOPE_ACR": "email=strong"},
		"IDP_ACCEPT: does not know \"anything\"":            {"IDP_ACCEPT": "tls-ends-at-the-proxy,anything"},
		"IDP_KEK_FILE: there is no such file":               {"IDP_KEK_FILE": "/does/not/exist", "-": "IDP_KEK"},
		"IDP_KEK and IDP_KEK_FILE are both set":             {"IDP_KEK_FILE": "/does/not/exist"},
	} {
		vars := production()
		for variable, value := range change {
			vars[variable] = value
		}
		delete(vars, change["-"])
		_, _, err := readEnvironment(vars)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("readEnvironment = %v, want %q", err, name)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the mistake repeats a secret: %v", err)
		}
	}
}

// all mistakes are reported together, before a port is opened.
func TestServeReportsAllMistakes(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	code := run(t.Context(), []string{"serve"}, map[string]string{"IDP_ISSUER": "http://idp.example", "IDP_DRAIN": "soon"}, &stdout, &stderr)
	if code != 1 || stdout.String() != "" {
		t.Errorf("serve = %d, stdout %q, want 1 and nothing", code, stdout.String())
	}
	for _, want := range []string{"IDP_DATABASE_URL", "IDP_ISSUER", "IDP_KEK", "IDP_SMTP", "IDP_TLS_CERT", "IDP_AGREEMENT_DIR"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("stderr does not name %s:\n%s", want, stderr.String())
		}
	}
}

func TestSecretFromFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kek")
	vars := production()
	if err := os.WriteFile(path, []byte(vars["IDP_KEK"]+"\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	delete(vars, "IDP_KEK")
	vars["IDP_KEK_FILE"] = path
	if _, s, err := readEnvironment(vars); err != nil || len(s.keks) != 1 {
		t.Errorf("readEnvironment = %v with %d keys, want one", err, len(s.keks))
	}
}

func TestShownDSN(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"postgres://idp:hunter2@db.example/idp", "postgres://idp:hunter2@db.example:5432/idp?sslmode=verify-full",
		"host=db user=idp password=hunter2 dbname=idp", "host=db password='hunter2 it\\'s' dbname=idp", "password = hunter2 host=db",
		"postgres://db.example/idp?password=hunter2&user=idp",
	} {
		if shown := shownDSN(dsn); strings.Contains(shown, "hunter2") {
			t.Errorf("shownDSN(%q) = %q", dsn, shown)
		}
	}
}

// The help teaches: each command says what it is for, serve every variable it reads.
func TestHelp(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	if code := run(t.Context(), []string{"serve", "--help"}, nil, &stdout, &stderr); code != 0 {
		t.Errorf("serve --help = %d: %s", code, stderr.String())
	}
	for field := range reflect.TypeFor[environment]().NumField() {
		name := "IDP_" + reflect.TypeFor[environment]().Field(field).Tag.Get("env")
		if !strings.Contains(stdout.String(), name) {
			t.Errorf("serve --help does not name %s", name)
		}
	}
	if code := run(t.Context(), []string{"fly"}, nil, &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), "fly") {
		t.Errorf("an unknown command = %d: %s", code, stderr.String())
	}
}

// S-30: the certification plans' flows are there when both settings say so.
func TestCertificationIsAskedForTwice(t *testing.T) {
	t.Parallel()
	vars := production()
	vars["IDP_CERTIFICATION"], vars["IDP_ACCEPT"] = "true", vars["IDP_ACCEPT"]+",certification-flows"
	if _, s, err := readEnvironment(vars); err != nil || !s.clientRules.Certification {
		t.Errorf("readEnvironment = %v, rules %+v", err, s.clientRules)
	}
}
