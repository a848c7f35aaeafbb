package provider_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/openapi"
	"huskyidp/internal/openapi/openapitest"
	"huskyidp/provider"
)

func (b *bench) document() *openapitest.Document {
	b.t.Helper()
	return openapitest.Read(b.t, []byte(b.browser().get("/openapi.json").body))
}

// TestOpenAPIFile keeps the document beside the code, for readers and tools, as a deployment with all endpoints serves it.
func TestOpenAPIFile(t *testing.T) {
	t.Parallel()
	b := newBenchIn(t, 4, mutualTLS(newAuthority(t)))
	p := b.browser().get("/openapi.json")
	var made bytes.Buffer
	must(t, json.Indent(&made, []byte(strings.ReplaceAll(p.body, b.issuer, "https://idp.example")), "", "  "))
	made.WriteByte('\n')
	if flag.Lookup("update").Value.String() == "true" {
		must(t, os.WriteFile("openapi.json", made.Bytes(), 0o644))
	}
	if file, err := os.ReadFile("openapi.json"); err != nil || !bytes.Equal(file, made.Bytes()) {
		t.Errorf("openapi.json is not what is served (%v): go test ./provider -run TestOpenAPIFile -update", err)
	}
	b.document().Lint(t)
	if p.header.Get("Cache-Control") != "public, max-age=3600" || p.header.Get("Access-Control-Allow-Origin") != "*" || p.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", p.header)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.issuer+"/openapi.json", nil)
	must(t, err)
	r.Header.Set("If-None-Match", p.header.Get("ETag"))
	before := b.trips.Total()
	if again := b.browser().do(r); again.status != http.StatusNotModified || again.body != "" || b.trips.Total() != before {
		t.Errorf("with its ETag: %d", again.status)
	}
	for _, code := range provider.ErrorCodes() {
		if strings.Count(p.body, code) < 2 { // the list of codes, and an endpoint that has it
			t.Errorf("no endpoint has the error %s", code)
		}
	}
	without := newBenchIn(t, 4, func(_ *bench, d *provider.Deps) { d.InitialAccessToken = "" })
	plain := without.document()
	plain.Lint(t)
	if text := without.browser().get("/openapi.json").body; strings.Contains(text, "/connect/register") || strings.Contains(text, "mutualTLS") {
		t.Error("a deployment without registration and certificates describes them")
	}
}

// TestOpenAPIRoutes compares the document with the routes, both ways. A route is for programs if errors at its address are JSON,
// or if other sites may post to it.
func TestOpenAPIRoutes(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	engine := b.instance().engine.(*gin.Engine)
	try := func(method, path, site string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, b.issuer+path, nil)
		if site != "" {
			r.Header.Set("Sec-Fetch-Site", site)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		w := httptest.NewRecorder()
		engine.ServeHTTP(w, r)
		return w
	}
	described := b.document().Routes()
	entries := map[string]bool{}
	for _, route := range engine.Routes() {
		if route.Method == http.MethodPost && try("POST", route.Path, "cross-site").Code != http.StatusForbidden {
			entries[route.Path] = true
		}
	}
	n := 0
	for _, route := range engine.Routes() {
		json := strings.HasPrefix(try("BREW", route.Path, "").Header().Get("Content-Type"), "application/json")
		if route.Method == http.MethodOptions || !json && !entries[route.Path] {
			continue
		}
		n++
		name := route.Method + " " + openapi.Path(route.Path)
		if !described[name] {
			t.Errorf("%s is not in the document", name)
		}
		delete(described, name)
	}
	for name := range described {
		t.Errorf("%s is in the document alone", name)
	}
	if n < 20 {
		t.Errorf("%d routes for programs: the test does not find them", n)
	}
}

// TestOpenAPIGrants: each grant type has a form of its own, and the document's list is the metadata's.
func TestOpenAPIGrants(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	d := b.document()
	var metadata map[string]any
	must(t, json.Unmarshal([]byte(b.browser().get("/.well-known/openid-configuration").body), &metadata))
	schema := d.Operation("POST", "/token")["requestBody"].(map[string]any)["content"].(map[string]any)["application/x-www-form-urlencoded"].(map[string]any)["schema"].(map[string]any)
	mapping := schema["discriminator"].(map[string]any)["mapping"].(map[string]any)
	var listed []string
	for _, grant := range metadata["grant_types_supported"].([]any) {
		listed = append(listed, grant.(string))
		if mapping[grant.(string)] == nil {
			t.Errorf("%s has no form", grant)
		}
	}
	for grant := range mapping {
		if !slices.Contains(listed, grant) {
			t.Errorf("%s has a form alone", grant)
		}
	}
	for name, fields := range map[string]map[string]any{
		"no grant type":          {"code": "c"},
		"an unknown grant type":  {"grant_type": "password"},
		"a code without its own": {"grant_type": "authorization_code", "redirect_uri": "https://app.example/"},
		"a member of another":    {"grant_type": "refresh_token", "refresh_token": "r", "code": "c"},
	} {
		if d.Body("POST", "/token", "application/x-www-form-urlencoded", fields) == nil {
			t.Errorf("%s fits the document", name)
		}
	}
}
