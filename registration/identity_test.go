package registration

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"huskyidp/members"
)

const guideSentence = "La información personal que usted ha puesto no se puede validar con nuestro sistema; por favor revísela para asegurarse de que ha puesto todo correctamente y vuelve a intentarlo"

// Whichever field is wrong, the answer is the guide's sentence and nothing else, and what was typed is still there.
func TestNoMatch(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, func(d *Deps) { d.SourceFailures = 100 })
	for name, change := range map[string][]string{
		"day": {"birth_day", "15"}, "month": {"birth_month", "4"}, "year": {"birth_year", "1985"}, "first name": {"first_name", "Mario"},
		"one of two last names": {"last_name", "Nuñez"}, "suffix": {"suffix", "JR"}, "number": {"card_id", "004123788"},
		"another member's number": {"card_id", "004123790"},
	} {
		b := s.browser().toPersonal().post(with(maria, change...)...).on("/register/personal", http.StatusUnprocessableEntity)
		if !strings.Contains(b.body, `<p><a href="#birth_month">`+guideSentence+"</a></p>") {
			t.Errorf("%s wrong: the page lacks the guide's sentence:\n%s", name, b.text())
		}
		if len(b.problems()) != 0 || strings.Contains(b.body, `aria-invalid="true"`) {
			t.Errorf("%s wrong: a field is marked: %v", name, b.problems())
		}
		if b.value("last_name") == "" || b.value("birth_year") == "" {
			t.Errorf("%s wrong: what was typed is gone", name)
		}
		b.reads("Le quedan 2 intentos.")
		s.count(`with gone as (delete from identity_guards returning 1) select count(*) from gone`)
	}
}

func TestThreeFailuresCloseTheForm(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toPersonal()
	b.post(mariaWrong...).on("/register/personal", 422).reads("Le quedan 2 intentos.")
	b.post(mariaBorn(16)...).on("/register/personal", 422).reads("Le queda 1 intento.")
	b.post(mariaBorn(17)...).on("/register/locked", http.StatusForbidden).reads("WebSupport@CHNCT.org").reads("1-800-859-9889").reads("También puede intentarlo otra vez después del 25 de noviembre de 2026")
	reference := s.reference(b)

	// On the registration: no step opens, not even with the right card.
	b.get("/register/agreement?flow=f1").do(http.MethodPost, "/register/personal?flow=f1", b.form(maria...))
	if b.location != "/register/open?flow=f1" {
		t.Errorf("the right card on a locked form, after somebody came to the entrance, leads to %q", b.location)
	}
	b.get(b.location).post("act", "go_on").on("/register/locked", http.StatusForbidden)
	locked := b.path
	if b.do(http.MethodPost, "/register/personal?flow=f1", b.form(maria...)); b.location != "/register/locked?flow=f1" {
		t.Errorf("the right card on a locked form at %s leads to %q", locked, b.location)
	}
	// Not on the browser: another person of the family continues with another card, and nothing of the first is left but what
	// support looks at.
	b.get("/register/locked").post("act", "anew").on("/register/agreement", 200)
	b.post("act", "agree").on("/register/personal", 200)
	if b.value("last_name") != "" || b.value("card_id") != "" {
		t.Errorf("the next person reads the one before: %s", b.text())
	}
	b.post(ana...).on("/register/credentials", 200)
	if n := s.count(`select count(*) from registrations where reference = $1 and identity is null and differs <> '{}'`, reference); n != 1 {
		t.Errorf("%d locked registrations without what was typed, want 1", n)
	}
	// Its own card stays locked there as well.
	b.post("act", "previous").post(maria...).on("/register/locked", http.StatusForbidden)
	// On the number typed: another browser is refused with it, and only with it.
	other := s.browser()
	other.source = "198.51.100.7:1"
	other.toPersonal().post(maria...).on("/register/locked", http.StatusForbidden)
	if got := s.reference(other); got != reference {
		t.Errorf("the number's reference is %s, want %s", got, reference)
	}
	if n := s.count(`select count(*) from support_references where reference = $1 and reason = 'identity_locked' and about is not null`, reference); n != 1 {
		t.Errorf("staff find %d references", n)
	}
	if n := s.count(`select count(*) from audit_events where kind = 'registration.identity_locked' and data->>'reference' = $1`, reference); n != 1 {
		t.Errorf("%d audit rows of the lock", n)
	}
	s.browser().toPersonal().post(ana...).on("/register/credentials", 200)

	// Staff release it everywhere.
	if ok, err := s.service.Release(t.Context(), reference); err != nil || !ok {
		t.Fatalf("Release = %v, %v", ok, err)
	}
	if ok, err := s.service.Release(t.Context(), reference); err != nil || ok {
		t.Errorf("Release twice = %v, %v, want false", ok, err)
	}
	other.get("/register/locked").on("/register/open", 200)
	other.post("act", "go_on").on("/register/personal", 200).post(maria...).on("/register/credentials", 200)
}

