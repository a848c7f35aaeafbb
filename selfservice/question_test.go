package selfservice

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huskyidp/accounts"
)

// S-59: another question and answer, of whoever knows the password, with a notice; what is easily guessed is refused.
func TestChangeQuestion(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	const path = "/account/question"
	change := func(question, answer, password string) (int, string, string) {
		return b.post(path, path, url.Values{"question": {question}, "answer": {answer}, "password": {password}})
	}
	for answer, want := range map[string]string{"": "Escriba su respuesta", "x": "3 letras", "María Peña": "no puede ser su nombre", "pizza": "fácil de adivinar",
		rightPassword: "no puede ser su nombre"} {
		if status, _, body := change("first_book", answer, rightPassword); status != 422 || !strings.Contains(body, want) {
			t.Errorf("the answer %q = %d, want 422 with %q", answer, status, want)
		}
	}
	if status, _, body := change("nobody", "la cuchara", rightPassword); status != 422 || !strings.Contains(body, say("registration.credentials.question_choose")) {
		t.Errorf("no question = %d", status)
	}
	for password, want := range map[string]string{"": "Escriba su contraseña", wrongPassword: "Esa no es su contraseña actual"} {
		status, _, body := change("first_book", "la cuchara", password)
		if status != 422 || !strings.Contains(body, want) || !strings.Contains(body, `<option value="first_book" selected>`) || !strings.Contains(body, `id="answer-again"`) || strings.Contains(body, "la cuchara") {
			t.Errorf("the password %q = %d, want 422 with %q and the question", password, status, want)
		}
	}
	if !f.fits(account, "first_pay", "una linterna") {
		t.Error("what was refused has changed the question")
	}
	if status, location, _ := change("first_book", "la cuchara", rightPassword); status != 303 || location != "/account?note=question" {
		t.Errorf("the change = %d to %q", status, location)
	}
	if !f.fits(account, "first_book", "La Cuchara") {
		t.Error("the new answer is wrong")
	}
	if status, location, _ := change("first_book", "la cuchara", rightPassword); status != 303 || location != "/account?note=question" {
		t.Errorf("sent again by a browser that lost the answer = %d to %q", status, location)
	}
	if diff := cmp.Diff([]string{"question_changed"}, f.mailKinds(account.ID)); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
}

// What is sent again later, or with another answer, is another change.
func TestChangeQuestionAgain(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	const path = "/account/question"
	for _, answer := range []string{"la cuchara", "La Cuchara", "la linterna", "la cuchara"} { // of the second nobody hears
		b.post(path, path, url.Values{"question": {"first_book"}, "answer": {answer}, "password": {rightPassword}})
		if !f.fits(account, "first_book", answer) {
			t.Errorf("the answer %q is not set", answer)
		}
	}
	f.later(accounts.PressedAgain)
	b.get("/in/maria")
	b.post(path, path, url.Values{"question": {"first_book"}, "answer": {"la cuchara"}, "password": {rightPassword}})
	if kinds := f.mailKinds(account.ID); len(kinds) != 4 {
		t.Errorf("mails %v, want four", kinds)
	}
}

// Whoever has no question, since support took it away, is asked for one on every page of the account until one is set.
func TestNoQuestionIsShown(t *testing.T) {
	t.Parallel()
	f, b, account := member(t)
	const asks = "Su cuenta no tiene pregunta secreta"
	pages := []string{"/account", "/account/password", "/account/factors", "/account/sessions", "/account/apps", "/account/history", "/account/language", "/account/email"}
	shown := func(want bool) {
		t.Helper()
		for _, path := range pages {
			if _, _, body := b.get(path); strings.Contains(body, asks) != want {
				t.Errorf("%s: %q is there: %v, want %v", path, asks, !want, want)
			}
		}
	}
	shown(false)
	if err := f.RemoveQuestion(f.ctx(), account.ID); err != nil {
		t.Fatal(err)
	}
	shown(true)
	if status, _, body := b.get("/account/question"); status != 200 || strings.Contains(body, asks) {
		t.Errorf("the page itself = %d", status)
	}
	b.post("/account/question", "/account/question", url.Values{"question": {"first_book"}, "answer": {"la cuchara"}, "password": {rightPassword}})
	shown(false)
}
