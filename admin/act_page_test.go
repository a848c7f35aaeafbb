package admin

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// A new address one slip away from a well-known domain is asked about, with what was typed kept, before a second person is asked.
func TestLikelyEmailAtTheDesk(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.rosa)
	v.verifies("method", "in_person", "say-in_person-1", "yes", "say-in_person-2", "yes", "do", "save")
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

// TestTicketOfTheCase: the form of an act fills in the number of the matter about this member that the person has taken, for nobody else
// and for no other member.
func TestTicketOfTheCase(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	eva := v.person("eva", Read, Recover)
	wrong := jamesCard
	wrong.BirthDay, wrong.Suffix = "3", ""
	stuck, ref := v.stuckWith(wrong)
	ticket := func(p Person, member uuid.UUID, want bool) {
		t.Helper()
		v.enters(v.fresh(p))
		page := v.get("/members/" + member.String() + "/acts/release_lock").Body.String()
		if !strings.Contains(page, `name="ticket"`) || strings.Contains(page, `value="`+ref+`"`) != want {
			t.Errorf("%s finds the number filled in: want %t\n%s", p.Name, want, page)
		}
	}
	for _, p := range []Person{v.rosa, eva} {
		v.enters(p)
		v.get(queuePath + "/" + ref)
	}
	ticket(v.rosa, stuck.ID, false) // she has only looked
	must[Matter](t)(v.HelpWith(t.Context(), v.fresh(v.rosa), nil, ref, Helping{Act: TakeCase}))
	ticket(v.rosa, stuck.ID, true)
	ticket(eva, stuck.ID, false)
	must[Matter](t)(v.HelpWith(t.Context(), v.fresh(v.rosa), nil, ref, Helping{Act: FinishCase, Version: 1}))
	ticket(v.rosa, stuck.ID, false)
}
