package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

type object = map[string]any

// document is an OpenAPI document that becomes a page.
type document struct {
	root object
	strings.Builder
}

// api is an OpenAPI document as Markdown. The document itself lies beside its page, as programs read it.
func api(tree fs.FS, file, beside string) ([]byte, error) {
	text, err := fs.ReadFile(tree, file)
	if err != nil {
		return nil, err
	}
	d := &document{}
	if err := json.Unmarshal(text, &d.root); err != nil {
		return nil, err
	}
	info := d.at(d.root, "info")
	fmt.Fprintf(d, "# API: %s\n\n%s\n\nFor programs: [the same in OpenAPI %s](%s).\n", info["title"], info["description"], d.root["openapi"], beside)
	for address, methods := range d.sorted(d.at(d.root, "paths")) {
		for method, operation := range d.sorted(methods) {
			d.operation(strings.ToUpper(method), address, operation)
		}
	}
	return []byte(d.String()), nil
}

// at is a member that is an object, behind its reference if it is one.
func (d *document) at(o object, name string) object {
	member, _ := o[name].(object)
	return d.resolved(member)
}

func (d *document) resolved(o object) object {
	for {
		ref, ok := o["$ref"].(string)
		if !ok {
			return o
		}
		o = d.root
		for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			o, _ = o[part].(object)
		}
	}
}

// sorted are the members that are objects, resolved, by name.
func (d *document) sorted(o object) func(func(string, object) bool) {
	return func(yield func(string, object) bool) {
		for _, name := range slices.Sorted(maps.Keys(o)) {
			if _, ok := o[name].(object); ok && !yield(name, d.at(o, name)) {
				return
			}
		}
	}
}

func (d *document) operation(method, address string, o object) {
	fmt.Fprintf(d, "\n## %s %s {#%s}\n\n%s\n\n%s\n", method, address, o["operationId"], said(o["summary"]), said(o["description"]))
	if parameters, _ := o["parameters"].([]any); len(parameters) > 0 {
		d.WriteString("\n| parameter | in | meaning |\n|---|---|---|\n")
		for _, p := range parameters {
			p, _ := p.(object)
			p = d.resolved(p)
			fmt.Fprintf(d, "| `%s`%s | %s | %s |\n", p["name"], required(p["required"]), p["in"], cell(p["description"]))
		}
	}
	for media, content := range d.sorted(d.at(d.at(o, "requestBody"), "content")) {
		fmt.Fprintf(d, "\nIt takes `%s`:\n", media)
		d.schema(d.at(content, "schema"))
		d.examples(content)
	}
	for status, answer := range d.sorted(d.at(o, "responses")) {
		fmt.Fprintf(d, "\n**%s** %s\n", status, said(answer["description"]))
		for _, content := range d.sorted(d.at(answer, "content")) {
			d.examples(content)
		}
	}
}

// schema writes the members, of each form if there are several.
func (d *document) schema(o object) {
	for _, word := range []string{"oneOf", "anyOf", "allOf"} {
		forms, _ := o[word].([]any)
		for _, form := range forms {
			form, _ := form.(object)
			d.schema(d.resolved(form))
		}
	}
	properties := d.at(o, "properties")
	if len(properties) == 0 {
		return
	}
	needed, _ := o["required"].([]any)
	d.WriteString("\n| member | meaning |\n|---|---|\n")
	for name, property := range d.sorted(properties) {
		about := cell(property["description"])
		if value, ok := property["const"]; ok {
			about += fmt.Sprintf(" Always `%v`.", value)
		}
		fmt.Fprintf(d, "| `%s`%s | %s |\n", name, required(slices.Contains(needed, any(name))), strings.TrimSpace(about))
	}
}

func (d *document) examples(content object) {
	if value, ok := content["example"]; ok {
		d.example("", value)
	}
	for name, example := range d.sorted(d.at(content, "examples")) {
		d.example(name, example["value"])
	}
}

func (d *document) example(name string, value any) {
	made, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return // it came from JSON
	}
	if _, plain := value.(string); plain {
		made = []byte(said(value))
	}
	if name != "" {
		fmt.Fprintf(d, "\n`%s`:\n", name)
	}
	fmt.Fprintf(d, "\n````json\n%s\n````\n", made)
}

func said(value any) string {
	word, _ := value.(string)
	return word
}

func cell(value any) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(said(value))
}

func required(value any) string {
	if value == true {
		return " (required)"
	}
	return ""
}
