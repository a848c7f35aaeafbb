// Command site makes the documentation site of one version from docs/ and the documents beside it: static pages that load nothing
// from elsewhere, with a search that needs no server. Without script the search is hidden, and the contents are a page.
//
//	go run ./docs/site --out DIR --version 1.2.3
//
// DIR gets a folder of the version, replacing one of the same name, and index.html, which lists the versions there, the newest first.
package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"flag"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed look
var look embed.FS

var frames = template.Must(template.New("").ParseFS(look, "look/*.html"))

func main() {
	if err := run(os.Args[1:], os.DirFS("."), os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "site:", err)
		os.Exit(1)
	}
}

var versionForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.-]{0,39}$`)

// run is the whole program. tree is the repository.
func run(args []string, tree fs.FS, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("site", flag.ContinueOnError)
	flags.SetOutput(stderr)
	out, version := flags.String("out", "", "folder of all versions, which is made if need be"), flags.String("version", "", "of the service, as in 1.2.3 or main")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *out == "" || !versionForm.MatchString(*version) || flags.NArg() > 0 {
		return fmt.Errorf("needs --out and --version, of letters, digits, points and dashes; not %q %q %q", *out, *version, flags.Args())
	}
	files, err := build(tree, *version)
	if err != nil {
		return err
	}
	folder, fresh := filepath.Join(*out, *version), filepath.Join(*out, ".new-"+*version)
	if err := write(fresh, files); err != nil {
		return err
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.Rename(fresh, folder); err != nil {
		return err
	}
	versions, err := os.ReadDir(*out)
	if err != nil {
		return err
	}
	var list []string
	for _, v := range versions {
		if v.IsDir() && versionForm.MatchString(v.Name()) {
			list = append(list, v.Name())
		}
	}
	slices.SortFunc(list, newer)
	index, err := frame("versions.html", list)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: %d files\n", folder, len(files))
	return write(*out, map[string][]byte{"index.html": index})
}

// newer sorts versions, the newest first; what has no number, such as main, comes last.
func newer(a, b string) int {
	x, y := numbers(a), numbers(b)
	if c := slices.Compare(y, x); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

func numbers(version string) (all []int) {
	for _, part := range strings.Split(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		all = append(all, n)
	}
	return all
}

// section is what the menu shows of a part.
type section struct {
	Name  string
	Pages []*page
}

// build makes the files of one version.
func build(tree fs.FS, version string) (map[string][]byte, error) {
	lists, err := menu(tree)
	if err != nil {
		return nil, err
	}
	files, pages := map[string][]byte{}, map[string]*page{}
	var sections []section
	for i, list := range lists {
		sections = append(sections, section{parts[i].Name, list})
		for _, p := range list {
			if files[p.URL] != nil {
				return nil, fmt.Errorf("%s has the address of another document", p.File)
			}
			pages[p.File], files[p.URL] = p, []byte{}
		}
	}
	type found struct {
		Page, Part, URL, Text string
	}
	var index []found
	for _, s := range sections {
		for _, p := range s.Pages {
			if err := render(p, pages); err != nil {
				return nil, err
			}
			if files[p.URL], err = frame("page.html", map[string]any{"Version": version, "Title": p.Title, "Here": p, "Sections": sections, "HTML": template.HTML(p.HTML)}); err != nil {
				return nil, err
			}
			for _, h := range p.Headings {
				index = append(index, found{p.Title, h.Text, p.URL + "#" + h.ID, h.Words})
			}
		}
	}
	if files["index.html"], err = frame("page.html", map[string]any{"Version": version, "Title": "HUSKY Health sign-in: documentation", "Sections": sections, "Contents": true}); err != nil {
		return nil, err
	}
	entries, err := json.Marshal(index)
	if err != nil {
		return nil, err
	}
	files["entries.js"] = append(append([]byte("const entries = "), entries...), ";\n"...) // fetch is refused to pages that are opened as files
	for _, name := range []string{"site.css", "search.js"} {
		if files[name], err = look.ReadFile("look/" + name); err != nil {
			return nil, err
		}
	}
	for file, name := range apis {
		if files[name], err = fs.ReadFile(tree, file); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func frame(name string, data any) ([]byte, error) {
	var out bytes.Buffer
	err := frames.ExecuteTemplate(&out, name, data)
	return out.Bytes(), err
}

// write writes files into a folder, which is made if need be.
func write(folder string, files map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
