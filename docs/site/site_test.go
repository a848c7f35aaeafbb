package main

import (
	"encoding/json"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

var (
	repository = os.DirFS("../..")
	links      = regexp.MustCompile(`\b(?:href|src)="([^"]*)"`)
	anchors    = regexp.MustCompile(`\bid="([^"]*)"`)
)

// Every document is a page, in the menu of each page, and every link between them leads somewhere; nothing is loaded from elsewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	files, err := build(repository, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	documents, err := filepath.Glob("../*.md")
	if err != nil || len(documents) < 10 {
		t.Fatal(documents, err)
	}
	for _, document := range documents {
		if name := strings.TrimSuffix(filepath.Base(document), ".md") + ".html"; files[name] == nil {
			t.Errorf("no page %s", name)
		}
	}
	ids := map[string]bool{}
	for name, data := range files {
		for _, id := range anchors.FindAllSubmatch(data, -1) {
			ids[name+"#"+html.UnescapeString(string(id[1]))] = true
		}
	}
	inner := 0
	for name, data := range files {
		if !strings.HasSuffix(name, ".html") {
			continue
		}
		text := string(data)
		if !strings.Contains(text, "1.2.3") || !strings.Contains(text, `"default-src 'none'; style-src 'self'; script-src 'self'`) || !strings.Contains(text, `href="operate.html"`) {
			t.Errorf("%s lacks its version, its policy or its menu", name)
		}
		for _, found := range links.FindAllStringSubmatch(text, -1) {
			link := html.UnescapeString(found[1])
			file, anchor, _ := strings.Cut(link, "#")
			switch {
			case strings.HasPrefix(found[0], "src=") && outside.MatchString(link):
				t.Errorf("%s loads %s", name, link)
			case outside.MatchString(link) || file == "../index.html":
			case file != "" && files[file] == nil:
				t.Errorf("%s leads to %s, which is not there", name, link)
			case anchor != "":
				if file == "" {
					file = name
				}
				if inner++; !ids[file+"#"+anchor] {
					t.Errorf("%s leads to %s, where no such part is", name, link)
				}
			}
		}
	}
	if inner < len(documents) {
		t.Errorf("%d links to parts", inner)
	}
	var entries []struct{ Page, Part, URL, Text string }
	script := strings.TrimSuffix(strings.TrimPrefix(string(files["entries.js"]), "const entries = "), ";\n")
	if err := json.Unmarshal([]byte(script), &entries); err != nil || len(entries) < 150 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	for _, e := range entries {
		if !ids[e.URL] {
			t.Errorf("the search leads to %s, which is not there", e.URL)
		}
	}
}

// A name of a document in code leads to its page; what is in the repository alone keeps its words.
func TestLinksOfADocument(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{
		"docs/a.md":            {Data: []byte("# A\n\n`b.md` and `docs/b.md`, [its part](b.md#two), [code](../cmd/main.go), ![seen](c.png), `a.md`, [far](https://example.org/)\n")},
		"docs/b.md":            {Data: []byte("# B\n\n## Two\n")},
		"docs/decisions/1.md":  {Data: []byte("# One\n")},
		"docs/without/head.md": {Data: []byte("text\n")},
	}
	pages := map[string]*page{}
	for _, file := range []string{"docs/a.md", "docs/b.md", "docs/decisions/1.md"} {
		var err error
		if pages[file], err = read(tree, file); err != nil {
			t.Fatal(err)
		}
	}
	p := pages["docs/a.md"]
	if err := render(p, pages); err != nil {
		t.Fatal(err)
	}
	const want = `<p><a href="b.html"><code>b.md</code></a> and <a href="b.html"><code>docs/b.md</code></a>, <a href="b.html#two">its part</a>, code, seen, <code>a.md</code>, <a href="https://example.org/">far</a></p>`
	if got := string(p.HTML); !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if url := pages["docs/decisions/1.md"].URL; url != "decisions-1.html" {
		t.Errorf("the address of a decision is %s", url)
	}
	for _, file := range []string{"docs/without/head.md", "docs/none.md"} {
		if _, err := read(tree, file); err == nil {
			t.Errorf("%s is read", file)
		}
	}
}

// Versions stand beside each other, the newest first; the same again replaces its own alone.
func TestVersions(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "site")
	for _, version := range []string{"1.9.0", "main", "1.10.0", "1.9.0"} {
		if err := run([]string{"--out", out, "--version", version}, repository, io.Discard, io.Discard); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(out, version, "old.html"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := run([]string{"--out", out, "--version", "1.9.0"}, repository, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(out, "1.9.0", "old.html")); err == nil {
		t.Error("a page of before is still there")
	}
	if _, err := os.Stat(filepath.Join(out, "1.10.0", "old.html")); err != nil {
		t.Error("another version lost a page")
	}
	index, err := os.ReadFile(filepath.Join(out, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, found := range regexp.MustCompile(`<a href="(.*)/index.html">`).FindAllSubmatch(index, -1) {
		got = append(got, string(found[1]))
	}
	if want := []string{"1.10.0", "1.9.0", "main"}; !slices.Equal(got, want) {
		t.Errorf("versions %v, want %v", got, want)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"no folder":         {"--version", "1"},
		"no version":        {"--out", t.TempDir()},
		"a way out":         {"--out", t.TempDir(), "--version", "../1"},
		"another argument":  {"--out", t.TempDir(), "--version", "1", "more"},
		"an unknown flag":   {"--to", t.TempDir()},
		"a file, no folder": {"--out", file, "--version", "1"},
	} {
		if err := run(args, repository, io.Discard, io.Discard); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	same := fstest.MapFS{}
	for _, part := range parts {
		for _, name := range part.Files {
			same[strings.ReplaceAll(name, "*", "A")] = &fstest.MapFile{Data: []byte("# A\n")}
		}
	}
	for file := range apis {
		same[file] = &fstest.MapFile{Data: []byte(`{"openapi": "3.1.0", "info": {"title": "A", "description": "B"}, "paths": {}}`)}
	}
	delete(same, "docs/examples")
	same["docs/examples/app.go"] = &fstest.MapFile{Data: []byte("package main\n")}
	if _, err := build(same, "1"); err != nil {
		t.Errorf("documents of different names: %v", err)
	}
	same["docs/a.md"] = same["docs/A.md"]
	if _, err := build(same, "1"); err == nil {
		t.Errorf("two documents of one address: %v", err)
	}
	if err := run([]string{"--out", t.TempDir(), "--version", "1"}, fstest.MapFS{}, io.Discard, io.Discard); err == nil {
		t.Error("outside of the repository: no error")
	}
}
