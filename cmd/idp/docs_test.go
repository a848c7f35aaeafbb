package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var namedFile = regexp.MustCompile("`((?:[a-z0-9_.-]+/)*[A-Za-z0-9_-]+\\.(?:go|md|js|json|sql|sh))`")

// What the pages for developers name in the tree is there: by its path from the root, from docs, or beside the file named before
// it on the page.
func TestDocsNameFiles(t *testing.T) {
	t.Parallel()
	decisions, err := filepath.Glob("../../docs/decisions/*.md")
	if err != nil || len(decisions) < 9 {
		t.Fatalf("%d decisions, %v", len(decisions), err)
	}
	for _, page := range append(decisions, "../../README.md", "../../CONTRIBUTING.md", "../../docs/architecture.md", "../../docs/design.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		beside := ""
		for _, found := range namedFile.FindAllSubmatch(text, -1) {
			name, there := string(found[1]), false
			for _, folder := range []string{"../..", "../../docs", beside, filepath.Dir(page)} {
				path := filepath.Join(folder, name)
				if _, err := os.Stat(path); err == nil {
					beside, there = filepath.Dir(path), true
					break
				}
			}
			if same, err := filepath.Glob(filepath.Join("../../*", name)); err != nil || !there && len(same) < 2 { // of every package, such as doc.go
				t.Errorf("%s names %s, which is not there", page, name)
			}
		}
	}
}
