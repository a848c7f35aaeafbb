package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"

	"huskyidp/accounts"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

const (
	bcryptOfGato = "$2b$05$7ktvQf7lBOjGwUUxgEbU8OXTjxMq/34jU0FGlHVF1pbm8u6mwq4iW" // "Mi gato duerme ñoño"
	bcryptOfIt   = "$2a$05$ElPwpi6fdLyz..r0tJfuyuh1Th3FtabecL8bldZoLjitOHGHhO5Hm" // likewise, another time
	accountsHead = "member_number,username,email,password_hash,email_verified,language,status,created_at\n"
)

// withRoster is an environment whose roster has invented members.
func withRoster(t *testing.T) (env *Environment, stdout, stderr *bytes.Buffer) {
	t.Helper()
	env, stdout, stderr = commandEnvironment(t)
	roster := "member_number,first_name,last_name,birth_date\n111111111,ANA,GARCIA,1984-05-17\n222222222,EVA,LOPEZ,1985-05-17\n333333333,LEO,SOTO,1986-05-17\n444444444,IDA,RUIZ,1987-05-17\n"
	if err := (&RosterImportCmd{File: writeFile(t, roster), Separator: ",", Dates: "auto"}).Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	stdout.Reset()
	return env, stdout, stderr
}

func report(t *testing.T, stdout *bytes.Buffer) (fields []string) {
	t.Helper()
	for line := range strings.Lines(stdout.String()) {
		if f := strings.Fields(line); len(f) > 1 && !strings.HasSuffix(line, ".\n") {
			fields = append(fields, strings.Join(f, " "))
		}
	}
	stdout.Reset()
	return fields
}

func TestAccountsImport(t *testing.T) {
	env, stdout, stderr := withRoster(t)
	file := writeFile(t, "\ufeff"+strings.ReplaceAll(accountsHead, ",", ";")+
		"111-111-111;Ana.Garcia;ana@example.com;"+bcryptOfGato+";true;en;active;2021-03-04T05:06:07Z\n"+
		"222222222;eva.lopez;eva@example.com;;;;;\n"+
		"333333333;leo.soto;leo@example.com;"+bcryptOfIt+";;;disabled;\n")
	for _, run := range []struct {
		cmd  AccountsImportCmd
		want []string
	}{
		{AccountsImportCmd{File: file, DryRun: true}, []string{"added 3", "unchanged 0", "left out 0"}},
		{AccountsImportCmd{File: file}, []string{"added 3", "unchanged 0", "left out 0"}},
		{AccountsImportCmd{File: file}, []string{"added 0", "unchanged 3", "left out 0"}},
	} {
		if err := run.cmd.Run(t.Context(), env); err != nil || stderr.Len() > 0 {
			t.Fatalf("accounts import: %v, %s", err, stderr)
		}
		if diff := cmp.Diff(run.want, report(t, stdout)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", run.cmd, diff)
		}
	}
	people, _, err := env.accountsAndRoster()
	if err != nil {
		t.Fatal(err)
	}
	ana, err := people.Authenticate(t.Context(), accounts.Attempt{Username: "ana.garcia", Password: "Mi gato duerme ñoño", Source: "192.0.2.1"})
	if err != nil || !ana.EmailProven || ana.Language != "en" || !ana.CreatedAt.Equal(time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC)) {
		t.Errorf("Authenticate = %+v, %v, want the account of the file", ana, err)
	}
	if _, err := people.Authenticate(t.Context(), accounts.Attempt{Username: "leo.soto", Password: "Mi gato duerme ñoño", Source: "192.0.2.1"}); err != accounts.ErrDisabled {
		t.Errorf("Authenticate = %v, want ErrDisabled", err)
	}
	if got := queuedMails(t, env); got != 0 {
		t.Errorf("%d mails are queued, want none: nobody asked for them", got)
	}
}

