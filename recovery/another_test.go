package recovery

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

// Once somebody came to an entrance, every page and every form of a recovery leads to the question whose it is, without a datum; a
// route that is added is looked at as well.
func TestNextPersonIsAskedOnEveryPage(t *testing.T) {
	t.Parallel()
	notOf := []string{ // a recovery of a password
		"/recover", "/recover/password", "/recover/username", "/recover/username/sent", // where people begin; GET only, see below
		"/recover/open", // the question
		"/recover/left", // for a script: nothing is left, see TestRecoveryWarnsOfItsEnd
	}
	for name, at := range map[string]func(f *fixture, v *visitor){
		"code":     func(_ *fixture, v *visitor) { v.begin("maria") },
		"question": func(_ *fixture, v *visitor) { v.prove("maria") },
		"factor": func(f *fixture, v *visitor) {
			account, err := f.people.ByUsername(f.t.Context(), "maria")
			check(f.t, err)
			f.enrol(account)
			v.prove("maria").post("answer", "una linterna").on("/recover/factor/totp?flow=f1", 200)
		},
		"new password": func(_ *fixture, v *visitor) {
			v.prove("maria").post("answer", "una linterna").on("/recover/new-password?flow=f1", 200)
		},
	} {
		for _, entrance := range []string{"/recover", "/recover/password", "/recover/username"} {
			f := newFixture(t)
			f.member("maria", "004123789")
			left := f.visitor()
			at(f, left)
			stale := *left
			left.get(entrance)
			for _, route := range f.handler.(*gin.Engine).Routes() {
				path := strings.Replace(route.Path, ":method", "totp", 1)
				if !strings.HasPrefix(path, "/recover") || slices.Contains(notOf, path) {
					continue
				}
				v := stale
				v.jar = maps.Clone(left.jar)
				if route.Method == http.MethodGet {
					v.get(path)
				} else { // the page was on the screen all the time
					v.postTo(path, "code", "123456", "answer", "una linterna", "new_password", newPassword)
				}
				if v.path != "/recover/open" || v.status != http.StatusOK {
					t.Errorf("%s, %s: %s %s leads to %s (%d)", name, entrance, route.Method, path, v.path, v.status)
				}
				for _, datum := range []string{"María", "maria", "linterna", "propio dinero"} {
					if strings.Contains(v.body, datum) {
						t.Errorf("%s, %s: %s %s shows %q", name, entrance, route.Method, path, datum)
					}
				}
			}
			if f.signIn("maria", newPassword) == nil {
				t.Errorf("%s: the next person has set a password", name)
			}
		}
	}
}

// What was proven before somebody else came is proven again: a new code, and the question. A code of before proves nothing.
func TestLeftRecoveryIsProvenAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	v := f.visitor().begin("maria")
	first := v.code()
	v.post("code", first).post("answer", "una linterna").on("/recover/new-password?flow=f1", 200)
	v.get("/recover").get("/recover/password").on("/recover/open", 200)
	v.post("act", "go_on").on("/recover/code", 200) // within the minute
	const why, whose, asks = "Como alguien más pudo usar este dispositivo", "Usted escribió este nombre de usuario: «maria»", "Espere 1 minuto y oprima «Enviar otro código»"
	v.says(why, whose, asks).post("act", "go_on").says(why, whose, asks) // pressed twice
	v.get("/recover/code").says(why, whose, asks)
	if f.work(); len(f.mailed("reset")) != 0 {
		t.Error("a code was mailed within the minute")
	}
	v.get("/recover/new-password").on("/recover/code", 200)
	v.post("code", first).on("/recover/code", 422).says(why, whose, asks)
	v.post("act", "resend").on("/recover/code", 429).says(why, whose)
	f.later(time.Minute)
	v.get("/recover/code").says(why, "hace falta otro código", "ya no sirve. Oprima «Enviar otro código»").post("act", "resend").on("/recover/code?note=resent", 200)
	v.post("code", v.code()).on("/recover/question", 200)
	f.later(time.Minute)
	v.get("/recover/password").on("/recover/open", 200).post("act", "go_on").on("/recover/code", 200).says(why, whose, "pedimos otro código")
	v.get("/recover/question").on("/recover/code", 200).post("code", v.code()).on("/recover/question", 200)
	for range 3 { // to leave and to come back costs no answers
		f.later(25 * time.Minute)
		v.post("answer", "una linterna").on("/recover/new-password", 200)
		v.get("/recover/password").post("act", "go_on").on("/recover/code", 200).post("code", v.code()).on("/recover/question", 200)
	}
	v.post("answer", "una linterna").on("/recover/new-password", 200).post("new_password", newPassword).on("/recover/done", 200)
	check(t, f.signIn("maria", newPassword))
}

// A new code counts like any other: without room nothing is mailed, and the recovery stays where it is, behind the question.
func TestProvingAgainIsLimited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	v := f.visitor().prove("maria")
	f.later(2 * time.Minute)
	for range mailSource.Count {
		check(t, f.takeSource(t.Context(), "192.0.2.1/32", f.now()))
	}
	f.source = "192.0.2.1"
	v.get("/recover/password").on("/recover/open", 200).post("act", "go_on")
	if v.status != http.StatusTooManyRequests || len(f.mailed("reset")) != 0 {
		t.Errorf("%d at %s", v.status, v.path)
	}
	v.get("/recover/question").on("/recover/open", 200)
}

// The one who began goes back, changes the language and reads the help without being asked.
func TestOwnWaysAskNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	v := f.visitor().begin("maria")
	if !strings.Contains(v.body, `href="/recover/password?back=1&flow=f1"`) {
		t.Errorf("the way back:\n%s", v.body)
	}
	for _, path := range []string{"/recover/password?back=1", "/recover?back=1", "/support", "/privacy", "/language-help", "/recover/code?lang=en", "/recover/code?lang=es"} {
		v.get(path).on(path, 200)
	}
	v.get("/recover/password?back=1").postTo("/recover/password", "switch", "en")
	v.get("/recover/code").on("/recover/code", 200).post("switch", "es")
	v.get("/recover/code").post("code", v.code()).on("/recover/question", 200)
	v.get("/recover/question?lang=en").on("/recover/question?lang=en", 200)
	v.get("/recover/question").on("/recover/question", 200)
}
