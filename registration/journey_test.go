package registration

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
)

// The whole way, as the guide tells it.
func TestJourney(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser()
	b.get("/register/agreement?flow=f1").on("/register/agreement", 200).reads("Acuerdo de la licencia").reads("De acuerdo").reads("En desacuerdo").reads("Para continuar a Portal")
	b.post("act", "agree").on("/register/personal", 200).reads("Fecha de Nacimiento").reads("Número de ID del Cliente")
	b.post(maria...).on("/register/credentials", 200).reads("Pregunta secreta").reads("Respuesta secreta")
	b.post(mariaChoice...).on("/register/code", 200).reads("maria@example.com")
	if got, want := s.mailed(), []string{"verify maria@example.com"}; !slices.Equal(got, want) {
		t.Fatalf("mails after the credentials: %v, want %v", got, want)
	}
	code := s.code()
	b.post("code", " "+code[:3]+"-"+code[3:]+" ").on("/register/review", 200).reads("CERTIFICACIÓN DE USUARIO").reads("NUÑEZ LOPEZ").reads("•• / •• / 1984").reads("••••••789").reads("maria.lopez")
	for _, secret := range []string{"004123789", "004-123-789", "tres tazas", "Mango"} {
		if strings.Contains(b.body, secret) {
			t.Errorf("the review page shows %q", secret)
		}
	}
	if policy := b.header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "form-action 'self'") {
		t.Errorf("the review page's policy names more than ourselves: %s", policy)
	}
	b.send("certify", "yes")
	if b.status != http.StatusSeeOther || b.location != "/authorize/resume?flow=f1" {
		t.Fatalf("Finalizar answers %d to %q, want 303 to the pending request\n%s", b.status, b.location, b.text())
	}
	if b.cookies["idp_session"] == "" || b.cookies["idp_registration"] != "" {
		t.Errorf("cookies after Finalizar: %v, want a session and no registration", b.cookies)
	}
	if got, want := s.mailed(), []string{"verify maria@example.com", "welcome maria@example.com"}; !slices.Equal(got, want) {
		t.Errorf("mails: %v, want %v", got, want)
	}
	account, err := s.accounts.Authenticate(t.Context(), accounts.Attempt{Username: "MARIA.lopez", Password: "tres tazas de café negro", Source: "192.0.2.1/32"})
	if err != nil || account.Email != "maria@example.com" || account.Language != "es" {
		t.Errorf("Authenticate with what was chosen = %+v, %v", account, err)
	}
	for query, want := range map[string]int{
		`select count(*) from audit_events where kind in ('account_created', 'agreement_accepted', 'account.certified', 'registration.finished')`: 4,
		`select count(*) from registrations where finished_at is not null and identity is null and credentials is null and password_hash is null`: 1,
		`select count(*) from mails where kind = 'welcome'`: 1,
	} {
		if got := s.count(query); got != want {
			t.Errorf("%s = %d, want %d", query, got, want)
		}
	}
	for _, personal := range []string{"maria", "NUÑEZ", "004123789", "example.com", `\b` + code + `\b`} {
		if regexp.MustCompile(personal).MatchString(s.logs.String()) {
			t.Errorf("the log holds %q:\n%s", personal, s.logs)
		}
	}
}

func TestJourneyInEnglish(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser()
	b.lang = "en"
	b.toReview().reads("USER CERTIFICATION").send("certify", "yes")
	if got := s.mails[len(s.mails)-1]; got.Lang != "en" || got.Content.Subject != "Your account is ready" {
		t.Errorf("the welcome mail is in %s: %q", got.Lang, got.Content.Subject)
	}
}

// Nothing typed is stored unencrypted.
func TestSealedAtRest(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.browser().toCode()
	rows := s.count(`select count(*) from registrations r where r::text ~* 'maria|nu.ez|004123789|example|mango'
		or encode(identity, 'escape') ~* 'maria' or encode(credentials, 'escape') ~* 'maria'`)
	if rows != 0 {
		t.Errorf("%d registrations hold what was typed in the clear", rows)
	}
}

func TestDisagree(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().get("/register/agreement?flow=f1").send("act", "disagree")
	if b.status != http.StatusSeeOther || b.location != "/login?flow=f1&note=declined" {
		t.Errorf("En desacuerdo answers %d to %q", b.status, b.location)
	}
	if n := s.count(`select count(*) from registrations`); n != 0 || b.cookies["idp_registration"] != "" {
		t.Errorf("En desacuerdo leaves %d registrations and the cookies %v", n, b.cookies)
	}
	b = s.browser().toCredentials()
	b.post("act", "previous").post("act", "previous").on("/register/agreement", 200).send("act", "disagree")
	if n := s.count(`select count(*) from registrations`); n != 0 {
		t.Errorf("En desacuerdo in the middle leaves %d registrations", n)
	}
}

func TestLeave(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toCode().send("act", "leave")
	if b.status != http.StatusSeeOther || b.location != "/login?flow=f1" || s.count(`select count(*) from registrations`) != 0 {
		t.Errorf("leaving answers %d to %q", b.status, b.location)
	}
}

