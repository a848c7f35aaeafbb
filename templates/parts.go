package templates

import (
	"html/template"
	"text/template/parse"
)

// withParts adds to a page the layout templates that it uses, directly or through others. Each page has its own copies,
// because html/template changes them as it escapes; copies of the whole layout took half of the memory of an idle
// service.
func withParts(page, layout *template.Template) error {
	var waiting []*parse.Tree
	for _, t := range page.Templates() {
		waiting = append(waiting, t.Tree)
	}
	for len(waiting) > 0 {
		tree := waiting[0]
		waiting = waiting[1:]
		for name := range calls(tree) {
			part := layout.Lookup(name)
			if page.Lookup(name) != nil || part == nil { // a missing one fails in its test, or when the page is rendered
				continue
			}
			added, err := page.AddParseTree(name, part.Tree.Copy())
			if err != nil {
				return err
			}
			waiting = append(waiting, added.Tree)
		}
	}
	return nil
}

// calls are the names of the templates that a tree calls.
func calls(tree *parse.Tree) map[string]bool {
	names := map[string]bool{}
	var list func(*parse.ListNode)
	branch := func(b *parse.BranchNode) { list(b.List); list(b.ElseList) }
	list = func(nodes *parse.ListNode) {
		if nodes == nil {
			return
		}
		for _, node := range nodes.Nodes {
			switch n := node.(type) {
			case *parse.TemplateNode:
				names[n.Name] = true
			case *parse.IfNode:
				branch(&n.BranchNode)
			case *parse.RangeNode:
				branch(&n.BranchNode)
			case *parse.WithNode:
				branch(&n.BranchNode)
			}
		}
	}
	list(tree.Root)
	return names
}
