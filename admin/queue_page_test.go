package admin

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/recovery"
)

// TestQueuePage: one press each, back to the same selection; who may not recover sees no button; who comes second is told.
func TestQueuePage(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	eva := v.person("eva", Recover)
	v.enters(v.rosa)
	if w := v.get("/queue?show=mine&need=nothing&page=-3"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Usted no tiene casos") {
		t.Errorf("an empty queue: %d\n%s", w.Code, w.Body)
	}
	ref := v.refer("a", "password", "en")
	other := v.refer("b", "other", "es")
	page := v.get("/queue?need=password").Body.String()
	if !strings.Contains(page, ref) || strings.Contains(page, other) || !strings.Contains(page, "English") {
		t.Errorf("the queue of passwords:\n%s", page)
	}
	press := "take_case " + ref + " 0"
	if !strings.Contains(page, `value="`+press+`"`) {
		t.Fatalf("no button takes it:\n%s", page)
	}
	w := v.post("/queue", "do", press, "need", "password")
	if want := "/queue/" + ref + "?done=take_case"; w.Header().Get("Location") != want {
		t.Errorf("take: %d to %s, want %s", w.Code, w.Header().Get("Location"), want)
	}
	if w := v.get("/queue/" + ref + "?done=take_case"); !strings.Contains(w.Body.String(), "Ahora lo tiene usted") {
		t.Errorf("the page of the case:\n%s", w.Body)
	}
	if w := v.get("/queue/" + ref + "?done=note_case"); strings.Contains(w.Body.String(), "La nota está guardada") {
		t.Error("an address alone says that something was done")
	}

	v.enters(eva)
	v.get("/search")
	if w := v.post("/search", "q", strings.ToLower(ref)); w.Header().Get("Location") != "/queue/"+ref {
		t.Errorf("the search leads to %s", w.Header().Get("Location"))
	}
	v.get("/queue")
	if w := v.post("/queue", "do", press); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), ref+": lo tomó Rosa Vega") {
		t.Errorf("who comes second: %d\n%s", w.Code, w.Body)
	}
	for _, do := range []string{"", "take_case", "note_case " + ref + " 1", "disable " + ref + " 1", "take_case H7K-2QD-9MW 0"} {
		if w := v.post("/queue", "do", do); w.Code != http.StatusNotFound {
			t.Errorf("do=%s: %d, want 404", do, w.Code)
		}
	}

	v.enters(v.rosa)
	v.get("/queue")
	w = v.post("/queue", "do", "finish_case "+ref+" 1", "show", "mine", "sort", "newest")
	to := w.Header().Get("Location")
	if w := v.get(to); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Terminado: "+ref) || !strings.Contains(to, "show=mine") || !strings.Contains(to, "sort=newest") {
		t.Errorf("done leads to %s: %d\n%s", to, w.Code, w.Body)
	}

	v.enters(v.luis) // approves, and reads
	for _, path := range []string{"/queue", "/queue/" + other} {
		if w := v.get(path); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "<button") && strings.Contains(w.Body.String(), "take_case") || strings.Contains(w.Body.String(), "<textarea") {
			t.Errorf("%s to a reader: %d\n%s", path, w.Code, w.Body)
		}
	}
	if w := v.post("/queue", "do", "take_case "+other+" 0"); w.Code != http.StatusForbidden {
		t.Errorf("a reader takes: %d", w.Code)
	}
	v.enters(v.person("auditor", Audit))
	if w := v.get("/queue"); w.Code != http.StatusForbidden {
		t.Errorf("an auditor sees the queue: %d", w.Code)
	}
}