func (s *site) reference(b *browser) string {
	s.t.Helper()
	_, after, ok := strings.Cut(b.body, `<span class="code" aria-hidden="true">`)
	reference, _, _ := strings.Cut(after, "<")
	if !ok || len(reference) != 11 {
		s.t.Fatalf("no reference number on %s:\n%s", b.path, b.text())
	}
	return reference
}

func TestLockEndsByItself(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, func(d *Deps) { d.IdentityLock = time.Hour })
	b := s.browser().toPersonal()
	b.lock()
	s.later(time.Hour - time.Second)
	b.get("/register/personal").on("/register/locked", http.StatusForbidden)
	s.later(time.Second)
	b.get("/register/locked?flow=f1").on("/register/open", 200).post("act", "go_on")
	b.on("/register/personal", 200).post(mariaWrong...).on("/register/personal", 422).reads("Le quedan 2 intentos.")
	b.post(maria...).on("/register/credentials", 200)
}

func TestLockOfStaffOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, func(d *Deps) { d.IdentityLock = 0 })
	b := s.browser().toPersonal()
	b.lock()
	if strings.Contains(b.text(), "intentarlo otra vez") {
		t.Errorf("the page promises an end:\n%s", b.text())
	}
	s.later(365 * 24 * time.Hour)
	if _, err := s.service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	delete(b.cookies, "idp_registration")
	b.toPersonal().post(maria...).on("/register/locked", http.StatusForbidden)
}

func TestSuccessResetsTheCount(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toPersonal()
	for range 2 {
		b.post(mariaWrong...).post(mariaBorn(16)...).on("/register/personal", 422)
		b.post(maria...).on("/register/credentials", 200).post("act", "previous").on("/register/personal", 200)
	}
}

// A new registration does not bring new tries for the same card: the number counts as well. Another card has its own.
func TestStartingAgainBringsNoTries(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toPersonal()
	b.post(mariaWrong...).post(mariaBorn(16)...).send("act", "leave")
	b.toPersonal().post(with(ana, "birth_day", "30")...).on("/register/personal", 422).post(ana...).on("/register/credentials", 200)

	s = newSite(t, 1)
	for range 2 {
		s.browser().toPersonal().post(mariaWrong...).on("/register/personal", 422)
	}
	s.browser().toPersonal().post(mariaWrong...).on("/register/locked", http.StatusForbidden)
}

// S-52: after twenty refusals in an hour a source slows down. A right card from there waits for seconds, not for an hour, and
// the page says so; what was typed is kept, and no card was looked at.
func TestSourceSlowsDown(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, func(d *Deps) { d.Registrations = 1000 })
	wrong := func(n int) *browser {
		return s.browser().toPersonal().post(with(maria, "card_id", strconv.Itoa(100000000+n))...)
	}
	for n := range 20 {
		wrong(n).on("/register/personal", 422)
	}
	b := s.browser().toPersonal().post(maria...).on("/register/personal", http.StatusTooManyRequests)
	b.reads("Espere 10 segundos y oprima «Siguiente» otra vez").reads("1-800-859-9889")
	if got := b.header.Get("Retry-After"); got != "10" || b.value("card_id") != "004-123-789" {
		t.Errorf("Retry-After %q, number %q", got, b.value("card_id"))
	}
	s.later(4 * time.Second)
	b.post(maria...).on("/register/personal", http.StatusTooManyRequests).reads("Espere 6 segundos")
	for n := range 3 { // whatever others do meanwhile
		wrong(30+n).on("/register/personal", http.StatusTooManyRequests)
	}
	s.later(6 * time.Second)
	b.post(maria...).on("/register/credentials", 200)

	// It made room for two slips; then the waits grow.
	wrong(40).on("/register/personal", 422)
	wrong(41).on("/register/personal", 422)
	for i, want := range []string{"10", "20", "40", "80", "160", "300", "300"} {
		b := wrong(50+i).on("/register/personal", http.StatusTooManyRequests)
		if got := b.header.Get("Retry-After"); got != want {
			t.Errorf("wait %d = %s s, want %s", i, got, want)
		}
		seconds, _ := strconv.Atoi(want)
		s.later(time.Duration(seconds) * time.Second)
		b.post(with(maria, "card_id", strconv.Itoa(100000050+i))...).on("/register/personal", 422)
	}
	s.later(time.Hour)
	wrong(70).on("/register/personal", 422)
}

