package templates

import (
	"html/template"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The button that Enter presses is the first that sends the form, with its name and value; only a form with fields has one.
func TestTyping(t *testing.T) {
	t.Parallel()
	const form = `<p>…</p><form method="post" action="/x" id="page-form" novalidate><input type="hidden" name="csrf" value="t">`
	for main, want := range map[string]*Hidden{
		`<p>no form</p>`: nil,
		form + `<button id="next">Next</button></form><input id="elsewhere">`:                                                     nil,
		form + `<input id="a" name="a"><button class="primary" id="next">Next</button></form>`:                                    {},
		form + `<select name="a"></select><button class="primary" name="act" value="a &amp; b">Next</button></form>`:              {"act", "a & b"},
		form + `<textarea></textarea><button type="button" name="show" value="1"></button><button name="do" value="x">x</button>`: {"do", "x"},
		form + `<input type="checkbox" id="a"><button type="button">Passkey</button></form><button name="other">x</button>`:       {},
	} {
		if diff := cmp.Diff(want, typing(template.HTML(main))); diff != "" { // #nosec G203 -- constants
			t.Errorf("%s:\n%s", main, diff)
		}
	}
}
