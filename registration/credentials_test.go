package registration

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/members"
)

func TestCredentialsFields(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	long := strings.Repeat("á", 10_000)
	tests := []struct {
		field, value, at, want string
	}{
		{"username", "", "username", "Escriba un nombre de usuario."},
		{"username", "ab", "username", "El nombre de usuario debe tener de 3 a 32 letras o números."},
		{"username", long, "username", "El nombre de usuario debe tener de 3 a 32 letras o números."},
		{"username", "maria lopez", "username", "Use solo letras, números, punto, guion y guion bajo."},
		{"username", "mar\x01ia", "username", "Use solo letras, números, punto, guion y guion bajo."},
		{"email", "", "email", "Escriba su correo electrónico."},
		{"email", "maria", "email", "Escriba un correo electrónico como nombre@ejemplo.com."},
		{"email", "maria@example.com\x01", "email", "Escriba un correo electrónico como nombre@ejemplo.com."},
		{"email", "a@b@example.com", "email", "Escriba un correo electrónico como nombre@ejemplo.com."},
		{"email", long, "email", "Esto es muy largo. Escriba 254 letras o números como máximo."},
		{"email_again", "maria@example.org", "email_again", "Los dos correos electrónicos no son iguales. Revise las dos líneas."},
		{"email_again", "", "email_again", "Los dos correos electrónicos no son iguales. Revise las dos líneas."},
		{"new_password", "", "new_password", "Escriba una contraseña."},
		{"new_password", "corta", "new_password", "Su contraseña es muy corta. Debe tener 15 letras o números, o más."},
		{"new_password", long, "new_password", "Su contraseña es muy larga. Puede tener hasta 128 letras o números."},
		{"new_password", "aaaaaaaaaaaaaaaaaaaa", "new_password", "Mucha gente usa esa contraseña. Elija otra."},
		{"new_password", "MariaNunezLopez2026", "new_password", "Esa contraseña tiene datos suyos o del programa. Elija otra."},
		{"new_password", "huskyhealth-medicaid", "new_password", "Esa contraseña tiene datos suyos o del programa. Elija otra."},
		{"new_password", "tres tazas\x01de café", "new_password", "Hay letras o signos que no podemos leer. Escríbalo otra vez."},
		{"question", "", "question", "Elija una pregunta secreta."},
		{"question", "mother_maiden", "question", "Elija una pregunta secreta."},
		{"answer", "", "answer", "Escriba su respuesta secreta."},
		{"answer", "!?a", "answer", "La respuesta debe tener 3 letras o más."},
		{"answer", long, "answer", "Esto es muy largo. Escriba 100 letras o números como máximo."},
		{"answer", "MARÍA", "answer", "La respuesta no puede ser su nombre, su correo electrónico ni su contraseña."},
		{"answer", "tres tazas de cafe negro", "answer", "La respuesta no puede ser su nombre, su correo electrónico ni su contraseña."},
		{"answer", "Titanic", "answer", "Esa respuesta es fácil de adivinar. Escriba otra o cambie la pregunta."},
		{"answer", "La casa\x01", "answer", "Hay letras o signos que no podemos leer. Escríbalo otra vez."},
	}
	b := s.browser().toCredentials()
	for _, test := range tests {
		s.count(`with none as (update registrations set password_hash = null, answer_hash = null returning 1) select count(*) from none`)
		b.post(with(mariaChoice, test.field, test.value)...).on("/register/credentials", 422)
		if got := b.problems(); len(got) != 1 || got[test.at] != test.want {
			t.Errorf("%s = %.20q: problems %v, want %s: %s", test.field, test.value, got, test.at, test.want)
		}
		if test.field != "username" && b.value("username") != "Maria.Lopez" {
			t.Errorf("%s = %.20q: the username is gone", test.field, test.value)
		}
		for _, secret := range []string{"tres tazas", "Mango"} {
			if strings.Contains(b.body, secret) {
				t.Errorf("%s = %.20q: the page holds the secret %q", test.field, test.value, secret)
			}
		}
	}
	if got := s.mailed(); len(got) != 0 {
		t.Errorf("mails after forms with problems: %v", got)
	}
	b.post(mariaChoice...).on("/register/code", 200)
}

func TestPasswordRulesAreToldInWords(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toCredentials().post(with(mariaChoice, "new_password", "jarro y uña 7")...)
	b.reads("Tiene 15 letras o números, o más (falta)")
	if strings.Contains(b.body, "(cumple)") {
		t.Error("an empty field meets a rule")
	}
}