// S-52: a double click, a reload or a try on another day of the same wrong card is one mistake; S-10: it is reserved before
// it is judged all the same.
func TestSameIdentityCountsOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toPersonal()
	for range 5 {
		b.post(mariaWrong...).on("/register/personal", 422).reads("Le quedan 2 intentos.")
	}
	b.post(mariaBorn(16)...).on("/register/personal", 422).reads("Le queda 1 intento.")
	b.post(with(mariaBorn(16), "last_name", " NUÑEZ LOPEZ ")...).on("/register/personal", 422).reads("Le queda 1 intento.")
	if n := s.count(`select failures from identity_guards where kind = 'card'`); n != 2 {
		t.Errorf("the card has %d failures, want 2", n)
	}
	if n := s.count(`select failures from identity_guards where kind = 'source'`); n != 2 {
		t.Errorf("the source has %d failures, want 2", n)
	}
	// It was judged again each time: a roster that came meanwhile helps.
	list := s.service.Roster
	if _, err := list.Import(t.Context(), strings.NewReader(strings.ReplaceAll(roster, "1984-03-14", "1984-03-16")), members.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	b.post(mariaBorn(16)...).on("/register/credentials", 200)
}

// So many may be unfinished at one address; who comes to the end gives the place back.
func TestFinishedRegistrationsGiveTheirPlaceBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, func(d *Deps) { d.Registrations, d.Mailed = 1, 1 })
	s.browser().toReview().post("certify", "yes")
	s.browser().toPersonal().post(ana...).post(with(mariaChoice, "username", "ana.r", "email", "ana@example.com", "email_again", "ana@example.com")...).on("/register/code", 200)
	if b := s.browser().get("/register/agreement").post("act", "agree"); b.status != http.StatusTooManyRequests || b.header.Get("Retry-After") == "" {
		t.Errorf("a second unfinished registration = %d", b.status)
	}
}

// S-09: many people share the address of a clinic: their limits are higher, those of a browser and a card are not.
func TestWideSource(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	clinic := func() *browser {
		b := s.browser()
		b.source = "198.51.100.7:4000"
		return b.toPersonal()
	}
	for i := range 25 { // more than 20 registrations, and more than 5 refusals, of one source in an hour
		clinic().post(with(maria, "card_id", strconv.Itoa(100000001+i))...).on("/register/personal", 422)
	}
	b := clinic()
	b.lock()
}

// An ended member may not register, and reads no more than others.
func TestEndedMember(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	list := s.service.Roster
	shorter := strings.ReplaceAll(roster, "004123789,María,Núñez López,,1984-03-14,A\n", "004555555,Eva,Paz,,1999-01-01,A\n")
	if _, err := list.Import(t.Context(), strings.NewReader(shorter), members.ImportOptions{AllowShrink: true}); err != nil {
		t.Fatal(err)
	}
	s.browser().toPersonal().post(maria...).on("/register/personal", 422).reads(guideSentence)
}

// Ten browsers try one card at once: no more than three are judged (S-10).
func TestParallelIdentitiesAreCounted(t *testing.T) {
	t.Parallel()
	s := newSite(t, 8, func(d *Deps) { d.SourceFailures = 100 })
	v := make([]Visit, 10)
	for i := range v {
		_, token, err := s.service.Agree(t.Context(), Visit{Browser: []byte{byte(i)}, Source: "s", Language: "es"}, "2026-11-01")
		if err != nil {
			t.Fatal(err)
		}
		v[i] = Visit{Token: token, Browser: []byte{byte(i)}, Source: "s", Language: "es"}
	}
	claim := members.Claim{FirstName: "x", LastName: "y", BirthDate: members.Date{Year: 1984, Month: 1, Day: 1}, MemberNumber: "004123789"}
	parallel(len(v), func(i int) { s.service.SubmitPersonal(t.Context(), v[i], Identity{FirstName: "x"}, claim) })
	if n := s.count(`select count(*) from audit_events where kind = 'registration.identity_refused' and reason = 'no_match'`); n != 3 {
		t.Errorf("%d identities were judged, want 3", n)
	}
	if n := s.count(`select count(distinct reference) from identity_guards where reference is not null`); n != 1 {
		t.Errorf("%d locks, want 1", n)
	}
}

