package registration

import (
	"strings"
	"testing"
	"time"
)

// A refused form has an address of its own, which shows the same after a reload, Back and in another language; it belongs to the
// registration, and shows nothing to who begins another in the same browser.
func TestRefusedForms(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toPersonal().post(with(maria, "first_name", "Otra")...).on("/register/personal", 422).reads("Le quedan 2 intentos")
	at := b.path
	if !strings.Contains(at, "refused=") {
		t.Fatalf("the refused form is at %s", at)
	}
	for range 2 {
		b.get(at).on("/register/personal", 422).reads("Le quedan 2 intentos")
		if b.value("first_name") != "Otra" || b.value("card_id") != "004-123-789" {
			t.Errorf("the form holds %q and %q", b.value("first_name"), b.value("card_id"))
		}
	}
	b.get(at+"&lang=en").on("/register/personal", 422).reads("You have 2 attempts left")
	if b.value("first_name") != "Otra" {
		t.Errorf("in English it holds %q", b.value("first_name"))
	}
	b.get(at+"&lang=es").post(maria...).post(with(mariaChoice, "email_again", "otra@example.org")...).on("/register/credentials", 422)
	b.get(b.path+"&lang=en").on("/register/credentials", 422).reads("not the same")
	if b.value("email_again") != "otra@example.org" {
		t.Errorf("in English it holds %q", b.value("email_again"))
	}
	b.get(b.path + "&lang=es")
	if strings.Contains(b.body, "tres tazas") {
		t.Error("a password is shown again")
	}
	credentials := b.path
	b.get("/register/open").post("act", "anew").post("act", "agree").post(ana...).on("/register/credentials", 200)
	b.get(credentials)
	if strings.Contains(b.body, "otra@example.org") || strings.Contains(b.body, "maria.lopez") {
		t.Error("another person is shown what was typed before")
	}
}

// Coming back to a refused form after a while asks first whose the registration is.
func TestRefusedFormAfterAWhile(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toPersonal().post(with(maria, "first_name", "Otra")...).on("/register/personal", 422)
	at := b.path
	s.later(16 * time.Minute)
	b.get(at).on("/register/open", 200)
}

// Once the browser has asked whose the registration is, and once the right card was sent, the address of a refused form shows no
// more than the page itself, and not that it was wrong.
func TestRefusedFormIsOver(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	over := func(b *browser, at string) {
		t.Helper()
		b.get("/register/personal")
		number, name := b.value("card_id"), b.value("first_name")
		if b.get(at); b.value("card_id") != number || b.value("first_name") != name || b.status != 200 {
			t.Errorf("%.40s = %d still shows what was refused: %q, %q", at, b.status, b.value("card_id"), b.value("first_name"))
		}
	}
	b := s.browser().toPersonal().post(with(maria, "first_name", "Otra")...).on("/register/personal", 422)
	at := b.path
	s.later(time.Minute)
	b.get("/register/agreement").on("/register/open", 200)
	over(b, at)
	b = s.browser().toPersonal().post(with(maria, "first_name", "Otra")...).on("/register/personal", 422)
	at = b.path
	s.later(time.Minute)
	b.post(maria...).on("/register/credentials", 200)
	over(b, at)
}

// Back to a refused form tells how many tries are left now, not how many were left when it was refused.
func TestRefusedFormTellsTheTriesOfNow(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toPersonal().post(with(maria, "first_name", "Otra")...).on("/register/personal", 422).reads("Le quedan 2 intentos.")
	first := b.path
	b.post(with(maria, "first_name", "Tercera")...).on("/register/personal", 422).reads("Le queda 1 intento.")
	b.get(first).on("/register/personal", 422).reads("Le queda 1 intento.").lacks("Le quedan 2")
	if b.value("first_name") != "Otra" {
		t.Errorf("the form holds %q", b.value("first_name"))
	}

	// The card's count goes on where a registration is begun again, and another card has its own.
	b = s.browser().toPersonal().post(with(maria, "first_name", "Cuarta", "card_id", "999999991")...).on("/register/personal", 422).reads("Le quedan 2 intentos.")
	b.post("act", "leave")
	b = s.browser().toPersonal().post(with(maria, "first_name", "Quinta", "card_id", "999999991")...).on("/register/personal", 422).reads("Le queda 1 intento.")
	b.post(with(maria, "first_name", "Sexta", "card_id", "999999992")...).on("/register/personal", 422).reads("Le queda 1 intento.") // the second of this form

	s = newSite(t, 1)
	b = s.browser().toCode()
	wrong := s.wrongCodes()
	b.post("code", wrong[0]).reads("Le quedan 4 intentos.")
	first = b.path
	b.post("code", wrong[1]).reads("Le quedan 3 intentos.").get(first).on("/register/code", 422).reads("Le quedan 3 intentos.")

	s = newSite(t, 1)
	b = s.browser().toReview().get("/register").on("/register/open", 200)
	b.post("act", "go_on", "card_id", "004123791").on("/register/open", 422).reads("Le quedan 2 intentos.")
	first = b.path
	b.post("act", "go_on", "card_id", "004123790").on("/register/open", 422).reads("Le queda 1 intento.")
	b.get(first).on("/register/open", 422).reads("Le queda 1 intento.").lacks("Le quedan 2")
}
