package postgres_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"huskyidp/internal/postgres"
)

// The rules began with this migration.
const ruled = "00340"

var (
	sqlComment = regexp.MustCompile(`--[^\n]*`)
	// what a program of before may not survive
	breaking = regexp.MustCompile(`\b(drop (table|column|view|function|type|schema|sequence|default)|rename|alter (column )?\w+ (set data )?type|set not null|drop default` +
		`|add (constraint \w+ )?(check|unique|primary key|foreign key|exclude)|create unique index|create (or replace )?(constraint )?trigger|revoke|set schema)\b`)
	addsColumn  = regexp.MustCompile(`add column[^,;]*`)
	madeTable   = regexp.MustCompile(`create (?:unlogged )?table (?:if not exists )?(\w+)`)
	madeIndex   = regexp.MustCompile(`create (?:unique )?index (concurrently )?(?:if not exists )?\w* ?on (\w+)`)
	onTable     = regexp.MustCompile(`\bon (\w+)`)
	alterTable  = regexp.MustCompile(`alter table (?:if exists )?(?:only )?(\w+)`)
	raise       = regexp.MustCompile(`update settings set oldest_program = greatest\(oldest_program, \d+\)`)
	fullPattern = regexp.MustCompile(`(?s)-- \+goose Down.*`)
)

// faults are the rules of CONTRIBUTING that a migration breaks.
func faults(migration string) (all []string) {
	text := strings.ToLower(fullPattern.ReplaceAllString(migration, ""))
	apart := strings.Contains(text, "-- +goose no transaction")
	text = strings.Join(strings.Fields(sqlComment.ReplaceAllString(text, "")), " ")
	fresh := map[string]bool{}
	for _, made := range madeTable.FindAllStringSubmatch(text, -1) {
		fresh[made[1]] = true
	}
	bounded := false // waits for as long as whoever reads needs
	for statement := range strings.SplitSeq(text, ";") {
		statement = strings.TrimSpace(statement)
		switch {
		case strings.HasPrefix(statement, "set lock_timeout"):
			bounded = true
			continue
		case strings.HasPrefix(statement, "reset lock_timeout"):
			bounded = false
			continue
		}
		if table := alterTable.FindStringSubmatch(statement); table != nil && fresh[table[1]] {
			continue
		}
		if index := madeIndex.FindStringSubmatch(statement); index != nil {
			switch {
			case fresh[index[2]]:
				continue
			case index[1] == "":
				all = append(all, "an index is made on a table that is in use: concurrently, if not exists")
			case !apart || !bounded || !strings.Contains(statement, "if not exists"):
				all = append(all, "an index that is made concurrently wants -- +goose NO TRANSACTION, if not exists, and set and reset lock_timeout about it")
			}
		} else if bounded {
			all = append(all, "what takes a lock waits for 2 s at most: "+statement)
		}
		found := breaking.FindString(statement)
		if on := onTable.FindStringSubmatch(statement); strings.Contains(found, "trigger") && on != nil && fresh[on[1]] {
			found = ""
		}
		for _, column := range addsColumn.FindAllString(statement, -1) {
			if strings.Contains(column, "not null") && !strings.Contains(column, "default") {
				found = "a column that may not be null and has no default"
			}
		}
		if found != "" && !raise.MatchString(text) {
			all = append(all, "programs of before may break at it ("+found+"): say which may still run, by update settings set oldest_program = greatest(oldest_program, N)")
		}
	}
	return all
}

// no migration breaks programs that run without saying so, or holds a table in use for long.
func TestMigrationsKeepTheRules(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(postgres.Migrations(), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(postgres.Migrations(), name)
		if err != nil {
			t.Fatal(err)
		}
		if name < ruled {
			continue
		}
		for _, fault := range faults(string(text)) {
			t.Errorf("%s: %s", name, fault)
		}
	}
	const apart = "-- +goose NO TRANSACTION\n-- +goose Up\n"
	for migration, want := range map[string]string{
		"alter table accounts drop column language;":                                                                                  "drop column",
		"ALTER TABLE accounts\n  RENAME COLUMN a TO b;":                                                                               "rename",
		"alter table accounts add column x text not null;":                                                                            "no default",
		"alter table accounts add column x text, add column y int not null;":                                                          "no default",
		"alter table accounts alter column x type bigint;":                                                                            "type",
		"alter table accounts alter column x set not null;":                                                                           "set not null",
		"alter table accounts add constraint x check (y > 0);":                                                                        "check",
		"drop view account_states;":                                                                                                   "drop view",
		"create trigger t before update on accounts for each row execute function f();":                                               "trigger",
		"create or replace trigger t before update on accounts for each row execute function f();":                                    "trigger",
		"create index i on accounts (x);":                                                                                             "concurrently",
		"create index concurrently if not exists i on accounts (x);":                                                                  "NO TRANSACTION",
		apart + "create index concurrently if not exists i on accounts (x);":                                                          "lock_timeout",
		apart + "set lock_timeout = '15min';\ncreate index concurrently i on accounts (x); reset lock_timeout;":                       "if not exists",
		apart + "set lock_timeout = '15min'; alter table accounts add column x text; reset lock_timeout;":                             "2 s at most",
		apart + "set lock_timeout = '15min';\ncreate index concurrently if not exists i on accounts (x) where y; reset lock_timeout;": "",
		"alter table accounts add column x text not null default '', add column y int;":                                               "",
		"create table x (id int not null); create unique index y on x (id); alter table x add constraint z check (id > 0);":           "",
		"create table x (id int); create trigger t before update on x for each row execute function f();":                             "",
		"alter table accounts drop column language; update settings set oldest_program = greatest(oldest_program, 340);":              "",
		"insert into x values (1);\n-- +goose Down\ndrop table x;":                                                                    "",
		"-- drop table x\ninsert into x values (1);":                                                                                  "",
	} {
		got := strings.Join(faults(migration), "\n")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s\n%q, want %q", migration, got, want)
		}
	}
}