// Previo keeps what was typed, never the secrets; going back to the card voids the match.
func TestPrevious(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toReview()
	b.post("act", "previous").on("/register/credentials", 200).reads("Ya guardamos su contraseña y su respuesta")
	if b.value("username") != "maria.lopez" || b.value("email") != "maria@example.com" {
		t.Errorf("the credentials hold %q, %q", b.value("username"), b.value("email"))
	}
	if strings.Contains(b.body, "tres tazas") || strings.Contains(b.body, "Mango") {
		t.Error("a secret came back to the page")
	}
	b.post("act", "previous", "username", "otra", "email", "no es", "question", "play_place").on("/register/personal", 200)
	if b.value("first_name") != "maria" || b.value("card_id") != "004-123-789" {
		t.Errorf("the card holds %q, %q", b.value("first_name"), b.value("card_id"))
	}
	b.get("/register/review?flow=f1").on("/register/personal", 200) // the match is void
	b.post("act", "previous", "first_name", "Mar", "card_id", "12").on("/register/agreement", 200).post("act", "agree").on("/register/personal", 200)
	if b.value("first_name") != "Mar" || b.value("card_id") != "12" {
		t.Errorf("after the agreement the card holds %q, %q", b.value("first_name"), b.value("card_id"))
	}
	b.post(maria...).on("/register/credentials", 200)
	if b.value("username") != "otra" || b.value("email") != "no es" {
		t.Errorf("the credentials hold %q, %q, want what was typed last", b.value("username"), b.value("email"))
	}
	// A proven address stays proven while it is the same, and the secrets may stay.
	b.post("username", "maria", "email", "maria@example.com", "email_again", "maria@example.com", "question", "first_book").on("/register/review", 200)
	if got := s.mailed(); len(got) != 1 {
		t.Errorf("mails: %v, want one", got)
	}
	// Another address has to be proven.
	b.get("/register/credentials?flow=f1").post("username", "maria", "email", "m2@example.com", "email_again", "m2@example.com", "question", "first_book").on("/register/code", 200)
	b.get("/register/review?flow=f1").on("/register/code", 200)
	// Another question wants its answer.
	b.get("/register/credentials?flow=f1").post("username", "maria", "email", "m2@example.com", "email_again", "m2@example.com", "question", "play_place").on("/register/credentials", 422)
	if b.problems()["answer"] != "Escriba su respuesta secreta." {
		t.Errorf("problems: %v", b.problems())
	}
}

// Other words on the card, kept by Previo, are not the ones that matched.
func TestPreviousWithAnotherCard(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toCredentials()
	b.get("/register/personal?flow=f1").post(with(maria, "act", "previous")...).on("/register/agreement", 200)
	b.post("act", "agree").on("/register/credentials", 200)
	b.get("/register/personal?flow=f1").post(with(maria, "act", "previous", "first_name", "Otra")...).on("/register/agreement", 200)
	b.post("act", "agree").on("/register/personal", 200)
}

// A step cannot be reached before the one before it.
func TestStepsOutOfOrder(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	for _, step := range steps[1:] {
		s.browser().get(step.Path).on(step.Path, http.StatusGone).reads("Hay que empezar otra vez")
	}
	b := s.browser().toPersonal()
	for _, step := range steps[2:] {
		b.get(step.Path+"?flow=f1").on("/register/personal", 200)
		b.do(http.MethodPost, step.Path, b.form(slices.Concat(mariaChoice, []string{"code", "123456", "certify", "yes", "certification", "2026-11-01"})...))
		if b.status != http.StatusSeeOther || b.location != "/register/personal" {
			t.Errorf("POST %s out of order = %d to %q", step.Path, b.status, b.location)
		}
		b.get("/register/personal")
	}
	b.get("/register/done").on("/register/done", http.StatusSeeOther)
	if b.location != "/login" {
		t.Errorf("the end without a session leads to %q", b.location)
	}
}

func TestForgedCookie(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	for _, forged := range []string{"x", strings.Repeat("A", 43), strings.Repeat("9", 3000), "%00"} {
		b := s.browser().get("/register/agreement")
		b.cookies["idp_registration"] = forged
		b.get("/register/credentials").on("/register/credentials", http.StatusGone)
	}
	// The right cookie in a browser that did not begin it.
	b := s.browser().toCredentials()
	thief := s.browser().get("/register/agreement")
	thief.cookies["idp_registration"] = b.cookies["idp_registration"]
	thief.get("/register/credentials").on("/register/credentials", http.StatusGone)
	thief.get("/register/agreement").send("act", "leave")
	b.get("/register/credentials").on("/register/credentials", 200)
}

func TestIdleRegistrationIsGone(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toCredentials()
	s.later(23 * time.Hour)
	b.get("/register/credentials?flow=f1").on("/register/open", 200).post("act", "go_on", "card_id", "004123789").on("/register/credentials", 200).post("act", "previous").on("/register/personal", 200)
	s.later(24 * time.Hour)
	b.send(maria...).on("/register/personal", http.StatusGone).reads("Hay que empezar otra vez")
	if n, err := s.service.Sweep(t.Context()); err != nil || n == 0 {
		t.Errorf("Sweep = %d, %v, want the idle registration gone", n, err)
	}
	if n := s.count(`select count(*) from registrations`); n != 0 {
		t.Errorf("%d registrations after Sweep", n)
	}
}

// TestForeignForm: a page of a registration that another person has started over meanwhile writes nothing.
func TestForeignForm(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser()
	b.get("/register/agreement").post("act", "agree").on("/register/personal", 200)
	old := *b
	b.post("act", "leave") // in another tab, and somebody else begins
	b.get("/register/agreement").post("act", "agree").on("/register/personal", 200)
	old.cookies = b.cookies
	for name, form := range map[string][]string{"data": maria, "leaving": {"act", "leave"}} {
		tab := old
		tab.send(form...)
		tab.on("/register/personal", 409).reads("Alguien empezó otra vez en este navegador")
		if n := s.count(`select count(*) from registrations where identity is null`); n != 1 {
			t.Errorf("%s: %d registrations are unchanged, want 1", name, n)
		}
	}
	b.post(maria...).on("/register/credentials", 200) // whoever types the first card there is the one
}