func queuedMails(t *testing.T, env *Environment) (n int) {
	t.Helper()
	if err := env.DB.From(t.Context()).QueryRow(t.Context(), `select count(*) from mails`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAccountsImportSendsMail(t *testing.T) {
	env, _, _ := withRoster(t)
	file := writeFile(t, accountsHead+"111111111,ana.garcia,ana@example.com,,,,,\n222222222,eva.lopez,eva@example.com,,,,disabled,\n")
	for range 2 {
		if err := (&AccountsImportCmd{File: file, SendMail: true}).Run(t.Context(), env); err != nil {
			t.Fatal(err)
		}
	}
	if got := queuedMails(t, env); got != 1 {
		t.Errorf("%d mails are queued, want one: to whom may sign in, once", got)
	}
}

// Each fault is reported with its line and column, and the other lines count.
func TestAccountsImportFaults(t *testing.T) {
	env, stdout, stderr := withRoster(t)
	if err := (&AccountsImportCmd{File: writeFile(t, accountsHead+"111111111,ana.garcia,ana@example.com,,,,,\n")}).Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	stdout.Reset()
	file := writeFile(t, accountsHead+`12,x.one,a@example.com,,,,,
999999999,x.two,a@example.com,,,,,
222222230,a,a@example.com,,,,,
222222231,x.three,nobody,,,,,
222222232,x.four,a@example.com,secret,,,,
222222233,x.five,a@example.com,,maybe,,,
222222234,x.six,a@example.com,,,fr,,
222222235,x.seven,a@example.com,,,,closed,
222222236,x.eight,a@example.com,,,,,yesterday
222222237,x.nine,a@example.com,,,,,2999-01-01T00:00:00Z
222222238,x.ten,a@example.com
222222239,x.eleven,a`+"\xff"+`@example.com,,,,,
222222222,ana.garcia,a@example.com,,,,,
111111111,ana.other,a@example.com,,,,,
333333333,leo.soto,leo@example.com,,,,,
333333333,leo.soto,leo@example.com,,,,,
`)
	if err := (&AccountsImportCmd{File: file, ShowFaults: -1}).Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"added 1", "unchanged 0", "left out 15"}, report(t, stdout)); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	got := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	for i, want := range []string{
		"line 2: member_number: ", "line 3: member_number: is not on the roster", "line 4: username: ", "line 5: email: ", "line 6: password_hash: is not a bcrypt",
		"line 7: email_verified: is neither true nor false", "line 8: language: is none of en, es, ht, pt", "line 9: status: ", "line 10: created_at: ", "line 11: created_at: ",
		"line 12: 3 fields, but the header has 8", "line 13: email: is not UTF-8", "line 14: username: another member has it",
		"line 15: member_number: the member has an account with another username", "line 17: says the same as line 16",
	} {
		if !containsPrefix(got, want) {
			t.Errorf("fault %d: no line begins with %q in %q", i, want, got)
		}
	}
	stderr.Reset()
	if err := (&AccountsImportCmd{File: file, ShowFaults: 2}).Run(t.Context(), env); err != nil || !strings.Contains(stderr.String(), "13 more faulty lines") {
		t.Errorf("with --show-faults 2: %v, %q, want a count of the rest", err, stderr)
	}
}

func containsPrefix(all []string, prefix string) bool {
	for _, one := range all {
		if strings.HasPrefix(one, prefix) {
			return true
		}
	}
	return false
}

// What spreadsheets write is read; what may be cut is left out.
func TestAccountsImportOfSpreadsheets(t *testing.T) {
	const line = "222222222,eva.lopez,eva@example.com\n"
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("member_number\tusername\temail\r\n222222222\teva.lopez\teva@example.com\r\n")
	must(t, err)
	for name, test := range map[string]struct {
		file string
		want []string
		said string
	}{
		"UTF-16":              {utf16, []string{"added 1", "unchanged 0", "left out 0"}, ""},
		"two marks":           {"\ufeff\ufeffmember_number,username,email\n" + line, []string{"added 1", "unchanged 0", "left out 0"}, ""},
		"a separator behind":  {"member_number;username;email;\r\n222222222;eva.lopez;eva@example.com;\r\n;;;\r\n", []string{"added 1", "unchanged 0", "left out 0"}, ""},
		"CR alone":            {"member_number,username,email\r" + strings.ReplaceAll(line, "\n", "\r"), []string{"added 1", "unchanged 0", "left out 0"}, ""},
		"CR alone, UTF-16":    {strings.ReplaceAll(utf16, "\n\x00", ""), []string{"added 1", "unchanged 0", "left out 0"}, ""},
		"CR alone, cut":       {"member_number,username,email\r222222222,eva.lopez,eva@example.com\r333333333,leo.soto,leo@ex", []string{"added 1", "unchanged 0", "left out 1"}, "line 3: the last line has no end"},
		"zeros kept":          {"member_number,username,email\n=\"222222222\",eva.lopez,eva@example.com\n", []string{"added 1", "unchanged 0", "left out 0"}, ""},
		"a bare quote":        {"member_number,username,email\n\"111111111\"x,ana.garcia,a\"b@example.com\n" + line, []string{"added 1", "unchanged 0", "left out 1"}, "line 2: "},
		"a last line cut":     {"member_number,username,email\n" + line + "333333333,leo.soto,leo@example.co", []string{"added 1", "unchanged 0", "left out 1"}, "line 3: the last line has no end"},
		"a last line, quoted": {"member_number,username,email\n" + line + "333333333,leo.soto,\"leo@example.co", []string{"added 1", "unchanged 0", "left out 1"}, "line 3: the last line has no end"},
	} {
		env, stdout, stderr := withRoster(t)
		if err := (&AccountsImportCmd{File: writeFile(t, test.file), ShowFaults: -1}).Run(t.Context(), env); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(test.want, report(t, stdout)); diff != "" || !strings.Contains(stderr.String(), test.said) {
			t.Errorf("%s: said %q, (-want +got):\n%s", name, stderr, diff)
		}
	}
}

