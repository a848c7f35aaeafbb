package registration

import (
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres/postgrestest"
)

// Whoever begins in a browser with an open registration is asked first, and reads nothing of it; the one who began continues
// where they were.
func TestAnotherPersonIsAskedFirst(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/register", "/register?flow=f1", "/register/agreement", "/register/agreement?flow=f1"} {
		s := newSite(t, 1)
		b := s.browser().toCredentials().get("/").get(path).on("/register/open", 200)
		for _, datum := range []string{"maria", "López", "LOPEZ", "004-123-789", `\b1984\b`} {
			if regexp.MustCompile(datum).MatchString(b.body) {
				t.Errorf("%s: the question shows %q", path, datum)
			}
		}
		page := b.body
		b.post("act", "go_on", "card_id", "004 123 789").on("/register/credentials", 200).reads("Esto es para maria.")
		if b.get("/register/personal").on("/register/personal", 200); b.value("card_id") != "" || b.value("birth_year") != "" {
			t.Errorf("%s: who says that it is theirs reads the number %q and the year %q", path, b.value("card_id"), b.value("birth_year"))
		}
		b.body, b.path = page, "/register/open"
		b.post("act", "anew").on("/register/agreement", 200).post("act", "agree").on("/register/personal", 200)
		if n := s.count(`select count(*) from registrations where identity is not null`); n != 0 || b.value("first_name") != "" {
			t.Errorf("%s: %d registrations of the person before are left, first name %q", path, n, b.value("first_name"))
		}
		b.post(ana...).on("/register/credentials", 200).reads("Esto es para Ana.")
	}
	// Back into the erased one, and a bookmark in a browser that never began: the page names no cause that is not so.
	erased, fresh := newSite(t, 1), newSite(t, 1)
	for _, b := range []*browser{erased.browser().toCredentials().get("/register").post("act", "anew").get("/register/credentials"), fresh.browser().get("/register/credentials")} {
		b.on("/register/credentials", http.StatusGone).reads("En este navegador no hay ninguna inscripción abierta. Una inscripción se borra a las 24 horas o cuando termina.")
	}
	// A name is said without the spaces that a keyboard puts after it.
	newSite(t, 1).browser().toPersonal().post(with(ana, "first_name", " Ana ")...).on("/register/credentials", 200).reads("Esto es para Ana.")
	// A page of the agreement that was open all the time does not lead into another's registration either.
	s := newSite(t, 1)
	b := s.browser().get("/register/agreement?flow=f1")
	page := b.body
	b.post("act", "agree").post(maria...).on("/register/credentials", 200)
	b.body, b.path = page, "/register/agreement"
	b.post("act", "agree").on("/register/open", 200)
}

// After fifteen minutes away whoever comes back is asked first, and number and birth date are not put back into the fields;
// of a card that was not matched, whose number nobody can be asked for, nothing is.
func TestAwayForAWhile(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toPersonal().post(mariaWrong...)
	s.later(away - time.Second)
	if b.get("/register/personal?flow=f1").on("/register/personal", 200); b.value("card_id") != "004-123-789" {
		t.Errorf("within the time the number is %q", b.value("card_id"))
	}
	s.later(time.Second)
	b.get("/register/personal?flow=f1").on("/register/open", 200).post("act", "go_on").on("/register/personal", 200)
	if b.value("card_id") != "" || b.value("birth_day") != "" || b.value("birth_year") != "" || strings.Contains(b.body, "selected>3 ") || b.value("last_name") != "" || b.value("first_name") != "" {
		t.Errorf("number %q, day %q, year %q, last name %q", b.value("card_id"), b.value("birth_day"), b.value("birth_year"), b.value("last_name"))
	}
	b.post(maria...).on("/register/credentials", 200)
	s.later(away)
	for _, path := range []string{"/register/credentials", "/register/personal", "/register/agreement?back=1"} {
		b.get(path).on("/register/open", 200)
	}
	// Who types slowly loses nothing, but finds the card's secrets gone on the way back.
	b.post("act", "go_on", "card_id", "004123789").on("/register/credentials", 200)
	s.later(away)
	b.post(mariaChoice...).on("/register/code", 200).post("act", "previous").post("act", "previous").on("/register/personal", 200)
	if b.value("card_id") != "" || b.value("first_name") != "maria" {
		t.Errorf("on the way back: number %q, first name %q", b.value("card_id"), b.value("first_name"))
	}
}

