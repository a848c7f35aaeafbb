package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// importClients runs the command on a file of that content.
func importClients(t *testing.T, env *Environment, stdout *bytes.Buffer, content string) (done struct {
	Created            []struct{ ClientID, ClientSecret string }
	Updated, Unchanged []string
}, err error) {
	t.Helper()
	stdout.Reset()
	if err = (&ClientsImportCmd{File: writeFile(t, content)}).Run(t.Context(), env); err != nil {
		return done, err
	}
	text := strings.NewReplacer("client_id", "ClientID", "client_secret", "ClientSecret").Replace(stdout.String())
	if err := json.Unmarshal([]byte(text), &done); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	return done, nil
}

// What is exported can be imported elsewhere, twice without effect, and holds no secret.
func TestClientsExportAndImport(t *testing.T) {
	env, stdout, _ := commandEnvironment(t)
	const two = `[
  {"client_id": "portal", "client_name": "Portal", "redirect_uris": ["https://portal.example/cb"]},
  {"client_id": "phone", "client_name": "Phone", "application_type": "native", "redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none", "disabled": true}
]`
	first, err := importClients(t, env, stdout, two)
	if err != nil || len(first.Created) != 2 || first.Created[0].ClientSecret == "" || first.Created[1].ClientSecret != "" {
		t.Fatalf("import = %+v, %v, want two clients, one with a secret", first, err)
	}
	again, err := importClients(t, env, stdout, two)
	if err != nil || len(again.Unchanged) != 2 || len(again.Created)+len(again.Updated) != 0 {
		t.Errorf("the same again = %+v, %v, want both unchanged", again, err)
	}
	stdout.Reset()
	if err := (ClientsExportCmd{}).Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	exported := stdout.String()
	if strings.Contains(exported, "secret\"") || strings.Contains(exported, first.Created[0].ClientSecret) || !strings.Contains(exported, `"disabled": true`) {
		t.Errorf("exported %s", exported)
	}
	if same, err := importClients(t, env, stdout, exported); err != nil || len(same.Unchanged) != 2 {
		t.Errorf("importing the export = %+v, %v, want both unchanged", same, err)
	}
	changed, err := importClients(t, env, stdout, strings.Replace(exported, `"Portal"`, `"The portal"`, 1))
	if err != nil || len(changed.Updated) != 1 || changed.Updated[0] != "portal" {
		t.Errorf("a new name = %+v, %v, want portal updated", changed, err)
	}
	other, otherOut, _ := commandEnvironment(t)
	if elsewhere, err := importClients(t, other, otherOut, exported); err != nil || len(elsewhere.Created) != 2 {
		t.Errorf("elsewhere = %+v, %v, want two created", elsewhere, err)
	}
}

// The demo's own apps are at http addresses of this machine, which the command allows nobody: as long as they stay as they
// are, its export can be imported with other changes.
func TestClientsImportLeavesWhatIsUnchanged(t *testing.T) {
	env, stdout, _ := commandEnvironment(t)
	env.ClientRules.InsecureLocal = true
	const two = `[{"client_id": "demo", "client_name": "Demo", "redirect_uris": ["http://localhost:8090/cb"]},
{"client_id": "app", "client_name": "App", "redirect_uris": ["https://app.example/cb"]}]`
	if _, err := importClients(t, env, stdout, two); err != nil {
		t.Fatal(err)
	}
	env.ClientRules.InsecureLocal = false
	stdout.Reset()
	if err := (ClientsExportCmd{}).Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	exported := stdout.String()
	done, err := importClients(t, env, stdout, strings.Replace(exported, `"App"`, `"My app"`, 1))
	if err != nil || len(done.Unchanged) != 1 || len(done.Updated) != 1 {
		t.Errorf("import = %+v, %v, want the demo's app unchanged and the other updated", done, err)
	}
	if _, err := importClients(t, env, stdout, strings.Replace(exported, `"Demo"`, `"Other"`, 1)); err == nil || !strings.Contains(err.Error(), "is not https") {
		t.Errorf("a change of the demo's app: %v, want its address refused", err)
	}
}

