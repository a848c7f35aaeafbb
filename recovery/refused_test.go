package recovery

import (
	"net/http"
	"strings"
	"testing"
)

// A refused form has an address of its own: a reload, Back and another language keep what was typed and what was wrong with it,
// secrets apart. Opened again, the page is empty.
func TestRefusedForms(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	card := []string{"birth_month", "3", "birth_day", "14", "birth_year", "", "first_name", "María", "last_name", "Núñez", "suffix", "JR", "card_id", "004123789"}
	v := f.visitor().get("/recover/username?flow=f1").post(card...).on("/recover/username?flow=f1", http.StatusUnprocessableEntity)
	at := v.refused
	if !strings.Contains(at, "refused=") || strings.Contains(at, "004123789") {
		t.Fatalf("the refused form is at %s", at)
	}
	for range 2 {
		v.get(at).says(`value="María"`, `value="004123789"`, `value="14"`, `<option value="3" selected>`, `<option selected>JR`, `id="birth_year-error"`)
	}
	v.get(at+"&lang=en").says(`value="María"`, `value="004123789"`, `id="birth_year-error"`, `lang="en"`)
	v.get("/recover/username?flow=f1")
	for _, typed := range []string{"María", "004123789", "-error"} {
		if strings.Contains(v.body, typed) {
			t.Errorf("after starting over the page shows %q", typed)
		}
	}
	v = f.visitor().begin("maria").post("code", "000000").on("/recover/code?flow=f1", http.StatusUnprocessableEntity)
	at = v.refused
	v.get(at).says("Le quedan 4 intentos")
	if strings.Contains(v.body, "000000") {
		t.Error("a code is shown again")
	}
	v.get(at + "&lang=en").says("You have 4")
}

// Back to a refused form tells how many tries are left now.
func TestRefusedFormTellsTheTriesOfNow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	v := f.visitor().begin("maria")
	code := v.code()
	v.post("code", "000000").says("Le quedan 4 intentos")
	first := v.refused
	v.post("code", "000001").says("Le quedan 3 intentos").get(first).says("Le quedan 3 intentos")
	v.get("/recover/code").post("code", code).on("/recover/question", 200)
	v.post("answer", "otra cosa").says("queda")
	said := v.body
	first = v.refused
	v.post("answer", "aún otra")
	if v.body == said {
		t.Fatal("the second wrong answer leaves as many tries")
	}
	v.get(first).says("Le queda 1 intento")
}