// A newer file does not mend what exists, and says so.
func TestAccountsImportNamesWhatDiffers(t *testing.T) {
	env, stdout, stderr := withRoster(t)
	for _, file := range []string{accountsHead + "111111111,ana.garcia,ana@example.com,,,,,\n222222222,eva.lopez,eva@example.com,,,,,\n", accountsHead + "111111111,ana.garcia,otra@example.com,,,,,\n222222222,eva.lopez,eva@example.com,,,,disabled,\n"} {
		stdout.Reset()
		if err := (&AccountsImportCmd{File: writeFile(t, file), ShowFaults: -1}).Run(t.Context(), env); err != nil {
			t.Fatal(err)
		}
	}
	if got := report(t, stdout); !slices.Equal(got, []string{"added 0", "unchanged 0", "left out 2"}) || strings.Count(stderr.String(), "another address or status") != 2 {
		t.Errorf("report %v, said %s", got, stderr)
	}
}

// An unreadable file is reported as a whole.
func TestAccountsImportRefusesFiles(t *testing.T) {
	env, _, _ := withRoster(t)
	for content, want := range map[string]string{
		"":                         "the file is empty",
		"member_number,username\n": "the column email is missing",
		"member_number,username,email,pasword_hash\n": `the column "pasword_hash" is not one of member_number, username`,
		"member_number,username,email,email\n":        "each once",
	} {
		err := (&AccountsImportCmd{File: writeFile(t, content)}).Run(t.Context(), env)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", content, err, want)
		}
	}
	if err := (&AccountsImportCmd{File: filepath.Join(t.TempDir(), "none")}).Run(t.Context(), env); err == nil {
		t.Error("a file that does not exist was imported")
	}
	file := writeFile(t, accountsHead+"111111111,ana.garcia,ana@example.com,,,,,\n")
	env.DB.Close()
	if err := (&AccountsImportCmd{File: file}).Run(t.Context(), env); err == nil || !strings.Contains(err.Error(), "may be imported again") {
		t.Errorf("without a database: %v, want what to do", err)
	}
}

// Columns may be called what the other system called them.
func TestAccountsImportOfOtherColumns(t *testing.T) {
	env, stdout, stderr := withRoster(t)
	file := writeFile(t, "Medicaid ID;LOGIN ;Mail;Locked\n222222222;eva.lopez;eva@example.com;disabled\n")
	names := map[string]string{"member_number": "medicaid id", "username": "Login", "email": "mail", "status": "locked"}
	if err := (&AccountsImportCmd{File: file, Column: names}).Run(t.Context(), env); err != nil || stderr.Len() > 0 {
		t.Fatalf("accounts import: %v, %s", err, stderr)
	}
	if got := report(t, stdout); !slices.Equal(got, []string{"added 1", "unchanged 0", "left out 0"}) {
		t.Errorf("report %v", got)
	}
	for want, test := range map[string]struct {
		column map[string]string
		head   string
	}{
		`the column "username" is not one of member_number, login, email`: {map[string]string{"username": "login"}, "member_number,username,email"},
		"the column login is missing":                                     {map[string]string{"username": "login"}, "member_number,email"},
		"--column user=login: columns are member_number, username":        {map[string]string{"user": "login"}, "member_number,login,email"},
		"each with a name of its own":                                     {map[string]string{"username": "EMAIL"}, "member_number,email"},
	} {
		if err := (&AccountsImportCmd{File: writeFile(t, test.head+"\n"), Column: test.column}).Run(t.Context(), env); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", test.column, err, want)
		}
	}
}