// A password and an answer that nothing was wrong with stay although the form was refused; what was wrong is asked for again, in words.
func TestGoodSecretsAreKept(t *testing.T) {
	t.Parallel()
	const again, both, password, answer = "Escriba esto otra vez: no lo guardamos.", "Ya guardamos su contraseña y su respuesta.", "Ya guardamos su contraseña.", "Ya guardamos su respuesta."
	for name, test := range map[string]struct {
		wrong []string
		says  string
		again int
		sent  []string // besides what was right
	}{
		"username":            {[]string{"username", "m"}, both, 0, []string{"new_password", "", "answer", ""}},
		"address":             {[]string{"email_again", "otra@example.org"}, both, 0, []string{"new_password", "", "answer", ""}},
		"password":            {[]string{"new_password", "corta"}, answer, 0, []string{"answer", ""}},
		"answer":              {[]string{"answer", ""}, password, 0, []string{"new_password", ""}},
		"question":            {[]string{"question", ""}, password, 1, []string{"new_password", ""}},
		"password, as answer": {[]string{"answer", "tres tazas de café negro"}, password, 0, []string{"new_password", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, 1)
			b := s.browser().toCredentials().post(with(mariaChoice, test.wrong...)...).on("/register/credentials", 422).reads(test.says)
			if n := strings.Count(b.body, again); n != test.again {
				t.Errorf("%d fields say that they are to be typed again, want %d\n%s", n, test.again, b.body)
			}
			b.get("/register/credentials").reads(test.says)
			b.post(with(mariaChoice, test.sent...)...).on("/register/code", 200).post("code", s.code()).on("/register/review", 200)
		})
	}
}

// Another question asks for another answer, and another person's card keeps nothing.
func TestKeptSecretsAreOfTheirQuestionAndPerson(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toCredentials().post(with(mariaChoice, "username", "m")...).on("/register/credentials", 422)
	b.post(with(mariaChoice, "new_password", "", "answer", "", "question", "first_pet")...).on("/register/credentials", 422).reads("Escriba su respuesta secreta.")
	b.post("act", "previous").on("/register/personal", 200).post(ana...).on("/register/credentials", 200)
	if strings.Contains(b.body, "Ya guardamos") {
		t.Errorf("another person's secrets are kept:\n%s", b.body)
	}
}

func TestUsernameTaken(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.browser().toReview().send("certify", "yes")
	b := s.browser().toPersonal().post(ana...).on("/register/credentials", 200)
	choice := with(mariaChoice, "username", "MARIA.LOPEZ", "email", "ana@example.com", "email_again", "ana@example.com")
	b.post(choice...).on("/register/credentials", 422).reads("Ese nombre de usuario ya está en uso. Elija otro.").reads("Están disponibles: maria.lopez")
	b.post(with(choice, "username", "ana")...).on("/register/code", 200)
}

// A username is not reserved: who finishes first has it, and the other is asked for another and keeps the rest.
func TestUsernameLostAtTheEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	first, second := s.browser(), s.browser()
	second.toPersonal().post(ana...)
	second.post(with(mariaChoice, "email", "ana@example.com", "email_again", "ana@example.com")...).on("/register/code", 200)
	second.post("code", s.code()).on("/register/review", 200)
	first.toReview().send("certify", "yes")
	second.post("certify", "yes").on("/register/credentials", 200).reads("Ese nombre de usuario ya está en uso. Elija otro.").reads("Están disponibles:")
	second.post("username", "ana.rivera", "email", "ana@example.com", "email_again", "ana@example.com", "question", "first_book").on("/register/review", 200)
	second.send("certify", "yes")
	if second.status != http.StatusSeeOther || s.count(`select count(*) from accounts`) != 2 {
		t.Errorf("the second Finalizar = %d, accounts %d", second.status, s.count(`select count(*) from accounts`))
	}
}

// S-14, S-50: a family of six registers one after the other in one browser, on one mailbox, without waiting for each other.
func TestSharedMailbox(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	family, names := "member_number,first_name,last_name,suffix,birth_date,program\n", []string{"Ana", "Beto", "Celia", "Darío", "Eva", "Felipe"}
	for i, name := range names {
		family += fmt.Sprintf("90000000%d,%s,Montes,,20%02d-05-0%d,A\n", i, name, i+1, i+1)
	}
	list := s.service.Roster
	if _, err := list.Import(t.Context(), strings.NewReader(family), members.ImportOptions{AllowShrink: true}); err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	for i, name := range names {
		b.toPersonal().post("birth_month", "5", "birth_day", fmt.Sprint(i+1), "birth_year", fmt.Sprintf("20%02d", i+1),
			"first_name", name, "last_name", "Montes", "card_id", fmt.Sprintf("90000000%d", i)).on("/register/credentials", 200)
		b.post(with(mariaChoice, "username", "montes."+fmt.Sprint(i))...).on("/register/code", 200)
		b.post("code", s.code()).on("/register/review", 200).send("certify", "yes")
		if b.status != http.StatusSeeOther || s.count(`select count(*) from accounts`) != i+1 {
			t.Fatalf("%s: Finalizar = %d, %d accounts", name, b.status, s.count(`select count(*) from accounts`))
		}
	}
	if got := slices.DeleteFunc(s.mailed(), func(m string) bool { return m != "verify maria@example.com" }); len(got) != 6 {
		t.Errorf("%d codes to the mailbox, want 6", len(got))
	}
}

