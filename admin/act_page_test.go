package admin

import (
	"net/http"
	"strings"
	"testing"
)

// A new address one slip away from a well-known domain is asked about, with what was typed kept, before a second person is asked.
func TestLikelyEmailAtTheDesk(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.rosa)
	v.verifies("method", "in_person", "do", "save")
	path := "/members/" + v.maria.ID.String() + "/acts/change_email"
	send := func(meant string) (code int, body string) {
		page := v.get(path)
		w := v.post(path, "version", v.value(page, "version"), "key", v.value(page, "key"), "email", "maria@gmial.com", "meant", meant,
			"reason", "La persona vino con su tarjeta", "ticket", "HD-1")
		return w.Code, w.Body.String()
	}
	if code, body := send(""); code != http.StatusUnprocessableEntity || !strings.Contains(body, `name="meant" value="maria@gmail.com"`) ||
		!strings.Contains(body, "vino con su tarjeta") || strings.Contains(body, `id="summary"`) {
		t.Errorf("the address with a slip = %d, want a question\n%s", code, body)
	}
	if n := v.count(`select count(*) from desk_requests`); n != 0 {
		t.Fatal("a second person is asked before the answer")
	}
	if code, body := send("maria@gmail.com"); code != http.StatusSeeOther || v.count(`select count(*) from desk_requests`) != 1 {
		t.Errorf("the answer = %d\n%s", code, body)
	}
}
