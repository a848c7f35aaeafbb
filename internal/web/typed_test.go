package web

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestUnseen: what a paste brings along unseen is dropped in every field of a page, and kept
// in a password; what an app sends is not touched.
func TestUnseen(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	typed := "\ufeffMa\u00adr\u200b\u200e\u202a\u2066í\u2069a\ufe0f\u3164"
	w := s.do("POST", "/echo", form("csrf", s.token(), "name", typed, "new_password", typed))
	if body := w.Body.String(); !strings.Contains(body, `"name":["María"]`) || strings.Count(body, "Ma\u00adr") != 1 {
		t.Errorf("the form is %s", body)
	}
}

func FuzzUnseen(f *testing.F) {
	for _, seed := range []string{"María José", "\u200bO\u2019Brien\u200f", "a\u0301", "👩\u200d👧", "", "\ufeff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if !utf8.ValidString(typed) {
			return // refused before
		}
		values := url.Values{"name": {typed}, "password": {typed}}
		dropUnseen(values)
		once := values.Get("name")
		dropUnseen(values)
		if values.Get("name") != once || values.Get("password") != typed || len(once) > len(typed) || strings.IndexFunc(once, unseen) >= 0 {
			t.Errorf("%q became %q, then %q", typed, once, values.Get("name"))
		}
	})
}
