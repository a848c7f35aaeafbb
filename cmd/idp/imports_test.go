package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module  = "huskyidp"
	ginPath = "github.com/gin-gonic/gin"
)

// rules are the packages of rules and tables, which know no web framework.
var rules = []string{"accounts", "members", "keys", "templates", "internal/audit", "internal/jobs", "internal/mail", "internal/postgres", "internal/ratelimit", "internal/seal"}

// rows is the picture of CONTRIBUTING.md: a package imports packages of lower rows only,
// so that neighbours meet through data.
var rows = [][]string{
	{"cmd/idp"},
	{"admin"},
	{"provider", "registration", "recovery", "selfservice", "partners", "sandbox"},
	{"internal/cardform", "partners/conformance"},
	{"accounts", "members", "keys"},
	{"internal/mail", "internal/epoch"},
	{"internal/jobs", "internal/web", "internal/audit", "internal/ratelimit", "internal/outbound", "internal/dpop"},
	{"internal/seal"},
	{"internal/postgres", "internal/argon2", "internal/jws", "internal/telemetry", "internal/outage", "internal/openapi", "templates", "docs"},
	{"internal/postgres/embedded"},
}

// apart are packages that are not part of the service, with all they may import.
var apart = map[string][]string{
	"docs/examples":                  {},
	"docs/site":                      {},
	"internal/fhirdemo":              {},
	"internal/site":                  {"templates"},
	"internal/portal":                {"internal/site", "templates"},
	"internal/mailbox":               {"internal/site", "templates"},
	"internal/timingtest":            {},
	"internal/passkeytest":           {},
	"internal/openapi/openapitest":   {},
	"internal/visitor":               {},
	"internal/tap":                   {},
	"internal/freeport":              {},
	"internal/rig":                   {"internal/freeport", "internal/mailbox"},
	"faults":                         {"internal/mailbox", "internal/freeport", "internal/postgres/embedded", "internal/rig", "internal/tap", "internal/visitor"},
	"bench":                          {"internal/argon2", "internal/freeport", "internal/postgres/embedded", "internal/rig", "internal/visitor"},
	"internal/postgres/postgrestest": {"internal/freeport", "internal/postgres", "internal/postgres/embedded"},
}

func TestImportsPointDown(t *testing.T) {
	t.Parallel()
	row := map[string]int{}
	for i, packages := range rows {
		for _, name := range packages {
			row[name] = i
		}
	}
	imports := packageImports(t)
	for name, imported := range imports {
		allowed, beside := apart[name]
		from, known := row[name]
		if !beside && !known {
			t.Errorf("package %s is in no row: add it to the picture", name)
			continue
		}
		for _, other := range imported {
			if other == ginPath {
				if slices.Contains(rules, name) {
					t.Errorf("%s imports %s: it holds rules and tables", name, ginPath)
				}
				continue
			}
			to, inRow := row[other]
			switch {
			case beside && !slices.Contains(allowed, other):
				t.Errorf("%s imports %s, want only %v", name, other, allowed)
			case !beside && !inRow && name != "cmd/idp":
				t.Errorf("%s imports %s, which is not part of the service", name, other)
			case !beside && inRow && to <= from:
				t.Errorf("%s imports %s, which is not below it", name, other)
			}
		}
	}
	for _, packages := range rows {
		for _, name := range packages {
			if imports[name] == nil {
				t.Errorf("package %s is in the picture and not in the tree", name)
			}
		}
	}
}

// TestPictureOfImports: CONTRIBUTING.md draws the rows.
func TestPictureOfImports(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, picture, found := strings.Cut(string(text), "## Shape")
	_, picture, _ = strings.Cut(picture, "```\n")
	picture, _, ended := strings.Cut(picture, "```")
	if !found || !ended {
		t.Fatal("CONTRIBUTING.md has no picture under Shape")
	}
	lines := strings.Split(strings.TrimSpace(picture), "\n")
	if len(lines) != len(rows) {
		t.Fatalf("the picture has %d rows, want %d", len(lines), len(rows))
	}
	for i, line := range lines {
		words := strings.Fields(line)
		if len(words) < len(rows[i]) {
			t.Errorf("row %d of the picture is %q, want %v", i+1, line, rows[i])
			continue
		}
		drawn := slices.Sorted(slices.Values(words[:len(rows[i])]))
		if want := slices.Sorted(slices.Values(rows[i])); !slices.Equal(drawn, want) {
			t.Errorf("row %d of the picture has %v, want %v", i+1, drawn, want)
		}
	}
}

// packageImports returns, per package of this module, its imports of this module and of gin, tests left out. Packages of
// this module are paths in the repository.
func packageImports(t *testing.T) map[string][]string {
	t.Helper()
	const root = "../.."
	all := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || name == "oryx" || name == "tools" || name == "e2e") {
			return fs.SkipDir // oryx and tools are modules of their own
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || filepath.Dir(path) == root {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(dir)
		if all[pkg] == nil {
			all[pkg] = []string{}
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			other, ours := strings.CutPrefix(imported, module+"/")
			if (ours || other == ginPath) && !slices.Contains(all[pkg], other) {
				all[pkg] = append(all[pkg], other)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("reading the tree: %v", err)
	}
	return all
}
