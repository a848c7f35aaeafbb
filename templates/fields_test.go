package templates

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// TestTypedFields: every field that is typed into says what a phone's keyboard may do with
// it: nothing that a member did not type gets into a name, a number or a code.
func TestTypedFields(t *testing.T) {
	t.Parallel()
	field := regexp.MustCompile(`(?s)<(?:input|textarea)\b.*?>`)
	not := regexp.MustCompile(`type="(?:hidden|checkbox|radio|date)"|(?: hidden| aria-hidden="true"|class="hidden")`)
	found := 0
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".html") {
			return err
		}
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		for _, one := range field.FindAllString(string(text), -1) {
			if not.MatchString(one) {
				continue
			}
			found++
			for _, attribute := range []string{`autocomplete="`, `autocorrect="off"`, `autocapitalize="`, `spellcheck="`} {
				if !strings.Contains(one, attribute) {
					t.Errorf("%s: no %s in %.120s", path, attribute, one)
				}
			}
		}
		return nil
	})
	if err != nil || found < 15 {
		t.Errorf("%d fields, %v", found, err)
	}
}
