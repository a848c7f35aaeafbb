package provider

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestErrorCodes holds what /developers and docs/integrate.md say against the errors that
// the code makes.
func TestErrorCodes(t *testing.T) {
	t.Parallel()
	inside := []string{"not_found", "jti_known", "invalidated_authorize_code", "inactive_token", "token_expired", "invalid_token_format"} // fosite's words among its own parts
	made := map[string]bool{"invalid_token": true, "insufficient_scope": true, "invalid_redirect_uri": true, "invalid_client_metadata": true,
		"unsupported_response_type": true, // the last is fosite's alone
		"temporarily_unavailable":   true} // package web's, as is server_error
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`fosite\.Err(\w+)|ErrorField:\s*"(\w+)"|ours\("(\w+)"`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range code.FindAllStringSubmatch(string(text), -1) {
			made[snake(m[1])+m[2]+m[3]] = true
		}
	}
	var listed []string
	for _, e := range errorCodes {
		listed = append(listed, e.Code)
		if !made[e.Code] {
			t.Errorf("%s is listed, and nothing makes it", e.Code)
		}
	}
	for i, e := range errorCodesES {
		if i >= len(listed) || e.Name != listed[i] {
			t.Errorf("in Spanish %s is in the place of %s in English", e.Name, listed[min(i, len(listed)-1)])
		}
	}
	if len(errorCodesES) != len(listed) {
		t.Errorf("%d errors in Spanish, %d in English", len(errorCodesES), len(listed))
	}
	for name := range made {
		if !slices.Contains(listed, name) && !slices.Contains(inside, name) {
			t.Errorf("%s is made, and not listed", name)
		}
	}
}

// snake turns the name of fosite's variable into the error's.
func snake(name string) string {
	words := regexp.MustCompile(`URI|JTI|[A-Z][a-z]+`).FindAllString(name, -1)
	return strings.ToLower(strings.Join(words, "_"))
}