// Every mistake is reported with its line and member, and one is enough to change nothing.
func TestClientsImportTellsMistakes(t *testing.T) {
	env, stdout, _ := commandEnvironment(t)
	const good = `{"client_id": "good", "client_name": "Good", "redirect_uris": ["https://good.example/cb"]}`
	for name, test := range map[string]struct{ content, want string }{
		"no array":         {`{"client_id": "x"}`, "line 1: this is not a JSON array"},
		"broken":           {"[\n" + good + ",\n{]", "line 3: the JSON is not well-formed"},
		"a member twice":   {`[{"client_id": "x", "client_name": "X", "client_name": "Y"}]`, "line 1: client 1: client_name: appears twice"},
		"no language":      {`[{"client_id": "x", "client_name#fr": "X"}]`, "they have en and es"},
		"unknown member":   {"[\n" + good + ",\n{\"client_id\": \"x\", \"redirect_uri\": \"https://x.example\"}]", "line 3: client 2: redirect_uri: is not a member of a registration: did you mean redirect_uris?"},
		"a secret":         {"[{\"client_id\": \"x\", \"client_secret\": \"hunter2\"}]", "client_secret: is drawn here"},
		"wrong type":       {"[{\"client_id\": \"x\", \"redirect_uris\": \"https://x.example\"}]", "redirect_uris: is an array of strings"},
		"wrong address":    {"[\n" + good + ",\n\n{\"client_id\": \"x\", \"client_name\": \"X\", \"redirect_uris\": [\"http://x.example\"]}]", "line 4: client 2 (x): redirect_uris:"},
		"no client_id":     {`[{"client_name": "X", "redirect_uris": ["https://x.example"]}]`, "line 1: client 1 (): client_id:"},
		"a hyphen first":   {`[{"client_id": "-app", "client_name": "X", "redirect_uris": ["https://x.example"]}]`, "client_id: must have 1 to 64 visible ASCII characters, the first of them not a hyphen"},
		"twice":            {"[\n" + good + ",\n" + good + "]", "line 3: client 2 (good): client_id: comes twice"},
		"certification":    {`[{"client_id": "x", "client_name": "X", "profile": "certification", "redirect_uris": ["https://x.example"]}]`, "client 1 (x): profile:"},
		"two of the three": {"[" + good + `,{"client_id": "a b"},` + "\n" + `{"client_id": "c"}]`, "line 2: client 3 (c): client_name:"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := importClients(t, env, stdout, test.content); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("import = %v, want %q", err, test.want)
			}
		})
	}
	stdout.Reset()
	if err := (ClientsExportCmd{}).Run(t.Context(), env); err != nil || strings.TrimSpace(stdout.String()) != "[]" {
		t.Errorf("after mistakes there are %s (%v)", stdout, err)
	}
}

// A developer reads the number on the page to the operator, who finds the request by it.
func TestClientsErrors(t *testing.T) {
	env, stdout, _ := commandEnvironment(t)
	if _, err := importClients(t, env, stdout, `[{"client_id": "portal", "client_name": "Portal", "redirect_uris": ["https://portal.example/cb"]}]`); err != nil {
		t.Fatal(err)
	}
	_, err := env.DB.From(t.Context()).Exec(t.Context(), `insert into client_errors (client_id, at, request_id, endpoint, error, description, sent) values
		('portal', '2026-11-28T12:00:00Z', 'number1', '/authorize', 'invalid_request', 'one', 'redirect_uri="x"'),
		('portal', '2026-11-28T12:00:01Z', 'number2', '/token', 'invalid_client', 'two', 'grant_type="authorization_code" code')`)
	if err != nil {
		t.Fatal(err)
	}
	for id, lines := range map[string]int{"": 3, "number1": 2, "number9": 1} {
		stdout.Reset()
		if err := (&ClientsErrorsCmd{ID: "portal", RequestID: id}).Run(t.Context(), env); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(stdout.String(), "\n"); got != lines {
			t.Errorf("number %q: %d lines, want %d: %s", id, got, lines, stdout)
		}
	}
	if err := (&ClientsErrorsCmd{ID: "nobody"}).Run(t.Context(), env); err == nil {
		t.Error("errors of an unknown client: no error")
	}
}
