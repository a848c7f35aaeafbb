package registration

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/internal/ratelimit"
)

// wrongCodes are five of them, each another.
func (s *site) wrongCodes() []string {
	all := []string{"111111", "222222", "333333", "444444", "555555", "666666"}
	return slices.DeleteFunc(all, func(code string) bool { return code == s.code() })
}

// The same wrong code again, by a double click or a reload, costs no second try; the one before the last does.
func TestSameCodeCountsOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toCode()
	wrong := s.wrongCodes()
	for range 6 {
		b.post("code", wrong[0]).on("/register/code", 422).reads("Le quedan 4 intentos.")
	}
	b.post("code", wrong[0][:3]+" "+wrong[0][3:]).on("/register/code", 422).reads("Le quedan 4 intentos.")
	b.post("code", wrong[1]).reads("Le quedan 3 intentos.").post("code", wrong[0]).reads("Le quedan 2 intentos.")
	b.post("code", s.code()).on("/register/review", 200)
}

func TestCodeFormat(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toCode()
	for typed, want := range map[string]string{
		"": "Escriba el código.", "   ": "Escriba el código.", "12345": "El código tiene 6 números.", "1234567": "El código tiene 6 números.",
		"12a456": "El código tiene 6 números.", strings.Repeat("1", 10_000): "El código tiene 6 números.", "12345\u0661": "El código tiene 6 números.",
		"\u202e": "Escriba el código.", // what nobody sees is not there
	} {
		b.post("code", typed).on("/register/code", 422)
		if got := b.problems()["code"]; got != want {
			t.Errorf("code %.10q: %q, want %q", typed, got, want)
		}
	}
	b.post("code", s.code()).on("/register/review", 200) // none of these was a try
}

func TestFiveWrongCodesEndIt(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toCode()
	for i, want := range []string{"Le quedan 4 intentos.", "Le quedan 3 intentos.", "Le quedan 2 intentos.", "Le queda 1 intento.", "Hubo 5 códigos incorrectos. Pida un código nuevo."} {
		b.post("code", s.wrongCodes()[i]).on("/register/code", 422).reads(want)
	}
	b.post("code", s.code()).on("/register/code", 422).reads("Ese código ya no sirve. Pida otro.").reads("Su código nuevo irá a").lacks("El código llegará a")
	if n := strings.Count(b.text(), "Ese código ya no sirve. Pida otro."); n != 1 {
		t.Errorf("the page says %d times that the code expired", n)
	}
	b.get("/register/credentials?flow=f1").post(mariaChoice...).on("/register/code", 200).reads("Ese código ya no sirve. Pida otro.")
	s.later(time.Minute)
	b.post("act", "resend").on("/register/code", 200).reads("Enviamos otro código. Use el último que pidió aquí.")
	b.post("code", s.code()).on("/register/review", 200)
}

func TestExpiredCode(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toCode()
	s.later(15 * time.Minute)
	b.post("code", s.code()).on("/register/code", 422).reads("Ese código ya no sirve. Pida otro.")
	b.post("act", "resend").on("/register/code", 200).post("code", s.code()).on("/register/review", 200)
}

// A code that was sent and is void is shown as that, however the page is opened, and nothing there sounds as if one were out.
func TestDeadCodeIsTold(t *testing.T) {
	t.Parallel()
	for name, die := range map[string]func(s *site, b *browser){
		"five wrong codes": func(s *site, b *browser) {
			for _, code := range s.wrongCodes()[:codeTries] {
				b.post("code", code)
			}
			b.reads("Pida un código nuevo.").lacks("Sirve por 15 minutos").lacks("Enviamos un código a")
		},
		"next morning": func(s *site, b *browser) {
			s.later(10 * time.Hour)
			b.get("/register/code?flow=f1").on("/register/open", 200).post("act", "go_on", "card_id", "004123789").on("/register/code", 200)
		},
		"a late code": func(s *site, b *browser) {
			s.later(16 * time.Minute)
			b.post("code", s.code()).on("/register/code", 422).reads("Ese código ya no sirve. Pida otro.").lacks("Enviamos un código a")
		},
	} {
		s := newSite(t, 1)
		b := s.browser().toCode()
		b.get("/register/code?flow=f1").reads("Enviamos un código a").reads("Sirve por 15 minutos")
		die(s, b)
		t.Log(name)
		b.get("/register/code?flow=f1").on("/register/code", 200).reads("Ese código ya no sirve. Pida otro.").reads("Su código nuevo irá a").lacks("El código llegará a")
		b.lacks("Todavía no enviamos").lacks("Sirve por 15 minutos").lacks("Enviamos un código a")
		s.later(time.Minute)
		b.post("act", "resend").on("/register/code", 200).lacks("ya no sirve").post("code", s.code()).on("/register/review", 200)
	}
}

func TestNewestCodeOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toCode()
	old := s.code()
	for s.code() == old { // once, but for one time in a million
		s.later(time.Minute)
		b.post("act", "resend")
	}
	b.post("code", old).on("/register/code", 422)
}

// S-14: a minute apart, 5 an hour, 10 a day for one address.
func TestResendLimits(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toCode()
	s.later(20 * time.Second)
	b.post("act", "resend", "code", s.code()).on("/register/code", http.StatusTooManyRequests).reads("Espere 40 segundos para pedir otro código.")
	if got := b.value("code"); got != s.code() {
		t.Errorf("the code typed before another was refused is %q, want it kept", got)
	}
	if got := b.header.Get("Retry-After"); got != "40" {
		t.Errorf("Retry-After = %s, want 40", got)
	}
	for range 4 {
		s.later(time.Minute)
		b.get("/register/code?flow=f1").post("act", "resend").on("/register/code", 200)
	}
	s.later(time.Minute)
	b.post("act", "resend").on("/register/code", http.StatusTooManyRequests).reads("Ya se enviaron muchos códigos.").reads("WebSupport@CHNCT.org")
	for range 5 {
		s.later(time.Hour)
		b.get("/register/code?flow=f1").on("/register/open", 200).post("act", "go_on", "card_id", "004123789").on("/register/code", 200).post("act", "resend").on("/register/code", 200)
	}
	s.later(time.Hour)
	b.post("act", "resend").on("/register/code", http.StatusTooManyRequests)
	if got := len(s.mailed()); got != 10 {
		t.Errorf("%d mails in a day, want 10", got)
	}
}

// S-11, S-14: whoever has the card uses up their own codes, not the owner's: elsewhere, on another mailbox, or, asking from many
// networks, in one that asks for the first time. What the owner reads is true of them.
func TestSomebodyElsesCodes(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	at := func(source, address string) *browser {
		b := s.browser()
		b.source = source + ":4000"
		b.toCredentials().post(with(mariaChoice, "username", "n"+strings.NewReplacer("@", "", ".", "").Replace(address), "email", address, "email_again", address)...)
		return b.on("/register/code", 200)
	}
	thief := at("198.51.100.7", "thief@example.net")
	for range 5 {
		s.later(time.Minute)
		thief.get("/register/code?flow=f1").post("act", "resend")
	}
	thief.on("/register/code", http.StatusTooManyRequests).reads("Ya se enviaron muchos códigos.")
	at("192.0.2.10", "maria@example.com").reads("Enviamos un código a").post("code", s.code()).on("/register/review", 200)
	at("198.51.100.7", "maria@example.org").reads("Enviamos un código a").post("code", s.code()).on("/register/review", 200)
	for i := range 8 { // what this source gets with the card
		at("198.51.100.7", fmt.Sprintf("thief%d@example.net", i))
	}
	at("198.51.100.7", "another@example.net").reads("Ya se enviaron muchos códigos")
	maria := at("203.0.113.9", "maria@example.org").reads("Enviamos un código a")
	for range 3 { // more than the first
		s.later(time.Minute)
		maria.get("/register/code?flow=f1").post("act", "resend").on("/register/code", 200).reads("Enviamos un código a")
	}
	maria.post("code", s.code()).on("/register/review", 200)
}

// S-11, S-14, S-52: whoever tries names with a relative's card uses up the tries of their own network, and from many networks those of who
// tries more than three.
func TestSomebodyElsesNames(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	answered := 0
	try := func(source string, names int) *browser {
		t.Helper()
		b := s.browser()
		b.source = source + ":4000"
		b.toCredentials()
		for i := range names {
			b.send(with(mariaChoice, "username", fmt.Sprintf("nombre%d.%s", i, strings.NewReplacer(".", "", ":", "").Replace(source)), "answer", "")...)
			if b.status != http.StatusTooManyRequests {
				answered++
			}
		}
		return b
	}
	for i := range 5 {
		try(fmt.Sprintf("198.51.100.%d", i), 22)
	}
	if answered != 20 {
		t.Errorf("one network got %d names, want 20", answered)
	}
	for i := range 6 {
		try(fmt.Sprintf("192.0.%d.7", i), 22)
	}
	if answered > 100 {
		t.Errorf("all networks got %d names, want 100 at most", answered)
	}
	owner := try("203.0.113.9", 2)
	owner.post(mariaChoice...).on("/register/code", 200)
	owner.post("act", "previous").post(with(mariaChoice, "username", "otro.nombre")...).on("/register/credentials", http.StatusTooManyRequests).reads("Se probaron muchos nombres con esta tarjeta.")
}

