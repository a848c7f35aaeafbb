package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

// runnable are settings with which serve starts on the database.
func runnable(t *testing.T, dsn string) map[string]string {
	t.Helper()
	return map[string]string{
		"IDP_DATABASE_URL": dsn, "IDP_ISSUER": "https://idp.example", "IDP_KEK": seal.GenerateKEK(), "IDP_SMTP": "127.0.0.1:1",
		"IDP_SMTP_TLS": "none", "IDP_MAIL_FROM": "no-reply@idp.example", "IDP_LISTEN": freeAddress(t), "IDP_METRICS_LISTEN": freeAddress(t),
		"IDP_DRAIN": "0s", "IDP_ACCEPT": "tls-ends-at-the-proxy,database-without-verified-tls,mail-without-tls,sample-agreement",
	}
}

// TestServeStartFails: a start of serve that fails is reported in a line that names the setting, the exit code is 1,
// and nothing stays open.
func TestServeStartFails(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	busy := taken.Addr().String()
	cert, key := certificateFiles(t, "idp.example")
	desk := map[string]string{"IDP_DESK_ADDRESS": "https://desk.example", "IDP_DESK_LISTEN": busy}
	for name, test := range map[string]struct {
		vars map[string]string
		sql  string
		want string
	}{
		"database down":           {map[string]string{"IDP_DATABASE_URL": "postgres://idp:hunter2@127.0.0.1:1/idp"}, "", "IDP_DATABASE_URL: postgres://idp:…@127.0.0.1:1/idp: it does not answer: "},
		"database unknown":        {map[string]string{"IDP_DATABASE_URL": "other"}, "", `database "nowhere" does not exist`},
		"database hidden":         {map[string]string{"IDP_DATABASE_URL": "postgres://idp:hunter2@nowhere.invalid/idp"}, "", "it does not answer: "},
		"schema empty":            {map[string]string{"IDP_DATABASE_URL": "empty"}, "", "it is empty; run `idp migrate`"},
		"schema older":            {nil, `delete from goose_db_version where version_id = (select max(version_id) from goose_db_version)`, "; run `idp migrate`"},
		"schema newer":            {nil, `insert into goose_db_version (version_id, is_applied) values (99999, true); update settings set oldest_program = 99999`, "use a newer program"},
		"no state folder":         {map[string]string{"IDP_STATE_DIR": "/nowhere"}, "", "IDP_STATE_DIR: there is no such file or folder: /nowhere"},
		"another KEK":             {map[string]string{"IDP_KEK": seal.GenerateKEK()}, "", "IDP_KEK: data key "},
		"data keys altered":       {nil, `update data_keys set wrapped = '\x00'`, "its row was altered"},
		"a KEK twice":             {map[string]string{"IDP_OLD_KEKS": "same"}, "", "is given twice"},
		"signing keys altered":    {nil, `update signing_keys set sealed = '\x00'`, "key"},
		"unknown language":        {map[string]string{"IDP_LANGUAGE": "fr"}, "", `IDP_LANGUAGE: "fr" is none of es, en`},
		"no agreement folder":     {map[string]string{"IDP_AGREEMENT_DIR": "/nowhere"}, "", "IDP_AGREEMENT_DIR: /nowhere: legal texts: no file agreement/<date>.<language>.txt\nlegal texts: no file certification/"},
		"port in use":             {map[string]string{"IDP_LISTEN": busy}, "", "IDP_LISTEN: listen tcp " + busy},
		"operators' port in use":  {map[string]string{"IDP_METRICS_LISTEN": busy}, "", "IDP_METRICS_LISTEN: listen tcp " + busy},
		"the desk's port in use":  {desk, "", "IDP_DESK_LISTEN: listen tcp " + busy},
		"certificates' port busy": {map[string]string{"IDP_TLS_CERT": cert, "IDP_TLS_KEY": key, "IDP_MTLS_LISTEN": busy, "IDP_MTLS_ADDRESS": "https://mtls.example"}, "", "IDP_MTLS_LISTEN: listen tcp " + busy},
		"no certificate":          {map[string]string{"IDP_TLS_CERT": "/nowhere.pem", "IDP_TLS_KEY": key}, "", "IDP_TLS_CERT: there is no such file or folder: /nowhere.pem"},
		"no key":                  {map[string]string{"IDP_TLS_CERT": cert, "IDP_TLS_KEY": "/nowhere.pem"}, "", "IDP_TLS_KEY: there is no such file or folder: /nowhere.pem"},
		"no certificate in it":    {map[string]string{"IDP_TLS_CERT": key, "IDP_TLS_KEY": key}, "", "IDP_TLS_CERT, IDP_TLS_KEY: " + key},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := postgrestest.DSN(t)
			vars := runnable(t, dsn)
			if code, _, stderr := call(t, vars, "keys", "rotate", "--alg", "RS256"); code != 0 { // makes the data keys and a signing key
				t.Fatalf("keys rotate = %d: %s", code, stderr)
			}
			if test.sql != "" {
				execute(t, dsn, test.sql)
			}
			maps.Copy(vars, test.vars)
			switch vars["IDP_DATABASE_URL"] {
			case "other":
				vars["IDP_DATABASE_URL"] = dsn + " dbname=nowhere"
			case "empty":
				vars["IDP_DATABASE_URL"] = postgrestest.Empty(t)
			}
			if vars["IDP_OLD_KEKS"] == "same" {
				vars["IDP_OLD_KEKS"] = vars["IDP_KEK"]
			}
			code, stdout, stderr := call(t, vars, "serve")
			if code != 1 || strings.Contains(stdout, `"serving"`) || strings.Count(stderr, "\n") != 1+strings.Count(test.want, "\n") ||
				!strings.HasPrefix(stderr, "idp: ") || !strings.Contains(stderr, test.want) || strings.Contains(stderr, "hunter2") {
				t.Errorf("serve = %d, stdout %q, stderr %q, want 1 and one line with %q", code, stdout, stderr, test.want)
			}
			for _, setting := range []string{"IDP_LISTEN", "IDP_METRICS_LISTEN"} {
				if vars[setting] == busy {
					continue
				}
				l, err := net.Listen("tcp", vars[setting])
				if err != nil {
					t.Errorf("%s is still open: %v", setting, err)
					continue
				}
				l.Close()
			}
			within(t, 5*time.Second, "left by all connections", func() bool { return connections(t, dsn) == 0 })
		})
	}
}

// call runs the program as main does, and ends what would run for ever.
func call(t *testing.T, vars map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 40*time.Second)
	defer stop()
	var out, errors lockedBuffer
	code = run(ctx, args, vars, &out, &errors)
	return code, out.String(), errors.String()
}

func execute(t *testing.T, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), postgrestest.OwnerDSN(dsn))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// connections are those of the program.
func connections(t *testing.T, dsn string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), `select count(*) from pg_stat_activity where datname = current_database() and application_name = 'idp'`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// certificateFiles are a self-signed certificate and its key.
func certificateFiles(t *testing.T, host string) (cert, key string) {
	t.Helper()
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, cert, key, host)
	return cert, key
}

func writeCertificate(t *testing.T, certFile, keyFile, host string) {
	t.Helper()
	writeCertificateOf(t, certFile, keyFile, host, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

func writeCertificateOf(t *testing.T, certFile, keyFile, host string, from, to time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
