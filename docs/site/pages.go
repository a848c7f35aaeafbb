package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// A part of the site is for one kind of reader.
type part struct {
	Name  string
	Files []string // from the root of the repository; *.md for all others of a folder, a folder for its examples, or an OpenAPI document
}

// parts are in the order of the menu. A document that nobody put elsewhere is in the last.
var parts = []part{
	{"Connect an app", []string{"docs/integrate.md", "docs/examples", "provider/openapi.json", "docs/conformance.md"}},
	{"Run the service", []string{"README.md", "docs/first-hour.md", "docs/operate.md", "docs/runbook.md", "admin/openapi.json", "docs/reliability.md", "docs/performance.md"}},
	{"Judge the service", []string{"SECURITY.md", "docs/security.md", "docs/security-rules.md", "docs/deviations.md", "docs/screen-reader.md", "CHANGELOG.md"}},
	{"Change the service", []string{"CONTRIBUTING.md", "docs/architecture.md", "docs/design.md", "docs/decisions/*.md", "docs/*.md"}},
}

// page is one document.
type page struct {
	File, URL, Title string
	Headings         []heading
	HTML             []byte
	source           []byte
	root             ast.Node
}

type heading struct {
	ID, Text string
	Level    int
	Words    string // what stands below it
}

// menu reads the documents of each part.
func menu(tree fs.FS) (all [][]*page, err error) {
	taken := map[string]bool{}
	for _, part := range parts {
		for _, name := range part.Files {
			taken[name] = true
		}
	}
	for _, part := range parts {
		var list []*page
		for _, name := range part.Files {
			files := []string{name}
			if strings.Contains(name, "*") {
				if files, err = fs.Glob(tree, name); err != nil {
					return nil, err
				}
				files = slices.DeleteFunc(files, func(f string) bool { return taken[f] })
			}
			for _, file := range files {
				p, err := read(tree, file)
				if err != nil {
					return nil, err
				}
				list = append(list, p)
			}
		}
		all = append(all, list)
	}
	return all, nil
}

var markdown = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Linkify), goldmark.WithParserOptions(parser.WithAutoHeadingID(), parser.WithHeadingAttribute()))

// read parses a document. Its address is its name: docs/decisions/001-fosite.md is decisions-001-fosite.html, SECURITY.md, beside
// docs/security.md, project-security.html.
func read(tree fs.FS, file string) (*page, error) {
	source, err := sourceOf(tree, file)
	if err != nil {
		return nil, err
	}
	name, inDocs := strings.CutPrefix(strings.TrimSuffix(file, ".md"), "docs/")
	if copied := apis[file]; copied != "" {
		name = strings.TrimSuffix(copied, ".json")
	} else if !inDocs {
		name = "project-" + name
	}
	name = strings.ReplaceAll(name, "/", "-")
	p := &page{File: file, URL: strings.ToLower(name) + ".html", source: source, root: markdown.Parser().Parse(text.NewReader(source))}
	for n := p.root.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			id, _ := h.AttributeString("id")
			raw, _ := id.([]byte)
			p.Headings = append(p.Headings, heading{ID: string(raw), Text: words(h, source), Level: h.Level})
		} else if len(p.Headings) > 0 {
			last := &p.Headings[len(p.Headings)-1]
			last.Words += " " + words(n, source)
		}
	}
	if len(p.Headings) == 0 || p.Headings[0].Level != 1 {
		return nil, fmt.Errorf("%s does not begin with a title", file)
	}
	p.Title = p.Headings[0].Text
	return p, nil
}

// apis are the names under which OpenAPI documents lie beside their pages.
var apis = map[string]string{"provider/openapi.json": "api.json", "admin/openapi.json": "api-desk.json"}

// sourceOf is a document as Markdown.
func sourceOf(tree fs.FS, file string) ([]byte, error) {
	switch {
	case apis[file] != "":
		return api(tree, file, apis[file])
	case path.Ext(file) == "":
		return examples(tree, file)
	}
	return fs.ReadFile(tree, file)
}

// words is the text below a node.
func words(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(n.Value(source))
			}
			if n.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.FencedCodeBlock:
			if entering {
				b.Write(n.Lines().Value(source))
			}
		default:
			if n.Type() == ast.TypeBlock {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil // so that it never fails
	})
	return strings.Join(strings.Fields(b.String()), " ")
}

var outside = regexp.MustCompile(`^[a-z]+:`)

// render leads links between documents, and their names in code, to their pages. What is in the repository alone keeps its name and
// loses its link.
func render(p *page, pages map[string]*page) error {
	var pictures, names []ast.Node
	err := ast.Walk(p.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			target, anchor, _ := strings.Cut(string(n.Destination), "#")
			if outside.MatchString(target) || target == "" || path.Ext(target) == ".json" && apis[p.File] == target {
				break
			}
			to := pages[path.Join(path.Dir(p.File), target)]
			if to == nil {
				pictures = append(pictures, n)
				break
			}
			n.Destination = []byte(strings.TrimSuffix(to.URL+"#"+anchor, "#"))
			return ast.WalkSkipChildren, nil
		case *ast.Image:
			pictures = append(pictures, n)
		case *ast.CodeSpan:
			if to := named(words(n, p.source), p, pages); to != nil && to != p {
				names = append(names, n)
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return err
	}
	for _, n := range pictures { // their text stays
		for child := n.FirstChild(); child != nil; child = n.FirstChild() {
			n.Parent().InsertBefore(n.Parent(), n, child)
		}
		n.Parent().RemoveChild(n.Parent(), n)
	}
	for _, n := range names {
		link := ast.NewLink()
		link.Destination = []byte(named(words(n, p.source), p, pages).URL)
		n.Parent().ReplaceChild(n.Parent(), n, link)
		link.AppendChild(link, n)
	}
	var out bytes.Buffer
	err = markdown.Renderer().Render(&out, p.source, p.root)
	p.HTML = []byte(scrolled.Replace(out.String()))
	return err
}

// scrolled makes what scrolls by itself reachable by keyboard.
var scrolled = strings.NewReplacer("<pre>", `<pre tabindex="0">`, "<table>", `<div class="wide" tabindex="0" role="group" aria-label="Table"><table>`, "</table>", "</table></div>")

// named is the page of a document that a text in code names, from the root of the repository or beside it.
func named(name string, p *page, pages map[string]*page) *page {
	for _, at := range []string{name, "docs/" + name, path.Join(path.Dir(p.File), name)} {
		if to := pages[at]; to != nil {
			return to
		}
	}
	return nil
}
