package admin

import (
	"net/http"
	"strings"
	"testing"

	"huskyidp/templates"
)

// A search that leads to no member is answered by a redirect, so that Back posts nothing again. What was typed is in the form, and in no
// address that can be read; the redirect is no search of its own.
func TestSearchComesBackByAGet(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.fresh(v.rosa))
	v.get("/search")
	for what, c := range map[string]struct {
		fields []string
		code   int
		want   []string
	}{
		"nobody":      {[]string{"q", "maria.lopes"}, http.StatusOK, []string{v.text("admin.search.none", nil), `value="maria.lopes"`}},
		"empty":       {[]string{"q", " "}, http.StatusUnprocessableEntity, []string{v.text("admin.search.missing", nil)}},
		"a colleague": {[]string{"q", "luis"}, http.StatusForbidden, []string{v.text("admin.act.self", nil), `value="luis"`}},
		"no such name": {[]string{"by", "name", "first_name", "Zoila", "last_name", "Lopes", "birth_month", "3", "birth_day", "14", "birth_year", "1984"}, http.StatusOK,
			[]string{v.text("admin.search.none_name", nil), `value="Zoila"`, `value="Lopes"`, `class="byname" open`}},
		"half a name": {[]string{"by", "name", "first_name", "Zoila"}, http.StatusUnprocessableEntity, []string{`value="Zoila"`, `class="byname" open`}},
	} {
		w := v.post("/search", c.fields...)
		to := w.Header().Get("Location")
		if w.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/search?") || strings.Contains(to, "opes") || strings.Contains(to, "oila") || strings.Contains(to, "luis") {
			t.Errorf("%s: %d to %s", what, w.Code, to)
			continue
		}
		before, _, _ := v.limiter.Left(t.Context(), lookups, v.rosa.ID.String(), v.now())
		page := v.get(to)
		for _, want := range c.want {
			if page.Code != c.code || !strings.Contains(page.Body.String(), want) {
				t.Errorf("%s: %d without %q", what, page.Code, want)
			}
		}
		if after, _, _ := v.limiter.Left(t.Context(), lookups, v.rosa.ID.String(), v.now()); after != before {
			t.Errorf("%s: the redirect took a search", what)
		}
		if other := v.get(strings.Split(to, "refused=")[0]).Body.String(); strings.Contains(other, v.text("admin.search.none", nil)) || strings.Contains(other, v.text("admin.search.none_name", nil)) {
			t.Errorf("%s: an address alone says what came of a search", what)
		}
	}
	for range int(lookups.Count) {
		_ = v.limiter.Take(t.Context(), lookups, v.rosa.ID.String(), v.now())
	}
	page := v.get(v.post("/search", "q", "maria").Header().Get("Location"))
	if said := v.text("admin.search.limit", templates.Args{"time": lookups.Per}); page.Code != http.StatusTooManyRequests || !strings.Contains(page.Body.String(), said) {
		t.Errorf("the limit: %d\n%s", page.Code, page.Body)
	}
}