func TestPersonalFields(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	long := strings.Repeat("a", 10_000)
	tests := []struct {
		field, value, at, want string
	}{
		{"first_name", "", "first_name", "Escriba su nombre."},
		{"first_name", " \t ", "first_name", "Escriba su nombre."},
		{"first_name", long, "first_name", "Esto es muy largo. Escriba 100 letras o números como máximo."},
		{"first_name", "Mar\x01ía", "first_name", "Hay letras o signos que no podemos leer. Escríbalo otra vez."},
		{"first_name", "Mar1a", "first_name", "Use solo letras, espacios, guiones, puntos o apóstrofos."},
		{"first_name", "<b>María</b>", "first_name", "Use solo letras, espacios, guiones, puntos o apóstrofos."},
		{"last_name", "", "last_name", "Escriba su apellido."},
		{"last_name", long, "last_name", "Esto es muy largo. Escriba 100 letras o números como máximo."},
		{"last_name", "Núñez; López", "last_name", "Use solo letras, espacios, guiones, puntos o apóstrofos."},
		{"suffix", "MD", "suffix", "Hay letras o signos que no podemos leer. Escríbalo otra vez."},
		{"card_id", "", "card_id", "Escriba su número de ID del cliente."},
		{"card_id", "12345678", "card_id", "El número de ID del cliente tiene 9 números. Revíselo en su tarjeta."},
		{"card_id", "00412378X", "card_id", "El número de ID del cliente tiene 9 números. Revíselo en su tarjeta."},
		{"card_id", long, "card_id", "Esto es muy largo. Escriba 64 letras o números como máximo."},
		{"birth_month", "", "birth_month", "Elija el mes."},
		{"birth_month", "13", "birth_month", "Elija el mes."},
		{"birth_day", "", "birth_day", "Escriba el día."},
		{"birth_day", "dos", "birth_day", "Escriba el día."},
		{"birth_day", "31\x07", "birth_day", "Escriba el día."},
		{"birth_year", "84", "birth_year", "Escriba el año con 4 números."},
		{"birth_year", long, "birth_year", "Escriba el año con 4 números."},
		{"birth_day", "32", "birth_day", "Esa fecha no existe. Revise el mes y el día."},
		{"birth_day", "0", "birth_day", "Esa fecha no existe. Revise el mes y el día."},
		{"birth_year", "1884", "birth_day", "Esa fecha no existe. Revise el mes y el día."},
		{"birth_year", "2027", "birth_year", "La fecha tiene que ser de hoy o antes."},
	}
	b := s.browser().toPersonal()
	for _, test := range tests {
		b.post(with(maria, test.field, test.value)...).on("/register/personal", 422)
		if got := b.problems(); len(got) != 1 || got[test.at] != test.want {
			t.Errorf("%s = %.20q: problems %v, want %s: %s", test.field, test.value, got, test.at, test.want)
		}
		if test.field != "last_name" && b.value("last_name") != "NUÑEZ LOPEZ" {
			t.Errorf("%s = %.20q: the last name is gone", test.field, test.value)
		}
		if !strings.Contains(b.body, "<title>Error: Información personal – Salud HUSKY</title>") {
			t.Errorf("%s = %.20q: the title does not say Error", test.field, test.value)
		}
	}
	b.post(with(maria, "birth_month", "2", "birth_day", "31")...).on("/register/personal", 422)
	if got := b.problems()["birth_day"]; got != "Esa fecha no existe. Revise el mes y el día." {
		t.Errorf("31 February: %q", got)
	}
	b.post("birth_month", "", "birth_day", "", "birth_year", "").on("/register/personal", 422)
	if got := len(b.problems()); got != 4 {
		t.Errorf("an empty form has %d problems, want birth date, two names and the number: %v", got, b.problems())
	}
	// Impossible fields cost no try.
	if n := s.count(`select count(*) from identity_guards`); n != 0 {
		t.Errorf("%d guards after forms with problems", n)
	}
	b.post(maria...).on("/register/credentials", 200)
}

func TestBytesThatNoFormMaySend(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toPersonal()
	for _, value := range []string{"Mar\x00ía", "Mar\xff"} {
		b.get("/register/personal?flow=f1").send(with(maria, "first_name", value)...)
		if b.status < 400 || b.status >= 500 || !strings.Contains(b.body, "<h1>") {
			t.Errorf("%q = %d, want a page with 4xx", value, b.status)
		}
	}
	b.get("/register/personal?flow=f1").on("/register/personal", 200)
	token := b.cookies["idp_browser"]
	form := b.form(maria...)
	form.Set("csrf", "AAAA")
	if b.do(http.MethodPost, "/register/personal", form).status != http.StatusForbidden {
		t.Errorf("a foreign form token = %d, want 403", b.status)
	}
	b.get("/register/personal?flow=f1")
	delete(b.cookies, "idp_browser")
	if b.send(maria...).status != http.StatusForbidden {
		t.Errorf("no browser cookie = %d, want 403", b.status)
	}
	b.cookies["idp_browser"] = token
	b.get("/register/personal?flow=f1").post(maria...).on("/register/credentials", 200)
}

func TestNewWantsEverything(t *testing.T) {
	if _, err := New(Deps{}); err == nil {
		t.Error("New without dependencies went through")
	}
	if _, err := NewHandler(nil, nil, nil, 9); err == nil {
		t.Error("NewHandler without dependencies went through")
	}
}
