package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFilesAreInRooms: every file begins with the name of a room that doc.go lists.
func TestFilesAreInRooms(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, list, found := strings.Cut(string(doc), "// # Rooms\n")
	list, _, ended := strings.Cut(list, "// # ")
	if !found || !ended {
		t.Fatal("doc.go has no section Rooms")
	}
	rooms := map[string]bool{"doc": true, "deps": true, "handler": true}
	for _, line := range regexp.MustCompile(`(?m)^//\t([a-z]+) `).FindAllStringSubmatch(list, -1) {
		rooms[line[1]] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, file := range files {
		room, _, _ := strings.Cut(strings.TrimSuffix(strings.TrimSuffix(file, ".go"), "_test"), "_")
		used[room] = true
		if !rooms[room] {
			t.Errorf("%s begins with the name of no room in doc.go", file)
		}
	}
	for room := range rooms {
		if !used[room] {
			t.Errorf("no file begins with %s", room)
		}
	}
}
