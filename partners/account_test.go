package partners

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"huskyidp/internal/audit"
	"huskyidp/internal/ratelimit"
)

// TestJoin: an address gets a link, which works once and for an hour, and a passkey; then the passkey alone opens the area.
func TestJoin(t *testing.T) {
	t.Parallel()
	a := newArea(t)
	eva := a.joins("eva@diary.example", "Diary  Inc.")
	eva.shows(eva.get("/people"), http.StatusOK, "eva@<wbr>diary.example", "Diary Inc.")
	used := a.link()
	b := a.browser()
	b.shows(b.get(used), http.StatusGone, "This link does not work")
	if w := b.post(strings.Replace(used, "/link?", "/link/options?", 1)); w.Code == http.StatusOK {
		t.Errorf("a used link asks for a passkey: %d", w.Code)
	}

	other := eva.browser()
	other.device = eva.device // the passkey in another browser
	other.leads(other.signsIn(), "/home")
	stranger := a.browser()
	stranger.device.User = []byte("nobody's handle.")
	stranger.shows(stranger.signsIn(), http.StatusUnprocessableEntity, "not accepted")
	if a.noted(audit.PartnerJoined) != 1 || a.noted(audit.PartnerEntered) != 1 || a.noted(audit.PartnerRefused) != 1 {
		t.Error("the audit lacks a sign-in")
	}

	late := a.browser()
	late.get("/join")
	late.leads(late.post("/join", "email", "ana@diary.example"), "/join/sent")
	link := a.link()
	a.pass(linkLife + time.Second)
	late.shows(late.get(link), http.StatusGone, "This link does not work")
}

// TestJoinTellsNothing: a known address, an unknown one and one that had its mails are answered alike; the first gets no link.
func TestJoinTellsNothing(t *testing.T) {
	t.Parallel()
	a := newArea(t)
	a.joins("eva@diary.example", "Diary")
	b := a.browser()
	b.get("/join")
	before := len(a.mails())
	for i, email := range []string{"EVA@diary.example", "new@diary.example", "new@diary.example", "new@diary.example", "new@diary.example"} {
		b.leads(b.post("/join", "email", email), "/join/sent")
		if i == 0 {
			if m := a.mails(); m[len(m)-1][0] != "partner_known" || mailedLink.MatchString(m[len(m)-1][1]) {
				t.Errorf("a known address gets %v", m[len(m)-1])
			}
		}
	}
	if got := len(a.mails()) - before; got != 4 {
		t.Errorf("%d mails, want 1 and at most 3 to one address", got)
	}
	b.shows(b.post("/join", "email", "eva@"), http.StatusUnprocessableEntity, "id=\"email-error\"")
	for range 10 {
		b.post("/join", "email", "x@other.example")
	}
	if w := b.post("/join", "email", "y@other.example"); w.Code != http.StatusTooManyRequests && w.Code != http.StatusSeeOther {
		t.Errorf("the limit of the source answers %d", w.Code)
	}
	if _, full := errors.AsType[*ratelimit.Exceeded](a.Join(t.Context(), "z@other.example", "en", "192.0.2.1/32")); !full {
		t.Error("a source may ask without an end")
	}
}

// TestPeople: somebody invited becomes one of the organisation; who is removed is refused with the next request, and may be invited
// again, which is how a lost passkey is replaced.
func TestPeople(t *testing.T) {
	t.Parallel()
	a := newArea(t)
	eva := a.joins("eva@diary.example", "Diary")
	eva.leads(eva.post("/people", "email", "luis@diary.example"), "/people?done=invited")
	luis := a.browser()
	luis.follows(a.link(), "")
	id := luis.person().ID
	if luis.person().Organisation != eva.person().Organisation {
		t.Error("who was invited is of another organisation")
	}
	other := a.joins("max@other.example", "Other")
	if w := other.post("/people", "remove", id.String()); w.Code != http.StatusNotFound {
		t.Errorf("another organisation removes a person: %d", w.Code)
	}
	eva.shows(eva.post("/people", "remove", eva.person().ID.String()), http.StatusConflict, "You cannot remove yourself")
	luis.get("/people")
	luis.leads(luis.post("/people", "email", "luis@elsewhere.example"), "/people?done=invited")
	back := a.link()
	eva.get("/people")
	eva.leads(eva.post("/people", "remove", id.String()), "/people?done=removed")
	for _, w := range []int{luis.get("/home").Code, luis.post("/people", "email", "x@diary.example").Code, luis.get("/requests/" + id.String()).Code} {
		if w != http.StatusSeeOther {
			t.Errorf("who was removed a second ago is answered with %d", w)
		}
	}
	way := a.browser() // an address of their own, invited before
	way.shows(way.get(back), http.StatusGone, "does not work")
	if a.noted(audit.PartnerInvited) != 2 || a.noted(audit.PartnerRemoved) != 1 {
		t.Error("the audit counts other changes of people")
	}
	luis.shows(luis.signsIn(), http.StatusUnprocessableEntity, "not accepted")
	eva.leads(eva.post("/people", "email", "luis@diary.example"), "/people?done=invited")
	again := a.browser()
	again.follows(a.link(), "")
	if again.person().ID == id {
		t.Error("the removed account is back")
	}
}

// TestSessionEnds: idle after 15 minutes, after 8 hours in any case, and by signing out.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	a := newArea(t)
	eva := a.joins("eva@diary.example", "Diary")
	for range 32 {
		a.pass(14 * time.Minute)
		if w := eva.get("/home"); w.Code != http.StatusOK {
			t.Fatalf("a session in use ends: %d", w.Code)
		}
	}
	a.pass(40 * time.Minute)
	eva.leads(eva.get("/home"), "/?return=%2Fhome")
	eva.leads(eva.signsIn(), "/home")
	for range 35 {
		a.pass(14 * time.Minute)
		eva.get("/home")
	}
	eva.leads(eva.get("/home"), "/?return=%2Fhome")
	eva.leads(eva.signsIn(), "/home")
	token := eva.cookies["__Host-session"]
	eva.get("/logout")
	eva.leads(eva.post("/logout"), "/")
	eva.cookies["__Host-session"] = token
	eva.leads(eva.get("/home"), "/?return=%2Fhome")
}

// TestSweep: nothing that was begun stays for ever.
func TestSweep(t *testing.T) {
	t.Parallel()
	a := newArea(t)
	eva := a.joins("eva@diary.example", "Diary")
	eva.post("/home")
	b := a.browser()
	b.get("/")
	b.post("/passkey/options")
	b.get("/join")
	b.post("/join", "email", "ana@diary.example")
	a.pass(400 * 24 * time.Hour)
	if err := a.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"partner_ceremonies", "partner_links", "partner_sessions", "partner_applications"} {
		if n := a.count(`select count(*) from ` + table); n != 0 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
	if n := a.count(`select count(*) from partner_people`); n != 1 {
		t.Errorf("%d people, want 1", n)
	}
}
