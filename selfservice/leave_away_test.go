package selfservice

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/web"
)

// Who leaves while the database is away leaves a browser in which nothing is open, and a page that says what is missing. Its
// button ends the session then, whatever became of the cookies.
func TestLeaveWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.register("maria")
	b := newKiosk(t, f, netip.MustParsePrefix("127.0.0.0/8"))
	b.get("/in/maria")
	session := b.cookie("session")
	_, _, body := b.get("/account")
	form := url.Values{web.CSRFField: csrfField.FindStringSubmatch(body)[1:]}
	postgrestest.Exec(t, f.db, `alter table sessions rename to away`)
	r, err := b.client.PostForm(b.address+"/leave", form)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	page := r.Header.Get("Location")
	if r.StatusCode != 303 || !strings.HasPrefix(page, "/leave?") || strings.Contains(page, session) || r.Header.Get("Clear-Site-Data") != `"cache", "cookies", "storage"` {
		t.Errorf("leaving = %d to %q, %v", r.StatusCode, page, r.Header)
	}
	for _, name := range []string{"session", "browser", "person"} {
		if b.cookie(name) != "" {
			t.Errorf("the cookie %s stays", name)
		}
	}
	for range 2 { // and the button, while it is still away
		if status, _, body := b.get(page); status != 200 || !strings.Contains(body, say("web.leave.again_lead")) || strings.Contains(body, "maria") {
			t.Errorf("the page = %d\n%s", status, body)
		}
		_, header, _ := b.postAll(page, "/leave", endOf(t, page))
		page = header.Get("Location")
	}
	postgrestest.Exec(t, f.db, `alter table away rename to sessions`)
	if _, err := f.Peek(f.ctx(), session); err != nil {
		t.Fatalf("the session: %v", err)
	}
	if status, header, _ := b.postAll(page, "/leave", endOf(t, page)); status != 303 || header.Get("Location") != "/leave/done" {
		t.Errorf("the button = %d to %q", status, header.Get("Location"))
	}
	if _, err := f.Peek(f.ctx(), session); err == nil {
		t.Error("the session stays open")
	}
}

func endOf(t *testing.T, page string) url.Values {
	t.Helper()
	u, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	return url.Values{"end": u.Query()["end"]}
}
