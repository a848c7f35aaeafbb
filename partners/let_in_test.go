package partners

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestLetIn: an organisation's only person who lost the passkey comes back by a link to the same address; the former passkey and sessions
// end, and the contacts of the request hear of it. Where there are several nobody is let in by the desk.
func TestLetIn(t *testing.T) {
	t.Parallel()
	a := newArea(t)
	eva := a.joins("eva@diary.example", "Diary")
	id := eva.sends(eva.asks())
	letIn := func() error { return a.LetIn(t.Context(), id, uuid.New()) }

	eva.leads(eva.post("/people", "email", "luis@diary.example"), "/people?done=invited")
	luis := a.browser()
	luis.follows(a.link(), "")
	if err := letIn(); !errors.Is(err, ErrState) {
		t.Errorf("one of two is let in: %v", err)
	}
	eva.get("/people")
	eva.leads(eva.post("/people", "remove", luis.person().ID.String()), "/people?done=removed")
	eva.leads(eva.post("/people", "email", "thief@diary.example"), "/people?done=invited")
	invited := a.link()

	before := len(a.mails())
	if err := letIn(); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, m := range a.mails()[before:] {
		told = append(told, m[0])
	}
	if len(told) != 2 || told[0] != "partner_let_in" || told[1] != "partner_invited" { // the security contact; the contact is the person
		t.Errorf("mails: %v", told)
	}
	if w := eva.get("/home"); w.Code != http.StatusSeeOther {
		t.Errorf("the session of before answers %d", w.Code)
	}
	eva.shows(eva.signsIn(), http.StatusUnprocessableEntity, "not accepted")
	thief := a.browser()
	thief.shows(thief.get(invited), http.StatusGone, "does not work") // an invitation of before
	late := a.link()
	a.pass(inviteLife + time.Hour)
	thief.shows(thief.get(late), http.StatusGone, "does not work")
	if err := letIn(); err != nil { // the link was not used in time: once more
		t.Fatalf("after its link was over: %v", err)
	}
	back := a.browser()
	back.follows(a.link(), "")
	back.shows(back.get("/requests/"+id.String()), http.StatusOK, "My Diary")
	if err := a.LetIn(t.Context(), uuid.New(), uuid.New()); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown request: %v", err)
	}
}
