package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// docs/security.md has every row of the sections on throttling, second factors, recovery and the support desk, and each
// test that it names is in the tree and names the row.
func TestSecurityTable(t *testing.T) {
	t.Parallel()
	rows := ruleRows(t, "../../docs/security.md")
	for _, section := range [][2]int{{7, 14}, {15, 21}, {50, 60}, {61, 65}} {
		for n := section[0]; n <= section[1]; n++ {
			id := fmt.Sprintf("S-%02d", n)
			testsOf(t, id, rows[id])
		}
	}
}

// docs/security-rules.md has every rule that the tree names, and each rule a test, or a scene of the fault suite, that
// names it.
func TestSecurityRules(t *testing.T) {
	t.Parallel()
	rows := ruleRows(t, "../../docs/security-rules.md")
	scenes, err := os.ReadFile("../../faults/scene.go")
	if err != nil {
		t.Fatal(err)
	}
	for id, row := range rows {
		held := faultScene.FindAllStringSubmatch(row, -1)
		for _, scene := range held {
			if line := lineWith(string(scenes), `{"`+scene[1]+`",`); !strings.Contains(line, id) {
				t.Errorf("%s: there is no scene %s that names it", id, scene[1])
			}
		}
		if len(held) == 0 || securityTest.MatchString(row) {
			testsOf(t, id, row)
		}
	}
	if err := fs.WalkDir(os.DirFS("../.."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return cmp.Or(err, fs.SkipDir)
		}
		if !slices.Contains([]string{".go", ".sql", ".md", ".js", ".html", ".yml", ".sh"}, filepath.Ext(path)) {
			return nil
		}
		text, err := os.ReadFile(filepath.Join("../..", path))
		for _, id := range ruleID.FindAllString(string(text), -1) {
			if rows[id] == "" {
				t.Errorf("%s names %s, which docs/security-rules.md does not have", path, id)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

var (
	securityTest = regexp.MustCompile("`([a-z/]+)\\.((?:Test|Fuzz)[A-Za-z0-9]+)`")
	faultScene   = regexp.MustCompile("`faults ([a-z0-9-]+)`")
	ruleID       = regexp.MustCompile(`\b[SR]-[0-9]{2}\b`)
)

// ruleRows are the rows of a page's tables that begin with a rule's number, by that.
func ruleRows(t *testing.T, page string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, "|"); len(cells) > 3 && ruleID.MatchString(cells[1]) {
			rows[strings.TrimSpace(cells[1])] = line
		}
	}
	return rows
}

func lineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}

// testsOf looks at the tests that a row names: there is one at least, and each names the rule.
func testsOf(t *testing.T, id, row string) {
	t.Helper()
	named := securityTest.FindAllStringSubmatch(row, -1)
	if len(named) == 0 {
		t.Errorf("%s: the table names no test", id)
	}
	for _, test := range named {
		dir, name := test[1], test[2]
		switch source, ok := testSources(t, dir)[name]; {
		case !ok:
			t.Errorf("%s: there is no test %s in %s", id, name, dir)
		case !strings.Contains(source, id):
			t.Errorf("%s: the test %s in %s does not name the row", id, name, dir)
		}
	}
}

var sourcesRead sync.Map // of a folder: what testSources gives

// testSources are the tests of a package with their comments, by name.
func testSources(t *testing.T, dir string) map[string]string {
	t.Helper()
	if known, ok := sourcesRead.Load(dir); ok {
		return known.(map[string]string)
	}
	files, err := filepath.Glob(filepath.Join("../..", dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				begin := f.Pos()
				if f.Doc != nil {
					begin = f.Doc.Pos()
				}
				sources[f.Name.Name] = string(text[set.Position(begin).Offset:set.Position(f.End()).Offset])
			}
		}
	}
	sourcesRead.Store(dir, sources)
	return sources
}
