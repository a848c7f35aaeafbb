package provider

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the generated part of docs/integrate.md")

// TestIntegrateDoc holds the lists of docs/integrate.md against the code.
func TestIntegrateDoc(t *testing.T) {
	t.Parallel()
	const path = "../docs/integrate.md"
	const begin, end = "<!-- generated: go test ./provider -run TestIntegrateDoc -update -->\n", "<!-- end -->"
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(doc), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatal("the marks of the generated part are missing")
	}
	want := before + begin + reference() + end + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(doc) != want {
		t.Error("docs/integrate.md is not what the code says; run: go test ./provider -run TestIntegrateDoc -update")
	}
}

// reference lists what the metadata names.
func reference() string {
	m := newMetadata(&Service{clients: &Clients{}, strategy: &strategy{issuer: ""}, locales: []string{"es", "en"}, initialAccessToken: []byte{1}}, nil)
	var b strings.Builder
	b.WriteString("| endpoint | path |\n|---|---|\n")
	encoded, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings and lists
	}
	var members map[string]any
	if err := json.Unmarshal(encoded, &members); err != nil {
		panic(err)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if path, ok := members[name].(string); ok && strings.HasPrefix(path, "/") {
			note := ""
			if name == "registration_endpoint" {
				note = "; closed (404, not in the metadata) unless the operator opens it: section 5"
			}
			fmt.Fprintf(&b, "| `%s` | `%s`%s |\n", name, path, note)
		}
	}
	b.WriteString("\n")
	for _, list := range []struct {
		name   string
		values []string
	}{
		{"Scopes", m.ScopesSupported}, {"Claims", m.ClaimsSupported}, {"Grant types", m.GrantTypesSupported},
		{"Client authentication", m.TokenEndpointAuthMethodsSupported}, {"Response modes", m.ResponseModesSupported},
		{"ID token algorithms", m.IDTokenSigningAlgValuesSupported}, {"Prompts", m.PromptValuesSupported},
	} {
		fmt.Fprintf(&b, "%s: `%s`\n\n", list.name, strings.Join(list.values, "`, `"))
	}
	b.WriteString("| error | when |\n|---|---|\n")
	for _, e := range errorCodes {
		fmt.Fprintf(&b, "| `%s` | %s |\n", e.Code, e.When)
	}
	b.WriteString("\n")
	return b.String()
}
