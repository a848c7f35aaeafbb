package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var securityTest = regexp.MustCompile("`([a-z/]+)\\.((?:Test|Fuzz)[A-Za-z0-9]+)`")

// docs/security.md has every row of the bar's sections on throttling, second factors, recovery and the support desk
// (2, 3, 7 and 8), and each test that it names is in the tree and names the row.
func TestSecurityTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, "|"); len(cells) == 5 && strings.HasPrefix(cells[1], " S-") {
			rows[strings.TrimSpace(cells[1])] = line
		}
	}
	sources := map[string]map[string]string{}
	for _, section := range [][2]int{{7, 14}, {15, 21}, {50, 60}, {61, 65}} {
		for n := section[0]; n <= section[1]; n++ {
			id := fmt.Sprintf("S-%02d", n)
			named := securityTest.FindAllStringSubmatch(rows[id], -1)
			if len(named) == 0 {
				t.Errorf("%s: the table names no test", id)
			}
			for _, test := range named {
				dir, name := test[1], test[2]
				if sources[dir] == nil {
					sources[dir] = testSources(t, dir)
				}
				switch source, ok := sources[dir][name]; {
				case !ok:
					t.Errorf("%s: there is no test %s in %s", id, name, dir)
				case !strings.Contains(source, id):
					t.Errorf("%s: the test %s in %s does not name the row", id, name, dir)
				}
			}
		}
	}
}

// testSources are the tests of a package with their comments, by name.
func testSources(t *testing.T, dir string) map[string]string {
	t.Helper()
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
	return sources
}
