package admin

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"huskyidp/internal/audit"
	"huskyidp/members"
)

// Notes and reasons take no number of a person, however it is grouped; numbers that the desk does write are taken (S-62).
func TestTextHoldsNumber(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	letters := must[*members.Roster](t)(members.New(members.Deps{DB: d.db, Keyring: d.keyring, Audit: audit.New(d.db), Now: d.now, NumberFormat: must[members.NumberFormat](t)(members.NewNumberFormat("[A-Z][0-9]{7}"))}))
	for text, want := range map[string]bool{
		"Su número es 004123789.": true, "ID004123789": true, "004-123-789": true, "004 123 789, de su tarjeta": true, "a las 10 004 123 789": true,
		"SSN 078-05-1120": true, "078 05 1120": true, "078.05.1120": true, "0780‑05‑112": true, "００４１２３７８９": true, "004\u00ad123\u00ad789": true,
		"Llamar al 860-555-0100": false, "1-800-842-4524": false, "+1 860 555 0100": false, "(860) 555-0100": false,
		"29-11-2026 3 veces": false, "2026-11-29 14:05": false, "29.11.2026": false, "El caso HD-100123": false, "Llamó 3 veces, 10 minutos": false, "K7M4Q2": false,
	} {
		if got := holdsNumber(text, d.roster); got != want {
			t.Errorf("holdsNumber(%q) = %t, want %t", text, got, want)
		}
	}
	for text, want := range map[string]bool{"Es el A1234567": true, "Es A-1234567, dice": true, "Llamó ayer": false, "29-11-2026": false, "SSN 078051120": true} {
		if got := holdsNumber(text, letters); got != want {
			t.Errorf("with letters, holdsNumber(%q) = %t, want %t", text, got, want)
		}
	}
}

// A note, a reason and a case number with such a number are refused, the case number also if it is the member's own: nothing is
// done, and nothing of it is kept in the book (S-62, S-65).
func TestNoNumbersInTexts(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	ref := d.refer("a", "password", "es")
	if _, err := d.HelpWith(t.Context(), d.rosa, &Once{Key: "one"}, ref, Helping{Act: NoteCase, Version: 0, Note: "Su ID es 004-123-789"}); !isInvalid(err, "note", "number") {
		t.Errorf("a note with a number = %v", err)
	}
	for field, change := range map[string]func(*Ask){
		"reason": func(a *Ask) { a.Reason = "La persona llamó, SSN 078-05-1120" },
		"ticket": func(a *Ask) { a.Ticket = "078-05-1120" },
	} {
		a := d.asking(d.maria.ID)
		change(&a)
		if _, err := d.Do(t.Context(), d.rosa, nil, d.maria.ID, SendUsername, a); !isInvalid(err, field, field+"_number") {
			t.Errorf("a %s with a number = %v", field, err)
		}
	}
	a := d.asking(d.maria.ID)
	a.Ticket = "004123789"
	if _, err := d.Do(t.Context(), d.rosa, nil, d.maria.ID, SendUsername, a); !isInvalid(err, "ticket", "ticket_number") {
		t.Errorf("the member's own number as case number = %v", err)
	}
	if n := d.count(`select (select count(*) from desk_notes) + (select count(*) from desk_entries where ticket = '004123789') + (select count(*) from mails where kind = 'username')`); n != 0 {
		t.Errorf("%d rows of what was refused", n)
	}
	a.Ticket = "104123789" // a case number of as many digits
	if _, err := d.Do(t.Context(), d.rosa, nil, d.maria.ID, SendUsername, a); err != nil {
		t.Error(err)
	}
}

func isInvalid(err error, field, word string) bool {
	invalid, ok := errors.AsType[Invalid](err)
	return ok && invalid[field] == word
}

// The pages say what to delete, and keep the rest.
func TestNumberInTextIsNamed(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.rosa)
	path := "/queue/" + v.refer("a", "password", "es")
	page := v.get(path)
	w := v.post(path, "do", "note_case", "version", "0", "key", v.value(page, "key"), "note", "Su ID es 004123789, llamar hoy")
	if body := w.Body.String(); w.Code != http.StatusUnprocessableEntity || !strings.Contains(body, v.set.Text("es", "admin.text.number", nil)) || !strings.Contains(body, "llamar hoy</textarea>") {
		t.Errorf("the page of the note = %d\n%s", w.Code, body)
	}
	path = "/members/" + v.maria.ID.String() + "/acts/send_username"
	page = v.get(path)
	w = v.post(path, "version", v.value(page, "version"), "key", v.value(page, "key"), "reason", "La persona llamó, su ID es 004123789", "ticket", "HD-1")
	if body := w.Body.String(); w.Code != http.StatusUnprocessableEntity || !strings.Contains(body, v.set.Text("es", "admin.text.number", nil)) || !strings.Contains(body, `href="#reason"`) {
		t.Errorf("the page of the act = %d\n%s", w.Code, body)
	}
}