// Scripts see from the exit status whether every line was taken.
func TestExitStatusOfImports(t *testing.T) {
	dsn := postgrestest.DSN(t)
	vars := map[string]string{"IDP_DATABASE_URL": dsn, "IDP_KEK": seal.GenerateKEK(), "IDP_ACCEPT": "database-without-verified-tls"}
	const people, rosterHead = "111111111,ANA,GARCIA,1984-05-17\n222222222,EVA,LOPEZ,1985-05-17\n", "member_number,first_name,last_name,birth_date\n"
	const ana = "111111111,ana.garcia,ana@example.com,,,,,\n"
	faulty, held := writeFile(t, rosterHead+people+"x,LEO,SOTO,1986-05-17\n"), writeFile(t, rosterHead+strings.Replace(people, "ANA,GARCIA,1984", "LEO,SOTO,1999", 1))
	for _, test := range []struct {
		name string
		want int
		args []string
	}{
		{"a faulty line, dry", 3, []string{"roster", "import", "--dry-run", faulty}},
		{"a faulty line", 3, []string{"roster", "import", faulty}},
		{"the same again", 0, []string{"roster", "import", faulty}},
		{"every line", 0, []string{"roster", "import", writeFile(t, rosterHead+people)}},
		{"no roster", 1, []string{"roster", "import", writeFile(t, "x\n")}},
		{"a held line", 3, []string{"roster", "import", held}},
		{"the held line again", 3, []string{"roster", "import", held}},
		{"accounts, a faulty line, dry", 3, []string{"accounts", "import", "--dry-run", writeFile(t, accountsHead+ana+"12,x,y,,,,,\n")}},
		{"accounts, a faulty line", 3, []string{"accounts", "import", writeFile(t, accountsHead+ana+"12,x,y,,,,,\n")}},
		{"accounts, every line", 0, []string{"accounts", "import", "--column", "username=login", writeFile(t, strings.Replace(accountsHead, "username", "login", 1)+ana)}},
		{"no accounts", 1, []string{"accounts", "import", writeFile(t, "x\n")}},
		{"no such flag", 2, []string{"accounts", "import", "--colum", "username=login", faulty}},
	} {
		if code, _, stderr := call(t, vars, test.args...); code != test.want {
			t.Errorf("%s: exit status %d, want %d; %s", test.name, code, test.want, stderr)
		}
	}
}

// What was exported can be imported elsewhere, and the same passwords work there.
func TestAccountsExport(t *testing.T) {
	env, stdout, _ := withRoster(t)
	file := writeFile(t, accountsHead+
		"111111111,ana.garcia,ana@example.com,"+bcryptOfGato+",true,en,active,2021-03-04T05:06:07Z\n"+
		"222222222,eva.lopez,eva@example.com,"+bcryptOfIt+",false,es,disabled,2021-03-04T05:06:07Z\n"+
		"333333333,leo.soto,leo@example.com,,false,es,active,2021-03-04T05:06:07Z\n")
	if err := (&AccountsImportCmd{File: file}).Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	people, _, err := env.accountsAndRoster()
	if err != nil {
		t.Fatal(err)
	}
	attempt := accounts.Attempt{Username: "ana.garcia", Password: "Mi gato duerme ñoño", Source: "192.0.2.1"}
	if _, err := people.Authenticate(t.Context(), attempt); err != nil { // now it has a hash of our own
		t.Fatal(err)
	}
	plain, full := filepath.Join(t.TempDir(), "plain.csv"), filepath.Join(t.TempDir(), "full.csv")
	stdout.Reset()
	for path, hashes := range map[string]bool{plain: false, full: true} {
		if err := (&AccountsExportCmd{File: path, PasswordHashes: hashes}).Run(t.Context(), env); err != nil || !strings.Contains(stdout.String(), "3 accounts are in ") {
			t.Fatalf("accounts export: %v, %s", err, stdout)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file's mode is %v, %v, want 0600", info.Mode(), err)
		}
	}
	text, err := os.ReadFile(plain)
	if err != nil || string(text) != strings.NewReplacer(bcryptOfGato, "", bcryptOfIt, "").Replace(mustRead(t, file)) {
		t.Errorf("export without hashes = %s, %v", text, err)
	}
	if err := (&AccountsExportCmd{File: plain}).Run(t.Context(), env); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a file that exists: %v, want a refusal", err)
	}
	if mustRead(t, plain) != string(text) {
		t.Error("the refusal changed the file")
	}

	other, _, stderr := withRoster(t)
	if err := (&AccountsImportCmd{File: full, ShowFaults: -1}).Run(t.Context(), other); err != nil || stderr.Len() > 0 {
		t.Fatalf("importing the export: %v, %s", err, stderr)
	}
	there, _, err := other.accountsAndRoster()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := there.Authenticate(t.Context(), attempt); err != nil {
		t.Errorf("the same password elsewhere: %v", err)
	}
	for username, want := range map[string]error{"eva.lopez": accounts.ErrDisabled, "leo.soto": accounts.ErrWrongCredentials} {
		attempt.Username = username
		if _, err := there.Authenticate(t.Context(), attempt); err != want {
			t.Errorf("%s: %v, want %v", username, err, want)
		}
	}
	gone := filepath.Join(t.TempDir(), "gone.csv")
	env.DB.Close()
	if err := (&AccountsExportCmd{File: gone}).Run(t.Context(), env); err == nil {
		t.Error("exported without a database")
	}
	if _, err := os.Stat(gone); !os.IsNotExist(err) {
		t.Errorf("an export that failed left a file: %v", err)
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
