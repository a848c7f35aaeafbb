package admin

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

var updateDocument = flag.Bool("update", false, "rewrite openapi.json")

// document is the OpenAPI document as served.
type document struct {
	OpenAPI    string `json:"openapi"`
	Paths      map[string]map[string]operation
	Components struct {
		Schemas   map[string]map[string]any
		Responses map[string]any
	}
	whole map[string]any
}

type operation struct {
	OperationID string
	Parameters  []struct {
		Name, In string
		Required bool
	}
	RequestBody *struct {
		Content map[string]struct{ Schema map[string]any }
	}
	Responses map[string]struct {
		Ref     string `json:"$ref"`
		Content map[string]struct{ Schema map[string]any }
	}
}

func readDocument(t *testing.T, text []byte) (d document) {
	t.Helper()
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d.whole); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDocumentFile keeps the file that readers and tools find beside the code.
func TestDocumentFile(t *testing.T) {
	t.Parallel()
	made := openAPI(deskBase)
	if *updateDocument {
		if err := os.WriteFile("openapi.json", made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if file, err := os.ReadFile("openapi.json"); err != nil || string(file) != string(made) {
		t.Errorf("openapi.json is not what is served (%v): go test ./admin -run DocumentFile -update", err)
	}
}

// TestDocumentStructure lints: what OpenAPI 3.1 demands, and that nothing hangs in the air.
func TestDocumentStructure(t *testing.T) {
	t.Parallel()
	d := readDocument(t, openAPI(deskBase))
	if !strings.HasPrefix(d.OpenAPI, "3.1.") {
		t.Errorf("openapi %s", d.OpenAPI)
	}
	info, _ := d.whole["info"].(map[string]any)
	for _, field := range []string{"title", "version"} {
		if info[field] == "" || info[field] == nil {
			t.Errorf("info lacks %s", field)
		}
	}
	known := map[string]bool{}
	for name := range d.Components.Schemas {
		known["#/components/schemas/"+name] = false
	}
	for name := range d.Components.Responses {
		known["#/components/responses/"+name] = false
	}
	var walk func(where string, v any)
	walk = func(where string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				if _, exists := known[ref]; !exists {
					t.Errorf("%s names %s, which is not there", where, ref)
				}
				known[ref] = true
			}
			if v["type"] == "array" && v["items"] == nil {
				t.Errorf("%s is an array of nothing", where)
			}
			for name, inner := range v {
				walk(where+"/"+name, inner)
			}
		case []any:
			for i, inner := range v {
				walk(fmt.Sprint(where, "/", i), inner)
			}
		}
	}
	walk("", d.whole)
	for ref, used := range known {
		if !used {
			t.Errorf("nothing uses %s", ref)
		}
	}
	names := map[string]bool{}
	inPath := regexp.MustCompile(`\{(\w+)\}`)
	for path, methods := range d.Paths {
		for method, op := range methods {
			if op.OperationID == "" || names[op.OperationID] {
				t.Errorf("%s %s: operationId %q is missing or there twice", method, path, op.OperationID)
			}
			names[op.OperationID] = true
			for _, m := range inPath.FindAllStringSubmatch(path, -1) {
				if !slices.ContainsFunc(op.Parameters, func(p struct {
					Name, In string
					Required bool
				}) bool {
					return p.Name == m[1] && p.In == "path" && p.Required
				}) {
					t.Errorf("%s %s does not describe {%s}", method, path, m[1])
				}
			}
			if len(op.Responses) < 2 {
				t.Errorf("%s %s has %d responses", method, path, len(op.Responses))
			}
		}
	}
}

// TestDocumentRoutes holds document and routes together, both ways.
func TestDocumentRoutes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := readDocument(t, b.call("GET", "/openapi.json", "", nil).Body.Bytes())
	described := map[string]bool{}
	for path, methods := range d.Paths {
		for method := range methods {
			described[strings.ToUpper(method)+" "+path] = true
		}
	}
	parameter := regexp.MustCompile(`:(\w+)`)
	for _, route := range b.handler.(*gin.Engine).Routes() {
		name := route.Method + " " + parameter.ReplaceAllString(route.Path, "{$1}")
		if name == "GET "+APIPath+"/openapi.json" {
			continue
		}
		if !described[name] {
			t.Errorf("%s is not in the document", name)
		}
		delete(described, name)
	}
	for name := range described {
		t.Errorf("%s is in the document alone", name)
	}
}

