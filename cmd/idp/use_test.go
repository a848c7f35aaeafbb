package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

// Each command that changes something says what is so now; the second time it says that it was so, and changes nothing.
func TestCommandsTwice(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"IDP_DATABASE_URL": postgrestest.DSN(t), "IDP_KEK": seal.GenerateKEK(), "IDP_ACCEPT": "database-without-verified-tls"}
	ok := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := call(t, vars, args...)
		if code != 0 || stdout == "" {
			t.Fatalf("idp %s = %d: %q %q, want 0 and a line", strings.Join(args, " "), code, stdout, stderr)
		}
		return stdout
	}
	health := writeFile(t, `{"client_name": "My Health", "operator_name": "Example", "profile": "smart", "audience": ["https://fhir.example/r4"], "redirect_uris": ["https://health.example/cb"]}`)
	shop := writeFile(t, `{"client_name": "Shop", "operator_name": "Example", "profile": "partner", "redirect_uris": ["https://shop.example/cb"]}`)
	ok("clients", "create", "--id", "health", health)
	ok("clients", "create", "--id", "shop", shop)
	for _, id := range []string{"health", "shop"} {
		first := ok("clients", "disable", id, "--reason", "criterion 2")
		if !strings.Contains(first, "("+id+") is disabled since ") || !strings.Contains(first, "0 permissions of members and 0 refresh tokens") || strings.Count(first, "\n") != 1 {
			t.Errorf("the first disable says %q", first)
		}
		again := ok("clients", "disable", id, "--reason", "another")
		if !strings.Contains(again, "is disabled already, since 20") || !strings.Contains(again, "by the operator, because: criterion 2") {
			t.Errorf("the second disable says %q", again)
		}
	}
	report := ok("report", "cms", "--year", fmt.Sprint(time.Now().Year()))
	if strings.Count(report, "ended ") != 1 || !strings.Contains(report, "My Health (health)") || strings.Contains(report, "Shop") {
		t.Errorf("the report lists %s, want one end, of the app with health data alone", report)
	}
	if first := ok("clients", "enable", "health"); !strings.Contains(first, "is enabled since ") {
		t.Errorf("the first enable says %q", first)
	}
	if again := ok("clients", "enable", "health"); !strings.Contains(again, "is enabled already. Nothing was changed.") {
		t.Errorf("the second enable says %q", again)
	}

	ok("keys", "rotate", "--alg", "ES256")
	kid := regexp.MustCompile(`key (\S+) signs`).FindStringSubmatch(ok("keys", "rotate", "--alg", "ES256", "--now"))[1]
	if first := ok("keys", "revoke", kid, "--reason", "known"); !strings.Contains(first, "is revoked") {
		t.Errorf("the first revocation says %q", first)
	}
	if again := ok("keys", "revoke", kid, "--reason", "known"); !strings.Contains(again, "was revoked before; nothing was changed") {
		t.Errorf("the second revocation says %q", again)
	}

	ok("staff", "create", "--username", "rosa.vega", "--email", "rosa@desk.example", "--name", "Rosa Vega", "--role", "recover")
	if first := ok("staff", "role", "rosa.vega", "--role", "audit,read"); !strings.Contains(first, "has the roles [audit read]") {
		t.Errorf("staff role --role says %q", first)
	}
	if again := ok("staff", "role", "rosa.vega", "read", "audit"); !strings.Contains(again, "already; nothing was changed") {
		t.Errorf("the same roles again: %q", again)
	}
}