// S-10: wrong codes for a card are bounded wherever they are typed, and the right one is taken even then.
func TestWrongCodesOfACard(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	at := func(i int) *browser {
		b := s.browser()
		b.source = fmt.Sprintf("198.51.%d.7:4000", i)
		return b.toCode()
	}
	for i := range 5 {
		b := at(i)
		for _, wrong := range s.wrongCodes()[:codeTries] {
			b.post("code", wrong)
		}
		b.reads("Hubo 5 códigos incorrectos.")
	}
	b := at(5)
	b.post("code", s.wrongCodes()[0]).on("/register/code", 422).reads("Se escribieron muchos códigos incorrectos para esta tarjeta. Pida un código nuevo.")
	b.post("code", s.code()).on("/register/code", 422).reads("Ese código ya no sirve. Pida otro.")
	at(6).post("code", s.code()).on("/register/review", 200)
}

// A code that is still out is not mailed again for pressing Siguiente twice.
func TestBackAndForthMailsOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toCode()
	b.post("act", "previous").on("/register/credentials", 200).post(mariaChoice...).on("/register/code", 200)
	if got := s.mailed(); len(got) != 1 {
		t.Errorf("mails: %v, want one", got)
	}
	b.post("code", s.code()).on("/register/review", 200)
}

// S-09: 20 mails an hour from one source, whatever the addresses.
func TestSourceMailsAreLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, func(d *Deps) { d.Mailed = 2 })
	b := s.browser().toCredentials()
	for i, want := range []int{1, 2, 2} {
		address := fmt.Sprintf("m%d@example.com", i)
		b.get("/register/credentials?flow=f1").post(with(mariaChoice, "email", address, "email_again", address)...).on("/register/code", 200)
		if got := len(s.mailed()); got != want {
			t.Errorf("%d mails, want %d", got, want)
		}
		s.later(time.Minute)
	}
	b.reads("Guardamos lo que escribió. Ya se enviaron muchos códigos").post("act", "resend").on("/register/code", http.StatusTooManyRequests)
	if b.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// S-09: 20 registrations an hour from one source.
func TestRegistrationsAreLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, func(d *Deps) { d.Registrations = 2 })
	s.browser().toPersonal()
	s.browser().toPersonal()
	b := s.browser().get("/register/agreement").send("act", "agree")
	if b.status != http.StatusTooManyRequests || b.header.Get("Retry-After") == "" {
		t.Errorf("the third registration of a source = %d, Retry-After %q", b.status, b.header.Get("Retry-After"))
	}
}

// A4: at a library or a field office on an enrolment day many have begun and nobody has finished yet: merely begun is no
// mistake. C10: what unauthenticated requests leave behind stays bounded.
func TestEnrolmentDay(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	var last *browser
	for range 60 {
		last = s.browser().toPersonal()
	}
	last.post(maria...).on("/register/credentials", 200)
	for i := range 200 {
		_, _, err := s.service.Agree(t.Context(), Visit{Browser: []byte{byte(i)}, Source: "192.0.2.10/32", Language: "es"}, "2026-11-01")
		if limited, ok := errors.AsType[*ratelimit.Exceeded](err); err != nil && (!ok || i < 140 || limited.RetryAfter() > time.Hour) {
			t.Fatalf("begun after %d others: %v", 60+i, err)
		}
	}
	if n := s.count(`select count(*) from registrations`); n != 200 {
		t.Errorf("%d registrations of one source in an hour, want 200", n)
	}
}

// S-10: parallel tries buy no more than five.
func TestParallelCodesAreCounted(t *testing.T) {
	t.Parallel()
	s := newSite(t, 8)
	b := s.browser().toCode()
	v := Visit{Token: b.cookies["idp_registration"], Language: "es"}
	v.Browser = s.browserDigest()
	right := s.code()
	parallel(20, func(i int) {
		if wrong := fmt.Sprintf("%06d", i); wrong != right {
			s.service.SubmitCode(t.Context(), v, wrong)
		}
	})
	if n := s.count(`select count(*) from audit_events where kind = 'registration.code_refused' and reason = 'wrong'`); n != 5 {
		t.Errorf("%d wrong codes were judged, want 5", n)
	}
}

func TestNewCode(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		code, err := accounts.NewCode()
		if clean, ok := accounts.ReadCode(code); err != nil || !ok || clean != code {
			t.Fatalf("newCode = %q, %v", code, err)
		}
		seen[code] = true
	}
	if len(seen) < 950 {
		t.Errorf("1000 codes hold %d different ones", len(seen))
	}
	if !slices.Contains([]string{"123456"}, func() string { c, _ := accounts.ReadCode("１２３ ４５–６\u200b"); return c }()) {
		t.Error("ReadCode does not read full-width digits, spaces and dashes")
	}
}