// conforms says where a value departs from a schema; "" if nowhere. It knows what our document uses.
func (d *document) conforms(where string, schema map[string]any, v any) string {
	if ref, ok := schema["$ref"].(string); ok {
		return d.conforms(where, d.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")], v)
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, v) {
		return fmt.Sprintf("%s is %v, none of %v", where, v, enum)
	}
	switch schema["type"] {
	case "object":
		o, ok := v.(map[string]any)
		if !ok {
			return where + " is not an object"
		}
		properties, _ := schema["properties"].(map[string]any)
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, there := o[name.(string)]; !there {
				return fmt.Sprintf("%s lacks %s", where, name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(o)) {
			inner, known := properties[name].(map[string]any)
			if !known {
				return fmt.Sprintf("%s also has %s", where, name)
			}
			if wrong := d.conforms(where+"."+name, inner, o[name]); wrong != "" {
				return wrong
			}
		}
	case "array":
		list, ok := v.([]any)
		if !ok {
			return where + " is not an array"
		}
		for i, inner := range list {
			if wrong := d.conforms(fmt.Sprintf("%s[%d]", where, i), schema["items"].(map[string]any), inner); wrong != "" {
				return wrong
			}
		}
	case "string":
		s, ok := v.(string)
		if !ok {
			return where + " is not a string"
		}
		var err error
		switch schema["format"] {
		case "uuid":
			_, err = uuid.Parse(s)
		case "date-time":
			_, err = time.Parse(time.RFC3339, s)
		}
		if err != nil {
			return where + " is no " + schema["format"].(string)
		}
	case "integer":
		if n, ok := v.(float64); !ok || n != float64(int(n)) {
			return where + " is not an integer"
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return where + " is not a boolean"
		}
	default:
		return where + " has a schema that this test does not know"
	}
	return ""
}

// hold checks an answer against what the document says of it.
func (d *document) hold(t *testing.T, e endpoint, w *httptest.ResponseRecorder) {
	t.Helper()
	op, ok := d.Paths[pathParameter.ReplaceAllString(APIPath+e.path, "{$1}")][strings.ToLower(e.method)]
	if !ok {
		t.Fatalf("%s %s is not described", e.method, e.path)
	}
	described, ok := op.Responses[strconv.Itoa(w.Code)]
	if !ok {
		t.Errorf("%s %s answers %d, which is not described: %s", e.method, e.path, w.Code, w.Body)
		return
	}
	media, schema := "application/problem+json", map[string]any{"$ref": "#/components/schemas/Problem"}
	if described.Ref == "" {
		for kind, content := range described.Content {
			media, schema = kind, content.Schema
		}
	}
	if got, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";"); got != media {
		t.Errorf("%s %s %d is %s, want %s", e.method, e.path, w.Code, got, media)
		return
	}
	if media == "application/x-ndjson" {
		return
	}
	var v any
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Errorf("%s %s %d: %v", e.method, e.path, w.Code, err)
		return
	}
	if wrong := d.conforms("the answer", schema, v); wrong != "" {
		t.Errorf("%s %s %d: %s\n%s", e.method, e.path, w.Code, wrong, w.Body)
	}
}

// TestDocumentFields calls everything as it should be called, and holds fields, types and statuses of what is sent and what
// comes against the document, both ways.
func TestDocumentFields(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := readDocument(t, openAPI(deskBase))
	for range 5 {
		b.people.Authenticate(t.Context(), attempt("maria"))
	}
	everything := b.person("all", Read, Recover, Approve, Admin, Audit)
	token := b.access(everything, nil)
	b.verify(everything, b.maria.ID, InPerson)
	asked := b.askEmail()
	matter := b.refer("a", "password", "es")
	seen := map[string]bool{}
	for _, e := range endpoints() {
		id := b.maria.ID
		if strings.HasPrefix(e.path, "/approvals") {
			id = asked.RequestID
		}
		body := b.sample(e)
		if e.act == ApproveAct { // the member has not changed since
			asked = b.askEmail()
			id = asked.RequestID
		}
		w := b.call(e.method, e.at(id.String(), matter), token, body)
		if w.Code >= 500 || w.Code == 400 || w.Code == 415 {
			t.Errorf("%s %s = %d %s", e.method, e.path, w.Code, w.Body)
		}
		d.hold(t, e, w)
		seen[strconv.Itoa(w.Code)] = true
		if body == nil {
			continue
		}
		var sent any
		text := must[[]byte](t)(json.Marshal(body))
		if err := json.Unmarshal(text, &sent); err != nil {
			t.Fatal(err)
		}
		op := d.Paths[pathParameter.ReplaceAllString(APIPath+e.path, "{$1}")][strings.ToLower(e.method)]
		if wrong := d.conforms("the body", op.RequestBody.Content["application/json"].Schema, sent); wrong != "" {
			t.Errorf("%s %s: %s", e.method, e.path, wrong)
		}
		if e.once != slices.ContainsFunc(op.Parameters, func(p struct {
			Name, In string
			Required bool
		}) bool {
			return p.Name == "Idempotency-Key" && p.Required
		}) {
			t.Errorf("%s %s: the document and the handler disagree on the Idempotency-Key", e.method, e.path)
		}
	}
	for _, status := range []string{"200", "202", "409"} {
		if !seen[status] {
			t.Errorf("the test saw no %s", status)
		}
	}
}