// An import that disables an app is in the report as well, once, and later imports keep the day.
func TestImportDisables(t *testing.T) {
	env, stdout, _ := commandEnvironment(t)
	file := func(name, disabled string) string {
		return `[{"client_id": "health", "client_name": "` + name + `", "operator_name": "Example", "profile": "smart", "audience": ["https://fhir.example/r4"], "redirect_uris": ["https://health.example/cb"]` + disabled + `}]`
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	env.Now = func() time.Time { return at }
	for _, content := range []string{file("My Health", ""), file("My Health", `, "disabled": true`), file("Our Health", `, "disabled": true`)} {
		if _, err := importClients(t, env, stdout, content); err != nil {
			t.Fatal(err)
		}
		at = at.AddDate(0, 1, 0)
	}
	clients, err := openClients(t.Context(), env)
	must(t, err)
	access, err := clients.PatientAccess(t.Context(), at.AddDate(-1, 0, 0), at)
	must(t, err)
	if len(access.Refused) != 1 || !access.Refused[0].Ended || access.Refused[0].At.Month() != time.April {
		t.Errorf("refused: %+v, want one end, in April", access.Refused)
	}
	if since := clients.List()[0].DisabledAt; since == nil || since.Month() != time.April {
		t.Errorf("disabled since %v, want April", since)
	}
}

// What is typed wrongly is named, with what is allowed, and nothing of how the program is made.
func TestErrorsAreWords(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"IDP_DATABASE_URL": postgrestest.DSN(t), "IDP_KEK": seal.GenerateKEK(), "IDP_ACCEPT": "database-without-verified-tls"}
	client := writeFile(t, `{"client_name": "App", "redirect_uris": ["https://app.example/cb"]}`)
	person := func(changed ...string) []string {
		return append([]string{"staff", "create", "--email=rosa@desk.example", "--username=rosa.vega", "--name=Rosa Vega", "--role=read"}, changed...)
	}
	for _, args := range [][]string{{"clients", "create", "--id", "app", client}, person()} {
		if code, _, stderr := call(t, vars, args...); code != 0 {
			t.Fatalf("%v = %d: %s", args, code, stderr)
		}
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"clients", "disable", "app", "--reason", ""}, 2, "--reason: is empty\nTry: idp clients disable --help"},
		{[]string{"clients", "enable", "app", "--reason", " \t"}, 2, "--reason: is empty"},
		{[]string{"keys", "revoke", "x", "--reason="}, 2, "--reason: is empty"},
		{[]string{"clients", "show", ""}, 2, "<id>: is empty"},
		{[]string{"clients", "create", ""}, 2, "<file>: is empty"},
		{[]string{"staff", "role", "rosa.vega", ""}, 2, "<roles>: is empty"},
		{[]string{"clients", "create", writeFile(t, " \n")}, 1, "is empty, and must be a registration as JSON, as in {"},
		{[]string{"clients", "import", writeFile(t, "")}, 1, "is empty, and must be a JSON array"},
		{[]string{"keys", "rotate", "--alg", "HS256"}, 2, `--alg must be one of "RS256","ES256","EdDSA" but got "HS256"`},
		{[]string{"keys", "rotate", "--alg", ""}, 2, "--alg: is empty"},
		{[]string{"brand", "sample", ""}, 2, "<folder>: is empty"},
		{[]string{"roster", "import", ""}, 2, "<file>"},
		{[]string{"roster", "import", t.TempDir()}, 2, "is a folder, and must be a file"},
		{[]string{"roster", "import", "/none/here"}, 2, "there is no such file or folder: /none/here"},
		{[]string{"brand", "check", "/none/here"}, 2, "there is no such file or folder: /none/here"},
		{[]string{"audit", "export", "--from", "2026-11-29"}, 2, `--from: "2026-11-29" is not a time: write day, hour and zone, as in 2026-11-29T00:00:00Z`},
		{[]string{"report", "cms", "--year", "20x6"}, 2, `--year: "20x6" is not a whole number, such as 2026`},
		{[]string{"report", "cms"}, 2, "Try: idp report cms --help"},
		{[]string{"clients", "show", "none"}, 1, `there is no client "none": idp clients list shows them`},
		{[]string{"clients", "disable", "none"}, 1, `there is no client "none"`},
		{[]string{"clients", "update", "none", client}, 1, `there is no client "none"`},
		{[]string{"clients", "rotate-secret", "none"}, 1, `there is no client "none"`},
		{[]string{"clients", "errors", "none"}, 1, `there is no client "none"`},
		{[]string{"clients", "create", "--id", "app", client}, 1, `a client "app" exists: change it with idp clients update`},
		{[]string{"keys", "revoke", "-oqBFCU7y5wD4BEZ", "--reason", "x"}, 2, "unknown flag -o: a value that begins with a hyphen comes last, after --\nTry: idp keys revoke --help"},
		{[]string{"keys", "revoke", "--reason", "x", "--", "-oqBFCU7y5wD4BEZ"}, 1, `there is no signing key "-oqBFCU7y5wD4BEZ"`},
		{[]string{"clients", "create", "--id=-app", client}, 1, "the first of them not a hyphen"},
		{[]string{"keys", "revoke", "none", "--reason", "x"}, 1, `there is no signing key "none": idp keys list`},
		{[]string{"staff", "role", "none", "read"}, 1, `nobody at the desk has the username "none": idp staff list`},
		{[]string{"staff", "remove", "none"}, 1, `nobody at the desk has the username "none"`},
		{[]string{"staff", "role", "rosa.vega", "boss"}, 1, "--role: give one or more of the roles read, recover"},
		{[]string{"staff", "role", "rosa.vega"}, 2, "as in: idp staff role rosa.vega --role read,audit"},
		{person(), 1, `--username: somebody has "rosa.vega"`},
		{person("--username=x"), 1, `--username: "x" must be 3 to 32 letters`},
		{person("--username=luz.vega", "--email=luz"), 1, `--email: "luz" is not an address`},
		{person("--username=luz.vega", "--name="+strings.Repeat("x", 81)), 1, "--name: must have 1 to 80 letters"},
		{[]string{"portal", "--issuer", "nope"}, 1, `--issuer: "nope" is not an address`},
		{[]string{"health", "nope"}, 1, `"nope" is not an address`},
		{[]string{"restore-epoch"}, 1, "  sessions\n  grants of apps"},
		{[]string{"restore-epoch", "--yes", "--nothing-lost"}, 1, "give one of them. Nothing was changed"},
		{[]string{"restore-epoch"}, 1, "Nothing was changed: to end all of it, run idp restore-epoch --yes"},
	} {
		code, stdout, stderr := call(t, vars, test.args...)
		if code != test.code || stdout != "" || !strings.Contains(stderr, test.want) || insideWords.MatchString(stderr) {
			t.Errorf("idp %q = %d: %s%s, want %d and %q", test.args, code, stdout, stderr, test.code, test.want)
		}
	}
}

// insideWords match what an operator should not have to read.
var insideWords = regexp.MustCompile(`(provider|accounts|admin|members|postgres|embedded|keys|portal): |pgx|64 bit|parsing time|failed to connect|unsupported protocol`)

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, fmt.Errorf("no space left on device") }

// An answer that could not be printed is no success: the secret in it is lost.
func TestAnswerIsLost(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"IDP_DATABASE_URL": postgrestest.DSN(t), "IDP_KEK": seal.GenerateKEK(), "IDP_ACCEPT": "database-without-verified-tls"}
	client := writeFile(t, `{"client_name": "App", "redirect_uris": ["https://app.example/cb"]}`)
	for _, args := range [][]string{{"clients", "create", "--id", "app", client}, {"keys", "list"}, {"keys", "rotate", "--alg", "ES256"}, {"clients", "disable", "app"}, {"version"}, {"report", "cms", "--year", "2026"}} {
		var stderr strings.Builder
		if code := run(t.Context(), args, vars, fullDisk{}, &stderr); code != 1 || !strings.Contains(stderr.String(), "has done its work, but what it prints could not be written: no space left") {
			t.Errorf("%v with a full disk = %d: %s, want 1", args, code, stderr.String())
		}
	}
}
