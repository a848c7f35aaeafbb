package templates

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// renderTo keeps the rendered pages for looking at: go test ./templates -run TestPages -render DIR
var renderTo = flag.String("render", "", "directory for the rendered pages")

// allLanguages are those of the catalogs, drafts too.
func allLanguages(t testing.TB) []string {
	t.Helper()
	languages, err := CatalogLanguages()
	if err != nil {
		t.Fatal(err)
	}
	return languages
}

// loadAll has drafts too.
func loadAll(t testing.TB) *Set {
	t.Helper()
	s, err := Load(Options{Languages: allLanguages(t)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func load(t testing.TB) *Set {
	t.Helper()
	s, err := Load(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPages(t *testing.T) {
	s := loadAll(t)
	seen := map[string]bool{}
	for _, c := range append(pageCases(), errorCases(s.catalogs["es"])...) {
		seen[c.name] = true
		for _, lang := range s.Languages() {
			body, err := s.Page(lang, c.name, c.layout, c.page)
			if err != nil {
				t.Errorf("%s %s in %s: %v", c.name, c.state, lang, err)
				continue
			}
			checkPage(t, c.name+" "+c.state+" "+lang, lang, string(body))
			if *renderTo != "" {
				keep(t, s, strings.ReplaceAll(c.name, "/", "-")+strings.TrimSuffix("-"+c.state, "-")+"."+lang+".html", body)
			}
		}
	}
	err := fs.WalkDir(files, "pages", func(name string, d fs.DirEntry, err error) error {
		if page := strings.TrimSuffix(strings.TrimPrefix(name, "pages/"), ".html"); err == nil && !d.IsDir() && !seen[page] {
			t.Errorf("page %s has no case", page)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// keep writes what is needed to look at a page without a server.
func keep(t *testing.T, s *Set, name string, body []byte) {
	t.Helper()
	for _, a := range s.assets {
		path := filepath.Join(*renderTo, a.address)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, a.plain, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(*renderTo, name), body, 0o644); err != nil {
		t.Fatal(err)
	}
}

var (
	idPattern     = regexp.MustCompile(`\sid="([^"]*)"`)
	refPattern    = regexp.MustCompile(`\s(?:for|aria-describedby|aria-labelledby|aria-controls)="([^"]*)"`)
	inlinePattern = regexp.MustCompile(`(?i)<style|<script(?:>|[^>]*[^r]>.)|\son[a-z]+=|\sstyle=`)
)

// checkPage holds what is true of every page: one h1 that is the title, no id twice, no reference to a missing id, one form,
// nothing inline.
func checkPage(t *testing.T, what, lang, body string) {
	t.Helper()
	if !strings.HasPrefix(body, "<!doctype html>\n<html lang=\""+lang+"\">") {
		t.Errorf("%s does not begin with doctype and language: %.60q", what, body)
	}
	if n := strings.Count(body, "<h1>"); n != 1 {
		t.Errorf("%s has %d h1", what, n)
	}
	if n := strings.Count(body, "<form"); n > 1 {
		t.Errorf("%s has %d forms", what, n)
	}
	ids := map[string]bool{}
	for _, m := range idPattern.FindAllStringSubmatch(body, -1) {
		if ids[m[1]] {
			t.Errorf("%s has id %q twice", what, m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range refPattern.FindAllStringSubmatch(body, -1) {
		for _, ref := range strings.Fields(m[1]) {
			if !ids[ref] {
				t.Errorf("%s refers to id %q, which it has not", what, ref)
			}
		}
	}
	for _, bad := range []string{"ZgotmplZ", "<no value>", "{{", "⏎", "¦", "MARÍA"} { // the last is a name as the roster has it
		if strings.Contains(body, bad) {
			t.Errorf("%s contains %q", what, bad)
		}
	}
	if m := inlinePattern.FindString(body); m != "" {
		t.Errorf("%s has something inline: %q", what, m)
	}
	if len(body) > 30<<10 {
		t.Errorf("%s weighs %d bytes", what, len(body))
	}
}

// TestPageStructs lets templatecheck compare each template with its page struct.
func TestPageStructs(t *testing.T) {
	s := loadAll(t)
	for _, c := range pageCases() {
		for _, lang := range s.Languages() {
			if err := c.check(s.Template(lang, c.name)); err != nil {
				t.Errorf("%s in %s: %v", c.name, lang, err)
			}
		}
	}
}

// In a test environment each page says so, once, and that real data have no place there; no other page does.
func TestPagesOfASandbox(t *testing.T) {
	s := loadAll(t)
	for _, c := range pageCases() {
		if c.name == "portal/home" || strings.HasPrefix(c.name, "portal/") {
			continue // an app's own site
		}
		for _, isSandbox := range []bool{true, false} {
			l := c.layout
			l.Sandbox = isSandbox
			body, err := s.Page("es", c.name, l, c.page)
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			if isSandbox {
				want = 1
			}
			if n := strings.Count(string(body), s.Text("es", "web.layout.testing", nil)); n != want {
				t.Errorf("%s %s says %d times that it is a test environment, want %d", c.name, c.state, n, want)
			}
		}
	}
}
