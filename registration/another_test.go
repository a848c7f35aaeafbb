package registration

import (
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

// Once somebody came to the entrance, every page and every form of what was begun in the browser leads to the question whose it
// is, without a datum; a route that is added is looked at as well.
func TestNextPersonIsAskedOnEveryPage(t *testing.T) {
	t.Parallel()
	own := map[string]bool{"GET /register": true, "GET /register/open": true, "POST /register/open": true, // the entrance and the question
		"GET /register/done": true, "POST /register/locked": true} // for a session; erases
	for name, at := range map[string]func(b *browser){
		"refused card": func(b *browser) { b.toPersonal().post(mariaWrong...).on("/register/personal", 422) },
		"step 3":       func(b *browser) { b.toCredentials() },
		"step 4":       func(b *browser) { b.toCode() },
		"step 5":       func(b *browser) { b.toReview() },
		"locked":       func(b *browser) { b.toPersonal().lock() },
	} {
		s := newSite(t, 1)
		left := s.browser()
		at(left)
		stale := *left
		left.get("/register/agreement?flow=f1")
		for _, route := range s.handler.(*gin.Engine).Routes() {
			if !strings.HasPrefix(route.Path, "/register") || own[route.Method+" "+route.Path] {
				continue
			}
			b := stale
			b.cookies = maps.Clone(left.cookies)
			if route.Method == http.MethodGet {
				b.get(route.Path + "?back=1")
			} else { // the page was on the screen all the time
				b.do(http.MethodPost, route.Path, b.form(with(mariaChoice, "certify", "yes", "code", "123456")...))
				if b.status == http.StatusSeeOther {
					b.get(b.location)
				}
			}
			if path, _, _ := strings.Cut(b.path, "?"); path != "/register/open" || b.status != http.StatusOK {
				t.Errorf("%s: %s %s leads to %s (%d)", name, route.Method, route.Path, b.path, b.status)
			}
			for _, datum := range []string{"maria", "Maria.Lopez", "López", "LOPEZ", "004-123-789", `\b1984\b`} {
				if regexp.MustCompile(datum).MatchString(b.body) {
					t.Errorf("%s: %s %s shows %q", name, route.Method, route.Path, datum)
				}
			}
		}
		if n := s.count(`select count(*) from accounts`); n != 0 {
			t.Errorf("%s: %d accounts", name, n)
		}
	}
}

// The one who began goes back and forth in their own registration, changes the language and reads the help without being asked.
func TestOwnWaysAskNothing(t *testing.T) {
	t.Parallel()
	b := newSite(t, 1).browser().toReview()
	for _, path := range []string{"/register/review", "/register/credentials", "/agreement", "/register/personal", "/register/agreement?back=1", "/register/review?lang=en", "/register/personal?lang=es"} {
		want, _, _ := strings.Cut(path, "?")
		b.get(path).on(want, 200)
	}
	b.get("/register/credentials").post("switch", "en").on("/register/credentials", 200)
	b.get("/register/agreement?back=1").post("switch", "es").on("/register/agreement", 200)
	b.get("/register/review").on("/register/review", 200)
}

// Whoever says that an open registration is theirs types the number of its card. Three wrong ones erase it, the same one twice
// costs one.
func TestOpenRegistrationAsksForTheCard(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toReview().get("/register").on("/register/open", 200).reads("Número de ID del Cliente")
	b.post("act", "go_on").on("/register/open", 422).reads("Escriba su número de ID del cliente.")
	b.post("act", "go_on", "card_id", "12").on("/register/open", 422).reads("tiene 9 números")
	b.post("act", "go_on", "card_id", "004123791").on("/register/open", 422).reads("Le quedan 2 intentos.")
	b.post("act", "go_on", "card_id", "004 123 791").on("/register/open", 422).reads("Le quedan 2 intentos.")
	b.post("act", "go_on", "card_id", "004123790").on("/register/open", 422).reads("Le queda 1 intento.")
	for _, path := range []string{"/register/review", "/register/credentials", "/register/personal"} {
		b.get(path).on("/register/open", 200).lacks("maria")
	}
	b.post("act", "go_on", "card_id", "004123789").on("/register/review", 200)
	if b.get("/register/personal").on("/register/personal", 200); b.value("card_id") != "" || b.value("birth_year") != "" {
		t.Errorf("number %q and year %q are filled in", b.value("card_id"), b.value("birth_year"))
	}

	b.get("/register").post("act", "go_on", "card_id", "004123791").reads("Le quedan 2 intentos.") // the right one ended the count
	b.post("act", "go_on", "card_id", "004123790").reads("Le queda 1 intento.")
	b.post("act", "go_on", "card_id", "004123792").on("/register/agreement", 200).reads("Borramos lo que se escribió antes.")
	if n := s.count(`select count(*) from registrations`); n != 0 {
		t.Errorf("%d registrations are left", n)
	}
	if n := s.count(`select count(*) from audit_events where kind = 'registration.left' and reason = 'other_cards'`); n != 1 {
		t.Errorf("%d rows of its end", n)
	}
	b.get("/register/review").on("/register/review", http.StatusGone)
}

// A card that was not matched has no number to ask for: nothing of it comes back to whoever says that it is theirs.
func TestUnmatchedCardIsTypedAgain(t *testing.T) {
	t.Parallel()
	b := newSite(t, 1).browser().toPersonal().post(mariaWrong...).get("/register").on("/register/open", 200).lacks("Número de ID")
	b.post("act", "go_on").on("/register/personal", 200)
	for _, field := range []string{"first_name", "last_name", "card_id", "birth_day", "birth_year"} {
		if b.value(field) != "" {
			t.Errorf("%s is %q", field, b.value(field))
		}
	}
	b.post(maria...).on("/register/credentials", 200)
}

// Whose card and mailbox were used by another person can undo it: the welcome mail says how.
func TestWelcomeCanBeDenied(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.browser().toReview().send("certify", "yes")
	welcome := s.mails[len(s.mails)-1]
	_, link, found := strings.Cut(welcome.Content.Text, "/not-me?link=")
	if link, _, _ = strings.Cut(link, "\n"); welcome.Kind != "welcome" || !found {
		t.Fatalf("the mail %s has no link:\n%s", welcome.Kind, welcome.Content.Text)
	}
	if err := s.recovery.NotMe(t.Context(), strings.TrimSpace(link), nil); err != nil {
		t.Fatal(err)
	}
	if n := s.count(`select count(*) from accounts where status = 'protected'`); n != 1 {
		t.Errorf("%d protected accounts", n)
	}
	if n := s.count(`select count(*) from sessions where ended_at is null`); n != 0 {
		t.Errorf("%d sessions are open", n)
	}
}

// Two relatives in two tabs of one registration: a page that was opened before the card was matched takes no other card, and what
// was rendered for one of them is not the other's.
func TestTwoPeopleInTwoTabs(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	early := s.browser().toPersonal()
	tab := func(page *browser, at *browser) *browser { // another page in the same browser
		p := *page
		p.cookies = at.cookies
		return &p
	}
	anas := tab(early, early)
	anas.post(ana...).on("/register/credentials", 200)
	tab(early, anas).post(ana...).on("/register/credentials", 200) // pressed twice
	if marias := tab(early, anas).send(maria...); marias.status != http.StatusConflict {
		t.Errorf("another card on the page that was open all the time: %d", marias.status)
	}
	if got := s.count(`select count(*) from registrations`); got != 1 {
		t.Errorf("%d registrations", got)
	}
	anas.get("/register/credentials").on("/register/open", 200) // somebody else was here
	anas.post("act", "go_on", "card_id", "004123791").on("/register/credentials", 200).reads("Esto es para Ana.")

	for _, at := range []string{"credentials", "code"} {
		page := tab(anas, anas)
		if at == "code" {
			page = tab(anas.get("/register/credentials").post(with(mariaChoice, "username", "ana.rivera", "email", "ana@example.com", "email_again", "ana@example.com")...).on("/register/code", 200), anas)
		}
		other := tab(anas, anas)
		other.get("/register/personal").on("/register/personal", 200).post(maria...).on("/register/credentials", 200).reads("Esto es para maria.")
		if page.send(append(mariaChoice, "code", "123456")...); page.status != http.StatusConflict {
			t.Errorf("Ana's page at %s, sent once María's card was matched: %d to %q", at, page.status, page.location)
		}
		other.get("/register/credentials").post("act", "go_on", "card_id", "004123789").on("/register/credentials", 200).reads("Esto es para maria.")
		if other.value("username") != "" || other.value("email") != "" {
			t.Errorf("María sees %q and %q", other.value("username"), other.value("email"))
		}
		other.get("/register/personal").post(ana...).on("/register/credentials", 200)
		anas = other
	}
}

// A card that was dictated, each number with a full stop behind it, is the same card on every page after it.
func TestDictatedCard(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toPersonal().post(append(maria[:len(maria):len(maria)], "birth_day", "14.", "birth_year", "1984.", "card_id", "004123789.")...).on("/register/credentials", 200)
	b.post(mariaChoice...).on("/register/code", 200).post("code", s.code()).on("/register/review", 200).reads("1984").lacks("año 0").lacks("789.")
	b.get("/register").on("/register/open", 200).post("act", "go_on", "card_id", "004123790.").on("/register/open", 422).reads("Le quedan 2 intentos.")
	b.post("act", "go_on", "card_id", "004123789.").on("/register/review", 200)
}
