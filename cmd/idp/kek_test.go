package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

// A key that is lost, cut or another one is told with its variable and file; nobody is led to making a new one for a database that
// has one.
func TestKeyFilesInWords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	kek := seal.GenerateKEK()
	vars := func(more ...string) map[string]string {
		all := map[string]string{"IDP_DATABASE_URL": "", "IDP_ACCEPT": "database-without-verified-tls"}
		for i := 0; i < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	dsn := postgrestest.DSN(t)
	empty, cut, right, torn := file("empty", "\n"), file("cut", kek[:10]), file("right", kek), file("torn", "")
	config := file("config", "IDP_KEK_FILE="+right+"\n")
	if code, _, stderr := call(t, vars("IDP_DATABASE_URL", dsn, "IDP_KEK_FILE", right), "keys", "rotate", "--alg", "ES256"); code != 0 {
		t.Fatalf("the right key: %d, %s", code, stderr)
	}
	for name, test := range map[string]struct {
		vars map[string]string
		args []string
		want []string
	}{
		"empty":                 {vars("IDP_KEK_FILE", empty), nil, []string{"IDP_KEK_FILE: " + empty + " is empty", "Fetch the copy", "A new key is for a new database alone"}},
		"cut":                   {vars("IDP_KEK_FILE", cut), nil, []string{"IDP_KEK: the key encryption key has 7 bytes, not 32 (IDP_KEK_FILE: " + cut + "). Was it cut? Fetch the copy"}},
		"cut, in place":         {vars("IDP_KEK", kek[:10]), nil, []string{"IDP_KEK: the key encryption key has 7 bytes, not 32. Was it cut?"}},
		"missing":               {vars(), nil, []string{"IDP_KEK: is missing: set it, or IDP_KEK_FILE", "only for a new database"}},
		"old one cut":           {vars("IDP_KEK_FILE", right, "IDP_OLD_KEKS_FILE", cut), nil, []string{"IDP_OLD_KEKS: ", "(IDP_OLD_KEKS_FILE: " + cut + ")"}},
		"the database's":        {vars("IDP_KEK_FILE", right, "IDP_DATABASE_URL_FILE", torn), nil, []string{"IDP_DATABASE_URL_FILE: " + torn + " is empty"}},
		"both":                  {vars("IDP_KEK_FILE", right, "IDP_KEK", kek), nil, []string{"IDP_KEK and IDP_KEK_FILE are both set: keep one"}},
		"both, one of the file": {vars("IDP_KEK", seal.GenerateKEK()), []string{"--config", config}, []string{"IDP_KEK and IDP_KEK_FILE are both set: keep one"}},
		"another":               {vars("IDP_KEK", seal.GenerateKEK()), nil, []string{"which is not among the given ones", "name the former one in IDP_OLD_KEKS; else fetch the copy of the key", "Do not make a new one"}},
	} {
		if test.vars["IDP_DATABASE_URL"] = dsn; test.vars["IDP_DATABASE_URL_FILE"] != "" {
			delete(test.vars, "IDP_DATABASE_URL")
		}
		code, _, stderr := call(t, test.vars, append(test.args, "keys", "list")...)
		for _, want := range test.want {
			if code != 1 || !strings.Contains(stderr, want) {
				t.Errorf("%s: %d, %s, want %q", name, code, stderr, want)
			}
		}
		if name != "missing" && (strings.Contains(stderr, "generate-kek") || strings.Contains(stderr, "openssl")) {
			t.Errorf("%s: %s leads to a new key", name, stderr)
		}
	}
	if code, _, stderr := call(t, vars("IDP_DATABASE_URL", dsn, "IDP_KEK_FILE", right, "IDP_SMTP_PASSWORD_FILE", torn), "keys", "list"); code != 0 {
		t.Errorf("a mail server without a password: %d, %s", code, stderr)
	}
	// A setting of the environment goes before the file's, as long as it is the same one.
	if code, _, stderr := call(t, vars("IDP_DATABASE_URL", dsn, "IDP_KEK_FILE", right), "--config", file("other", "IDP_KEK_FILE="+cut+"\n"), "keys", "list"); code != 0 {
		t.Errorf("the environment's key file before that of the file: %d, %s", code, stderr)
	}
}
