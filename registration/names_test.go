package registration

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// S-52: with one valid card nobody lists usernames: twenty are looked up in an hour, and then neither a taken nor a free one
// is told apart. What was typed is kept.
func TestNamesAreNotListed(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.browser().toReview().send("certify", "yes")
	b := s.browser().toPersonal().post(ana...)
	for n := range 20 {
		b.post(with(mariaChoice, "email_again", "no", "username", fmt.Sprintf("name%d", n))...).on("/register/credentials", 422)
	}
	for _, name := range []string{"maria.lopez", "free.name"} {
		b.post(with(mariaChoice, "username", name)...).on("/register/credentials", http.StatusTooManyRequests).reads("Se probaron muchos nombres con esta tarjeta. Espere 60 minutos")
		if b.header.Get("Retry-After") != "3600" || strings.Contains(b.body, "ya está en uso") || b.value("username") != name {
			t.Errorf("%s: Retry-After %q, username %q", name, b.header.Get("Retry-After"), b.value("username"))
		}
	}
	again := s.browser().toPersonal().post(ana...) // the card is used again, in another browser
	again.post(with(mariaChoice, "username", "maria.lopez")...).on("/register/credentials", http.StatusTooManyRequests)
	s.later(time.Hour)
	b.get("/register/credentials?flow=f1").post("act", "go_on", "card_id", "004123791").post(with(mariaChoice, "username", "maria.lopez")...).on("/register/credentials", 422).reads("ya está en uso")
	b.post(with(mariaChoice, "username", "free.name", "email", "ana@example.com", "email_again", "ana@example.com")...).on("/register/code", 200)
}
