package templates

import (
	"errors"
	"fmt"
	"html/template"
	"text/template/parse"
)

// pageTemplates are those of a page in one language. They and those of the layout are in one set, in which html/template changes each part once as it
// escapes: with copies of the parts in every page, they took half of the memory of an idle service.
type pageTemplates struct {
	root, title *template.Template
	main        *template.Template // rendered before its frame; nil if the page is its own frame
}

// addPage moves the templates of a page to the set of all, under names that no other page has.
func addPage(all, parsed *template.Template) (p pageTemplates, err error) {
	own := map[string]string{}
	for _, t := range parsed.Templates() {
		own[t.Name()] = parsed.Name() + "#" + t.Name()
	}
	added := map[string]*template.Template{}
	for name, as := range own {
		tree := parsed.Lookup(name).Tree
		for call := range calls(tree) {
			if as, isOwn := own[call.Name]; isOwn {
				call.Name = as
			}
		}
		if added[name], err = all.AddParseTree(as, tree); err != nil {
			return p, err
		}
	}
	p = pageTemplates{root: added[parsed.Name()], title: added["title"], main: added["main"]}
	if p.root == nil || p.title == nil {
		return p, errors.New("it must have a title and a frame")
	}
	return p, nil
}

// calls are the nodes of a tree that call a template.
func calls(tree *parse.Tree) func(yield func(*parse.TemplateNode) bool) {
	return func(yield func(*parse.TemplateNode) bool) { each(tree.Root, yield) }
}

func each(nodes *parse.ListNode, yield func(*parse.TemplateNode) bool) bool {
	if nodes == nil {
		return true
	}
	branch := func(b *parse.BranchNode) bool { return each(b.List, yield) && each(b.ElseList, yield) }
	for _, node := range nodes.Nodes {
		more := true
		switch n := node.(type) {
		case *parse.TemplateNode:
			more = yield(n)
		case *parse.IfNode:
			more = branch(&n.BranchNode)
		case *parse.RangeNode:
			more = branch(&n.BranchNode)
		case *parse.WithNode:
			more = branch(&n.BranchNode)
		}
		if !more {
			return false
		}
	}
	return true
}

// Template returns a page with all of the layout and its "main" inside the frame, for checking a page struct against it; nil if there is
// none.
func (s *Set) Template(lang, name string) *template.Template {
	lang = s.catalog(lang).lang
	if s.pages[lang][name].root == nil {
		return nil
	}
	t, err := s.empty(lang, name).ParseFS(files, "layout/*.html")
	if err == nil {
		t, err = parseFile(t, name)
	}
	if err == nil && t.Lookup("main") != nil {
		_, err = t.New("content").Parse(`{{template "main" .}}`)
	}
	if err != nil {
		panic(fmt.Sprintf("templates: page %s in %s, which Load could parse: %v", name, lang, err))
	}
	return t
}

// empty is a set of templates without any but an empty one.
func (s *Set) empty(lang, name string) *template.Template {
	return template.New(name).Option("missingkey=error").Funcs(s.funcs(s.catalogs[lang]))
}

func parseFile(t *template.Template, page string) (*template.Template, error) {
	text, err := files.ReadFile("pages/" + page + ".html")
	if err != nil {
		return nil, err
	}
	return t.Parse(string(text))
}
