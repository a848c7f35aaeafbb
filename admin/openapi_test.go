package admin

import (
	"encoding/json"
	"flag"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/audit"
	"huskyidp/internal/openapi"
	"huskyidp/internal/openapi/openapitest"
)

var updateDocument = flag.Bool("update", false, "rewrite openapi.json")

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
	openapitest.Read(t, openAPI(deskBase)).Lint(t)
}

// TestDocumentRoutes holds document and routes together, both ways.
func TestDocumentRoutes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	described := openapitest.Read(t, b.call("GET", "/openapi.json", "", nil).Body.Bytes()).Routes()
	for _, route := range b.handler.(*gin.Engine).Routes() {
		name := route.Method + " " + openapi.Path(route.Path)
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

// hold checks an answer against what the document says of it.
func hold(t *testing.T, d *openapitest.Document, e endpoint, w *httptest.ResponseRecorder) {
	t.Helper()
	if err := d.Answer(e.method, openapi.Path(APIPath+e.path), w.Code, w.Header(), w.Body.Bytes()); err != nil {
		t.Errorf("%s %s %d: %v\n%s", e.method, e.path, w.Code, err, w.Body)
	}
}

// TestDocumentFields calls everything as it should be called, and holds fields, types and statuses of what is sent and what
// comes against the document, both ways.
func TestDocumentFields(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := openapitest.Read(t, openAPI(deskBase))
	for range 5 {
		b.people.Authenticate(t.Context(), attempt("maria"))
	}
	everything := b.person("all", Read, Recover, Approve, Admin, Audit)
	token := b.access(everything, nil)
	b.verify(everything, b.maria.ID, InPerson)
	asked := b.askEmail()
	matter := b.refer("a", "password", "es")
	b.raise(audit.Event{Kind: audit.CodeReplayed})
	seen := map[string]bool{}
	for _, e := range endpoints() {
		id := b.idOf(e)
		if strings.HasPrefix(e.path, "/approvals") {
			id = asked.RequestID.String()
		}
		body := b.sample(e)
		if e.act == ApproveAct { // the member has not changed since; one of a kind at a time
			b.exec(`update desk_requests set decision = 'withdrawn', decided_by = asked_by, decided_at = asked_at where decided_at is null`)
			asked = b.askEmail()
			id = asked.RequestID.String()
		}
		w := b.call(e.method, e.at(id, matter), token, body)
		if w.Code >= 500 || w.Code == 400 || w.Code == 415 {
			t.Errorf("%s %s = %d %s", e.method, e.path, w.Code, w.Body)
		}
		hold(t, d, e, w)
		seen[strconv.Itoa(w.Code)] = true
		if body == nil {
			continue
		}
		var sent any
		text := must[[]byte](t)(json.Marshal(body))
		if err := json.Unmarshal(text, &sent); err != nil {
			t.Fatal(err)
		}
		path := openapi.Path(APIPath + e.path)
		if err := d.Body(e.method, path, "application/json", sent); err != nil {
			t.Errorf("%s %s: %v", e.method, e.path, err)
		}
		parameters, _ := d.Operation(e.method, path)["parameters"].([]any)
		if e.once != slices.ContainsFunc(parameters, func(p any) bool {
			p2 := p.(object)
			return p2["name"] == "Idempotency-Key" && p2["required"] == true
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
