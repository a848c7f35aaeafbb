// Package openapitest compares an OpenAPI 3.1 document with what a handler really takes and returns.
package openapitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Object is a JSON object.
type Object = map[string]any

// Document is a document as it is served.
type Document struct {
	Whole    Object
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

const address = "https://document.example/openapi.json"

// Read reads a document. Its components describe all members here: one that is not described is a mistake, even where readers
// are told to expect more.
func Read(t testing.TB, text []byte) *Document {
	t.Helper()
	d := &Document{compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	if err := json.Unmarshal(text, &d.Whole); err != nil {
		t.Fatal(err)
	}
	strict, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, schema := range at(strict, "components", "schemas") {
		if schema := schema.(Object); schema["properties"] != nil && schema["additionalProperties"] == nil {
			schema["additionalProperties"] = false
		}
	}
	d.compiler.DefaultDraft(jsonschema.Draft2020) // the dialect of OpenAPI 3.1
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(address, strict); err != nil {
		t.Fatal(err)
	}
	return d
}

// at returns the object at the end of the names, nil if there is none.
func at(v any, names ...string) Object {
	o, _ := v.(Object)
	for _, name := range names {
		o, _ = o[name].(Object)
	}
	return o
}

// pointer is a JSON pointer as the fragment of an address.
func pointer(names ...string) string {
	var b strings.Builder
	b.WriteString("#")
	for _, name := range names {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1", "%", "%25", "{", "%7B", "}", "%7D").Replace(name))
	}
	return b.String()
}

// Operation returns what the document says of a method at a path, nil for nothing.
func (d *Document) Operation(method, path string) Object {
	return at(d.Whole, "paths", path, strings.ToLower(method))
}

// Routes returns all methods and paths, as "GET /path".
func (d *Document) Routes() map[string]bool {
	all := map[string]bool{}
	for path, methods := range at(d.Whole, "paths") {
		for method := range methods.(Object) {
			all[strings.ToUpper(method)+" "+path] = true
		}
	}
	return all
}

// check says where a value departs from the schema at the pointer.
func (d *Document) check(where string, value any) error {
	schema := d.compiled[where]
	if schema == nil {
		var err error
		if schema, err = d.compiler.Compile(address + where); err != nil {
			return err
		}
		d.compiled[where] = schema
	}
	return schema.Validate(value)
}

// Body checks the body of a request.
func (d *Document) Body(method, path, media string, value any) error {
	if at(d.Operation(method, path), "requestBody", "content", media) == nil {
		return fmt.Errorf("no body of type %s is described", media)
	}
	return d.check(pointer("paths", path, strings.ToLower(method), "requestBody", "content", media, "schema"), value)
}

// Answer checks status, media type and body of an answer.
func (d *Document) Answer(method, path string, status int, header http.Header, body []byte) error {
	where := []string{"paths", path, strings.ToLower(method), "responses", strconv.Itoa(status)}
	described := at(d.Whole, where...)
	if described == nil {
		return fmt.Errorf("the status %d is not described", status)
	}
	if ref, ok := described["$ref"].(string); ok {
		where = strings.Split(strings.TrimPrefix(ref, "#/"), "/")
		described = at(d.Whole, where...)
	}
	for name := range at(described, "headers") {
		if header.Get(name) == "" {
			return fmt.Errorf("the header %s is missing", name)
		}
	}
	if described["content"] == nil {
		if len(body) > 0 && status/100 != 3 { // a redirect may have a note with the link
			return fmt.Errorf("a body that is not described: %s", body)
		}
		return nil
	}
	media, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	content := at(described, "content", media)
	if content == nil {
		return fmt.Errorf("the media type %q is not described", media)
	}
	if content["schema"] == nil { // pages and pictures
		return nil
	}
	var value any = string(body)
	if strings.HasSuffix(media, "json") && media != "application/x-ndjson" {
		var err error
		if value, err = jsonschema.UnmarshalJSON(bytes.NewReader(body)); err != nil {
			return err
		}
	}
	return d.check(pointer(append(where, "content", media, "schema")...), value)
}

var inPath = regexp.MustCompile(`\{(\w+)\}`)

// Lint checks what OpenAPI 3.1 demands, that every reference leads somewhere and every component is used, and that the
// examples fit their schemas.
func (d *Document) Lint(t testing.TB) {
	t.Helper()
	if version, _ := d.Whole["openapi"].(string); !strings.HasPrefix(version, "3.1.") {
		t.Errorf("openapi %s", version)
	}
	for _, field := range []string{"title", "version"} {
		if text, _ := at(d.Whole, "info")[field].(string); text == "" {
			t.Errorf("info lacks %s", field)
		}
	}
	used := map[string]bool{}
	for kind, components := range at(d.Whole, "components") {
		for name := range components.(Object) {
			used["#/components/"+kind+"/"+name] = false
		}
	}
	d.walk(t, nil, d.Whole, used)
	secured := func(where string, requirements any) {
		for _, requirement := range listOf(requirements) {
			for name := range requirement.(Object) {
				ref := "#/components/securitySchemes/" + name
				if _, known := used[ref]; !known {
					t.Errorf("%s needs %s, which is not there", where, name)
				}
				used[ref] = true
			}
		}
	}
	secured("the document", d.Whole["security"])
	ids := map[any]bool{}
	for route := range d.Routes() {
		method, path, _ := strings.Cut(route, " ")
		op := d.Operation(method, path)
		if op["operationId"] == nil || ids[op["operationId"]] {
			t.Errorf("%s: operationId %v is missing or there twice", route, op["operationId"])
		}
		ids[op["operationId"]] = true
		for _, m := range inPath.FindAllStringSubmatch(path, -1) {
			if !slices.ContainsFunc(listOf(op["parameters"]), func(p any) bool {
				p2 := p.(Object)
				return p2["name"] == m[1] && p2["in"] == "path" && p2["required"] == true
			}) {
				t.Errorf("%s does not describe {%s}", route, m[1])
			}
		}
		if len(at(op, "responses")) < 2 {
			t.Errorf("%s has %d responses", route, len(at(op, "responses")))
		}
		secured(route, op["security"])
	}
	for ref, used := range used {
		if !used {
			t.Errorf("nothing uses %s", ref)
		}
	}
}

func listOf(v any) []any {
	list, _ := v.([]any)
	return list
}

func (d *Document) walk(t testing.TB, where []string, v any, used map[string]bool) {
	t.Helper()
	if list, ok := v.([]any); ok {
		for i, inner := range list {
			d.walk(t, append(slices.Clone(where), strconv.Itoa(i)), inner, used)
		}
	}
	o, _ := v.(Object)
	if ref, ok := o["$ref"].(string); ok {
		if _, known := used[ref]; !known {
			t.Errorf("%s names %s, which is not there", pointer(where...), ref)
		}
		used[ref] = true
	}
	if o["type"] == "array" && o["items"] == nil {
		t.Errorf("%s is an array of nothing", pointer(where...))
	}
	if o["schema"] != nil { // a parameter, a header or a media type
		examples := map[string]any{}
		if o["example"] != nil {
			examples["example"] = o["example"]
		}
		for name, example := range at(o, "examples") {
			if ref, ok := example.(Object)["$ref"].(string); ok {
				example = at(d.Whole, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
			}
			examples[name] = example.(Object)["value"]
		}
		for name, example := range examples {
			if err := d.check(pointer(append(slices.Clone(where), "schema")...), example); err != nil {
				t.Errorf("the example %s of %s: %v", name, pointer(where...), err)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if name == "example" || name == "value" { // any JSON
			continue
		}
		d.walk(t, append(slices.Clone(where), name), o[name], used)
	}
}
