package templates

import (
	"strings"
	"testing"
)

// TestPartsAreEscapedOnce: no part is called both between elements and inside of a tag. For the tag html/template copies it, and the copy
// of one that another page has used before would be escaped twice.
func TestPartsAreEscapedOnce(t *testing.T) {
	s := loadAll(t)
	for _, c := range pageCases() {
		if _, err := s.Page(DefaultLanguage, c.name, c.layout, c.page); err != nil {
			t.Fatal(err)
		}
	}
	between, inside := map[string]bool{}, map[string]bool{}
	for _, part := range s.mails[DefaultLanguage].Templates() { // all of the set
		if part.Tree == nil {
			continue
		}
		for call := range calls(part.Tree) {
			if name, _, isCopy := strings.Cut(call.Name, "$"); isCopy {
				inside[name] = true
			} else {
				between[name] = true
			}
		}
	}
	for name := range inside {
		if between[name] {
			t.Errorf("%s is called between elements and inside of a tag", name)
		}
	}
	if len(between) < 30 || len(inside) == 0 {
		t.Errorf("%d parts are called between elements, %d inside of tags", len(between), len(inside))
	}
}