// Another person's card in the same registration finds nothing of what was chosen for the first: neither the password and
// answer, nor the proven mailbox. The same person's card, typed again, keeps it all.
func TestChoiceIsOfOnePerson(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toReview()
	b.get("/register/personal?flow=f1").post(maria...).on("/register/credentials", 200).reads("Ya guardamos su contraseña")
	b.post(with(mariaChoice, "new_password", "", "answer", "")...).on("/register/review", 200)
	b.get("/register/personal?flow=f1").post(ana...).on("/register/credentials", 200)
	if strings.Contains(b.body, "maria.lopez") || strings.Contains(b.body, "maria@example.com") {
		t.Errorf("Ana reads what María chose:\n%s", b.body)
	}
	b.post(with(mariaChoice, "username", "ana", "new_password", "", "answer", "")...).on("/register/credentials", 422)
	b.post(with(mariaChoice, "username", "ana")...).on("/register/code", 200).post("code", s.code()).on("/register/review", 200)
}

// S-14: a code that has to wait loses nothing: password and answer passed and are kept, and the page of the code says what to
// do. One mailbox gets forty codes an hour, whoever asks.
func TestCodeThatHasToWait(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.browser().toCode() // María asked for one a moment ago, in another browser
	b := s.browser().toCredentials().post(with(mariaChoice, "username", "otra.maria")...).on("/register/code", 200)
	b.reads("Guardamos lo que escribió. Todavía no enviamos el código. Espere un minuto").reads("El código llegará a")
	if len(s.mailed()) != 1 {
		t.Errorf("mails: %v", s.mailed())
	}
	b.post("act", "resend").on("/register/code", http.StatusTooManyRequests).reads("Espere 1 minuto").reads("El código llegará a")
	b.get("/register/code?flow=f1").reads("Todavía no enviamos el código").reads("El código llegará a") // a reload
	s.later(time.Minute)
	b.post("act", "resend").on("/register/code", 200).reads("Enviamos un código a").post("code", s.code()).on("/register/review", 200)

	limiter := s.service.Limiter
	for range 38 {
		if err := limiter.TakeAll(t.Context(), s.now(), accounts.MailAsks("verify", uuid.New(), "", "MARIA@example.com")...); err != nil {
			t.Fatal(err)
		}
	}
	s.browser().toPersonal().post(ana...).post(with(mariaChoice, "username", "ana")...).on("/register/code", 200).
		reads("Guardamos lo que escribió. Ya se enviaron muchos códigos")
}

// What was refused is kept, secrets apart: another language or a reload loses nothing that was typed, and the way on stays
// closed until it passes.
func TestRefusedFormsAreKept(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toPersonal().post(with(maria, "first_name", "María 😀", "birth_day", "31", "birth_month", "2")...)
	b.on("/register/personal", 422).get("/register/personal?flow=f1&lang=en").reads("First Name")
	if b.value("first_name") != "María 😀" || b.value("birth_day") != "31" {
		t.Errorf("the form of the card lost what was typed: %q, %q", b.value("first_name"), b.value("birth_day"))
	}
	b.get("/register/personal?flow=f1&lang=es").post(maria...).on("/register/credentials", 200)
	b.post(with(mariaChoice, "email_again", "otra@example.org")...).on("/register/credentials", 422)
	b.get("/register/credentials?flow=f1").on("/register/credentials", 200)
	for id, want := range map[string]string{"username": "Maria.Lopez", "email": "maria@example.com", "email_again": "otra@example.org", "new_password": "", "answer": ""} {
		if got := b.value(id); got != want {
			t.Errorf("%s = %q, want %q", id, got, want)
		}
	}
	b.get("/register/code?flow=f1").on("/register/credentials", 200)
	b.post(mariaChoice...).on("/register/code", 200).post("code", s.code()).on("/register/review", 200)
	// Second thoughts that do not pass close the review again.
	b.get("/register/credentials?flow=f1").post(with(mariaChoice, "username", "m")...).on("/register/credentials", 422)
	b.get("/register/review?flow=f1").on("/register/credentials", 200)
	b.post(mariaChoice...).on("/register/review", 200)
}