// TestNoteIsKept: what somebody wrote while the session ended is there after the sign-in, once, for them alone, and nothing was
// done; likewise where the page gave up by itself, or the press was refused.
func TestNoteIsKept(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	path := "/queue/" + v.refer("a", "password", "es")
	write := func(text string, more ...string) (location string) {
		t.Helper()
		v.enters(v.rosa)
		page := v.get(path)
		v.later(consoleIdle)
		w := v.post(path, append([]string{"do", "take_case", "version", "0", "key", v.value(page, "key"), "note", text}, more...)...)
		return w.Header().Get("Location")
	}
	door := "/?return=" + url.QueryEscape(path) + "&said=kept"
	if to := write("Llamar después de las 3"); to != door {
		t.Fatalf("the note leads to %s, want %s", to, door)
	}
	if n := v.count(`select count(*) from console_sessions where position('Llamar'::bytea in draft) > 0`); n != 0 {
		t.Error("the note is kept in the clear")
	}
	if w := v.get(door); !strings.Contains(w.Body.String(), "Guardamos lo que usted escribió") {
		t.Errorf("the door does not say that it is kept:\n%s", w.Body)
	}
	if w := v.get(path); w.Code != http.StatusSeeOther {
		t.Errorf("without a session: %d", w.Code)
	}
	v.enters(v.rosa)
	if w := v.get(path); !strings.Contains(w.Body.String(), "Llamar después de las 3</textarea>") || !strings.Contains(w.Body.String(), "Todavía no está guardado") {
		t.Errorf("the note is lost:\n%s", w.Body)
	}
	if w := v.get(path); strings.Contains(w.Body.String(), "Llamar después") {
		t.Error("the note is shown twice")
	}
	if n := v.count(`select (select count(*) from desk_notes) + (select count(*) from desk_cases)`); n != 0 {
		t.Error("something was done")
	}

	write("De Rosa, para nadie más")
	v.enters(v.person("eva", Recover))
	if w := v.get(path); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "De Rosa") {
		t.Errorf("another person reads it: %d", w.Code)
	}
	v.enters(v.rosa)
	if w := v.get(path); strings.Contains(w.Body.String(), "De Rosa") {
		t.Error("it outlives the next person's session")
	}

	page := v.get(path) // the page thinks that the session is over, and it is not
	if w := v.post(path, "do", "take_case", "version", "0", "key", v.value(page, "key"), "note", "A medio escribir", "keep", "yes"); w.Header().Get("Location") != path {
		t.Errorf("keeping leads to %s", w.Header().Get("Location"))
	}
	if w := v.get(path); !strings.Contains(w.Body.String(), "A medio escribir</textarea>") || v.count(`select count(*) from desk_cases`) != 0 {
		t.Errorf("kept:\n%s", w.Body)
	}

	page = v.get(path)
	if w := v.post(path, "do", "note_case", "version", "0", "key", v.value(page, "key"), "note", strings.Repeat("x", noteMax+1)); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "xxx</textarea>") {
		t.Errorf("too long: %d", w.Code)
	}
	page = v.get(path)
	if w := v.post(path, "do", "note_case", "version", "0", "key", v.value(page, "key"), "note", " "); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Escriba la nota.") {
		t.Errorf("no note: %d", w.Code)
	}
	if w := v.post(path, "do", "finish_case", "version", "0", "key", v.value(page, "key"), "note", "Ya entró"); w.Code != http.StatusSeeOther {
		t.Errorf("done with a note: %d", w.Code)
	}
	if w := v.get(path); !strings.Contains(w.Body.String(), "Ya entró") || !strings.Contains(w.Body.String(), "Lo terminó Rosa Vega") {
		t.Errorf("done:\n%s", w.Body)
	}
	v.post("/logout")
	if w := v.post(path, "do", "note_case", "note", "x"); w.Header().Get("Location") != door {
		t.Errorf("after the sign-out: %s", w.Header().Get("Location"))
	}
}

// TestReasonIsKept: the reason of an act as well.
func TestReasonIsKept(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.enters(v.rosa)
	path := "/members/" + v.maria.ID.String() + "/acts/send_username"
	page := v.get(path)
	v.later(consoleIdle + time.Minute)
	v.post(path, "reason", "No recuerda su nombre de usuario", "ticket", "HD-77", "version", v.value(page, "version"), "key", v.value(page, "key"))
	v.enters(v.rosa)
	if w := v.get(path); !strings.Contains(w.Body.String(), "No recuerda su nombre de usuario") || len(v.mailed("username")) != 0 {
		t.Errorf("the reason is lost, or the act done:\n%s", w.Body)
	}
}

// Two changes of a kind on hold are told apart by who asked for them; the list still names no member (S-62).
func TestQueueTellsChangesApart(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	james := v.member("james", "310542266")
	ana := v.person("ana", Recover)
	for id, by := range map[uuid.UUID]Person{v.maria.ID: v.rosa, james.ID: ana} {
		must[recovery.Change](t)(v.recovery.Hold(t.Context(), recovery.Change{AccountID: id, Act: recovery.ResetFactor, AskedBy: by.ID.String()}))
	}
	v.enters(v.fresh(v.rosa))
	page := v.get("/queue").Body.String()
	for _, want := range []string{"Lo pidió Rosa Vega", "Lo pidió Ana Vega"} {
		if !strings.Contains(page, want) {
			t.Errorf("the queue does not say %q", want)
		}
	}
	if strings.Contains(page, "james") || strings.Contains(page, ">maria") {
		t.Error("the queue names a member")
	}
}
