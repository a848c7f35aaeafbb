package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"huskyidp/provider"
)

// TestRegistrationsOfTheDocs: each registration that README and docs/integrate.md show can be copied, and one of them is a partner's.
func TestRegistrationsOfTheDocs(t *testing.T) {
	shown := regexp.MustCompile(`(?s)echo '(\{.*?\})' \| idp clients create -`)
	for path, least := range map[string]int{"../../README.md": 2, "../../docs/integrate.md": 4} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found, partners := shown.FindAllStringSubmatch(string(text), -1), 0
		for _, m := range found {
			env, stdout, _ := commandEnvironment(t)
			if err := (&ClientsCreateCmd{File: writeFile(t, m[1])}).Run(t.Context(), env); err != nil {
				t.Errorf("%s: %s: %v", path, m[1], err)
				continue
			}
			var made clientDocument
			if err := json.Unmarshal(stdout.Bytes(), &made); err != nil || made.ClientID == "" || made.ClientSecret == "" {
				t.Errorf("%s: %s: %v", path, stdout, err)
			}
			if made.Profile == provider.ProfilePartner && made.OperatorName != "" && !strings.Contains(strings.Join(made.Scope, " "), "husky.member") {
				partners++
			}
		}
		if len(found) < least || partners != 1 {
			t.Errorf("%s shows %d registrations, %d of partners", path, len(found), partners)
		}
	}
}
