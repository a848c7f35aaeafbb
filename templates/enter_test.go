package templates

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	formPart   = regexp.MustCompile(`(?s)<form [^>]*>.*?</form>`)
	typedInto  = regexp.MustCompile(`<input [^>]*type="(text|email|password|tel|search|number)"`)
	pressables = regexp.MustCompile(`(?s)<button([^>]*)>`)
	sentValue  = regexp.MustCompile(` name="[^"]*" value="[^"]*"`)
)

// Enter in a field presses the first button of its form in the order of the document (HTML 4.10.21.2). That must be the
// main one, which reads what was typed, and not one that does something else with the form.
func TestEnterPressesTheMainButton(t *testing.T) {
	s := load(t)
	value := func(attributes string) string { return sentValue.FindString(attributes) }
	for _, c := range pageCases() {
		body, err := s.Page("es", c.name, c.layout, c.page)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range formPart.FindAllString(string(body), -1) {
			if !typedInto.MatchString(form) {
				continue
			}
			var submits []string
			for _, m := range pressables.FindAllStringSubmatch(form, -1) {
				if !strings.Contains(m[1], `type="button"`) && !strings.Contains(m[1], ` form="`) {
					submits = append(submits, m[1])
				}
			}
			main := slices.IndexFunc(submits, func(attributes string) bool { return strings.Contains(attributes, `class="primary"`) })
			if main > 0 && value(submits[0]) != value(submits[main]) || main < 0 && len(submits) > 1 {
				t.Errorf("%s %s: Enter presses <button%s>, of %d", c.name, c.state, submits[0], len(submits))
			}
		}
	}
}
