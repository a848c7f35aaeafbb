package main

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// languages are the names of the kinds of files that the examples have.
var languages = map[string]string{".go": "go", ".mjs": "js", ".py": "python", ".sh": "sh", ".rb": "ruby", ".rs": "rust", ".toml": "toml", ".conf": "apache", ".java": "java", ".xml": "xml", ".yml": "yaml", ".txt": "text"}

// examples is a page of the programs in a folder, as Markdown.
func examples(tree fs.FS, folder string) ([]byte, error) {
	var b strings.Builder
	b.WriteString("# Example programs\n\nWhole programs to copy. The tests run each against the service.\n")
	err := fs.WalkDir(tree, folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		language := languages[path.Ext(file)]
		switch {
		case d.IsDir() && (d.Name() == "target" || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || language == "":
			return nil
		}
		text, err := fs.ReadFile(tree, file)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "\n## %s\n\n````%s\n%s\n````\n", strings.TrimPrefix(file, folder+"/"), language, strings.TrimRight(string(text), "\n"))
		return nil
	})
	return []byte(b.String()), err
}
