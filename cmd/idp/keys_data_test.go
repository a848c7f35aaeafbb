package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

// shortLived are places of sealed values that end within a day by themselves; their keys' old versions are never dropped.
var shortLived = map[string]bool{"console_sessions": true, "par_requests": true, "interactions": true, "smart_launches": true, "farewell": true, "leaving": true, "desk_replies": true, "data_keys": true}

// Every table with sealed values is either short-lived or re-encrypted when its key rotates.
func TestSealedColumnsAreComplete(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	for _, c := range sealedColumns {
		named[c.Table] = true
	}
	place := regexp.MustCompile(`seal\.Place\{Table: "([a-z_]+)"`)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range place.FindAllStringSubmatch(string(text), -1) {
			if table := found[1]; !named[table] && !shortLived[table] {
				t.Errorf("%s seals values of %s, which rotate-data does not know", path, table)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRotateData(t *testing.T) {
	env, stdout, _ := commandEnvironment(t)
	kek, err := seal.ParseKEK(seal.GenerateKEK())
	if err != nil {
		t.Fatal(err)
	}
	if env.Keyring, err = seal.Load(t.Context(), env.DB, kek); err != nil {
		t.Fatal(err)
	}
	service, err := newKeys(env)
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	entry := uuid.Must(uuid.NewV7())
	sealed := env.Keyring.Seal(seal.PII, seal.Place{Table: "desk_entries", Column: "reason_sealed", Row: entry.String()}, []byte("asked by phone"))
	if _, err := env.DB.From(t.Context()).Exec(t.Context(), `insert into desk_entries (id, at, staff_id, act, outcome, reason_sealed) values ($1, now(), $1, 'look', 'done', $2), (gen_random_uuid(), now(), $1, 'look', 'done', null)`, entry, sealed); err != nil {
		t.Fatal(err)
	}
	later := func() {
		if _, err := env.DB.From(t.Context()).Exec(t.Context(), `update data_keys set since = since - interval '20 minutes'`); err != nil {
			t.Fatal(err)
		}
	}
	run := func(purpose seal.Purpose, want string) {
		t.Helper()
		stdout.Reset()
		if err := (&KeysRotateDataCmd{Purpose: string(purpose)}).Run(t.Context(), env); err != nil || !strings.Contains(stdout.String(), want) {
			t.Fatalf("keys rotate-data %s = %q, %v, want %q", purpose, stdout, err, want)
		}
	}
	for _, purpose := range []seal.Purpose{seal.PII, seal.TOTP, seal.Signing, seal.PepperPassword, seal.PepperAnswer, seal.PepperCode, seal.Queue} {
		later()
		run(purpose, "A new version is there.")
		run(purpose, "Run this again in two minutes.")
		later()
		run(purpose, "The new version writes.")
		later()
		stdout.Reset()
		if err := (&KeysDataCmd{}).Run(t.Context(), env); err != nil || !regexp.MustCompile(string(purpose)+` +2 +writing +\S+ +\d`).MatchString(stdout.String()) {
			t.Fatalf("keys data = %s, %v", stdout, err)
		}
		run(purpose, "the old version is dropped")
	}
	for statement, refused := range map[string]bool{ // by the owner too
		`update desk_entries set reason_sealed = reason_sealed`: false, `update desk_entries set act = 'other'`: true, `update desk_entries set reason_sealed = null`: true,
		`update desk_entries set reason_sealed = '\x00' where reason_sealed is null`: true, `update desk_entries set at = at + interval '1 day'`: true, `truncate desk_entries`: true} {
		if _, err := postgrestest.Owner(t, env.DB).Exec(t.Context(), statement); (err != nil) != refused {
			t.Errorf("%s = %v", statement, err)
		}
	}
	if keys, err := service.List(t.Context()); err != nil || len(keys) < 2 {
		t.Errorf("the signing keys after it: %v, %v", keys, err)
	}
	if _, err := newKeys(env); err != nil {
		t.Error(err)
	}
}
