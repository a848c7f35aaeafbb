package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"huskyidp/provider"
)

// In a sandbox, and nowhere else, an app registers itself for the health record of invented people.
func TestRegistrationForTheRecord(t *testing.T) {
	t.Parallel()
	for _, isSandbox := range []bool{true, false} {
		b := (&bench{t: t, rules: provider.Rules{Sandbox: isSandbox}}).start(4)
		_, _, err := b.clients.Create(t.Context(), "records", provider.Metadata{ClientName: "Records", Profile: provider.ProfileService, ResourceServer: []string{"https://fhir.example/r4"},
			SmartMetadata: provider.SmartMetadata{FHIRServer: "records"}})
		must(t, err)
		status, _, got := b.registration(http.MethodPost, b.issuer+"/connect/register", "initial-token",
			`{"redirect_uris":["https://app.example/callback"],"scope":"openid launch/patient patient/Observation.rs","profile":"own","audience":["https://other.example"]}`)
		scope, _ := got["scope"].(string)
		switch {
		case isSandbox && (status != http.StatusCreated || got["profile"] != "smart" || !strings.Contains(scope, "patient/Observation.rs") || strings.Contains(toText(got["audience"]), "other")):
			t.Errorf("in a sandbox: %d %v", status, got)
		case !isSandbox && (status != http.StatusBadRequest || got["error"] != "invalid_client_metadata"):
			t.Errorf("elsewhere: %d %v", status, got)
		}
		status, _, got = b.registration(http.MethodPost, b.issuer+"/connect/register", "initial-token", `{"redirect_uris":["https://app.example/callback"],"scope":"openid profile"}`)
		if status != http.StatusCreated || got["profile"] != "partner" {
			t.Errorf("without the record, sandbox %v: %d %v", isSandbox, status, got)
		}
	}
}

func toText(list any) string {
	all, _ := list.([]any)
	var b strings.Builder
	for _, one := range all {
		text, _ := one.(string)
		b.WriteString(text)
	}
	return b.String()
}
