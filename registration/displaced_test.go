package registration

import (
	"regexp"
	"testing"
	"time"
)

var wayOn = regexp.MustCompile(`<a class="button primary" href="([^"]+)"`)

// Whoever presses a button of a registration that another person has displaced never comes to that person's: not by the
// button of the page that says so, not by its reload, and not by a step's address, without being asked who it is and
// reading that the former registration was erased.
func TestDisplacedRegistrationLeadsToTheEntrance(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	for name, begin := range map[string]func(b *browser) (erase func()){
		"the card": func(b *browser) func() { b.toPersonal(); return func() { b.post("act", "leave") } },
		"credentials": func(b *browser) func() {
			b.toCredentials()
			return func() { b.get("/register/agreement").post("act", "anew") }
		},
	} {
		b := s.browser()
		erase := begin(b)
		old := *b
		erase()
		b.get("/register/agreement").post("act", "agree").on("/register/personal", 200).post(maria...).on("/register/credentials", 200)
		old.cookies = b.cookies
		tab := old
		tab.send("first_name", "Ana", "username", "ana")
		if tab.status != 409 {
			t.Fatalf("%s: the displaced page = %d", name, tab.status)
		}
		button := wayOn.FindStringSubmatch(tab.body)
		if button == nil || button[1] != "/login?flow=f1" && button[1] != "/login" {
			t.Errorf("%s: the way on is %q, want the entrance", name, button)
		}
		s.later(30 * time.Second)
		for _, address := range []string{tab.path, "/register/credentials", "/register", "/register/personal"} {
			next := tab
			next.get(address).on("/register/open", 200).reads("Se borró cuando alguien empezó de nuevo").lacks("Esto es para")
		}
		next := tab // it was the other person's button after all
		next.get("/register/open").post("act", "go_on", "card_id", "004123789").on("/register/credentials", 200).reads("Esto es para maria")
		next.get("/register/credentials").on("/register/credentials", 200)
	}
}