// Another person's sign-in, and signing out, end what the browser had open; a lock stays for support.
func TestSignInEndsWhatIsOpen(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.browser().toCredentials()
	browser := s.browserDigest()
	s.browser().toPersonal().post(ana...) // another browser's stays
	end := func() {
		b := &pgx.Batch{}
		QueueEndBrowser(b, browser)
		if err := s.db.From(t.Context()).SendBatch(t.Context(), b).Close(); err != nil {
			t.Fatal(err)
		}
	}
	end()
	if n := s.count(`select count(*) from registrations`); n != 1 {
		t.Errorf("%d registrations are left, want that of the other browser", n)
	}
	locked := s.browser().toPersonal().lock()
	if err := s.db.From(t.Context()).QueryRow(t.Context(), `select browser from registrations where reference is not null`).Scan(&browser); err != nil {
		t.Fatal(err)
	}
	reference := s.reference(locked)
	end()
	locked.get("/register/locked").on("/register/agreement", 200)
	if stuck, err := s.service.StuckAs(t.Context(), reference); err != nil || !stuck.Locked || len(stuck.Differs) == 0 {
		t.Errorf("support finds %+v, %v", stuck, err)
	}
}

// Who goes back to a registration that another person's sign-in has ended is told so, each time, and not that the account of that
// person is theirs. Who finished it comes to their own.
func TestBackAfterAnotherSignedIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	member := s.browser().toReview()
	member.send("certify", "yes")
	for _, path := range []string{"/register/done", "/register/code"} {
		if member.get(path); member.status != http.StatusOK || strings.Contains(member.body, "Otra persona") {
			t.Errorf("who finished comes from %s to %s, %d", path, member.path, member.status)
		}
	}
	relative := s.browser().toPersonal().post(ana...).on("/register/credentials", 200)
	b := &pgx.Batch{}
	var browser []byte
	if err := s.db.From(t.Context()).QueryRow(t.Context(), `select browser from registrations where finished_at is null`).Scan(&browser); err != nil {
		t.Fatal(err)
	}
	QueueEndBrowser(b, browser)
	if err := s.db.From(t.Context()).SendBatch(t.Context(), b).Close(); err != nil {
		t.Fatal(err)
	}
	for name, value := range member.cookies {
		if _, own := relative.cookies[name]; !own {
			relative.cookies[name] = value
		}
	}
	for _, path := range []string{"/register/credentials", "/register/code", "/register/personal"} {
		relative.get(path).on(path, http.StatusGone).reads("Otra persona inició su sesión en este navegador: maria.lopez.")
	}
}

// A finished registration is not ended by the sign-in that it makes, and another one of that browser is.
func TestFinalizarEndsTheOther(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toReview()
	other := &browser{site: s, cookies: map[string]string{"idp_browser": b.cookies["idp_browser"]}, source: b.source, lang: "es"}
	other.toPersonal().post(ana...).on("/register/credentials", 200)
	if b.send("certify", "yes"); b.status != http.StatusSeeOther || s.count(`select count(*) from accounts`) != 1 {
		t.Fatalf("Finalizar = %d", b.status)
	}
	if n := s.count(`select count(*) from registrations where finished_at is null`); n != 0 {
		t.Errorf("%d open registrations", n)
	}
}

// The card sent again after a lost answer is answered as the first time, although somebody has looked at the agreement since it
// was begun. Another card, or a minute later, it is asked whose the registration is.
func TestCardSentAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		card  []string
		after time.Duration
		want  string
	}{
		"again":        {maria, 10 * time.Second, "/register/credentials"},
		"another card": {ana, 10 * time.Second, "/register/open"},
		"a minute on":  {maria, time.Minute, "/register/open"},
	} {
		s := newSite(t, 1)
		b := s.browser().toPersonal()
		page, path := b.body, b.path
		b.get("/register/agreement") // Back
		b.body, b.path = page, path  // Forward
		cookies := maps.Clone(b.cookies)
		if b.send(maria...); !strings.HasPrefix(b.location, "/register/credentials") {
			t.Fatalf("%s: the card leads to %q", name, b.location)
		}
		b.cookies, b.body, b.path = cookies, page, path
		s.later(test.after)
		if b.send(test.card...); b.status != http.StatusSeeOther || !strings.HasPrefix(b.location, test.want) {
			t.Errorf("%s leads to %q (%d), want %s", name, b.location, b.status, test.want)
		}
	}
}

// The right number that an outage kept from its check is no proof for who finds the form in the history; a wrong one is put back.
func TestOpenAfterAnOutage(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toReview().get("/register").on("/register/open", 200)
	postgrestest.Exec(t, s.db, `alter table registrations rename to away`)
	b.still = true
	b.send("act", "go_on", "card_id", "004123789")
	b.still = false
	postgrestest.Exec(t, s.db, `alter table away rename to registrations`)
	b.get(b.location+"&again=1").on("/register/open", 200).reads("Número de ID")
	if b.value("card_id") != "" {
		t.Errorf("after an outage the number is %q", b.value("card_id"))
	}
	b.post("act", "go_on", "card_id", "004123791").on("/register/open", 422)
	if b.value("card_id") != "004123791" {
		t.Errorf("a wrong number is put back as %q", b.value("card_id"))
	}
}
