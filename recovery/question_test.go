package recovery

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// S-57: no page names the question before the mailbox is proven, and nobody without an account comes to one.
func TestQuestionIsForTheMailbox(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	question := say("question.bank.first_pay")
	for _, name := range []string{"maria", "nobody"} {
		v := f.visitor().begin(name)
		f.work()
		v.get("/recover/question?flow=f1").on("/recover/code?flow=f1", 200)
		v.post("code", "000000").get("/recover/question?flow=f1").on("/recover/code?flow=f1", 200)
		v.postTo("/recover/question?flow=f1", "answer", "una linterna").on("/recover/code?flow=f1", 200)
		for _, answer := range v.trail {
			if strings.Contains(answer, question) {
				t.Errorf("%s, before the code: an answer names the question", name)
			}
		}
	}
	f.mailed("reset")
	f.later(2 * time.Minute)
	f.visitor().prove("maria").says(question)
}

// S-59: three wrong answers end the recovery and lead to support; five in a day close the question.
func TestWrongAnswers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	v := f.visitor().prove("maria")
	v.post("answer", " ").says(say("recovery.question.missing"))
	v.post("answer", "un libro").on("/recover/question?flow=f1", 422).says("Le quedan 2 intentos.")
	v.post("answer", "un libro").says("Le quedan 2 intentos.") // a double click: counted once (S-59)
	v.post("answer", "una silla").says("Le queda 1 intento.")
	v.post("answer", "un libro").on("/support?flow=f1&note=ended", 200).says("Apoyo Técnico", "no se creó una contraseña nueva. Puede empezar otra vez", `href="/recover/password?flow=f1">Empezar otra vez`)
	if reference.FindStringSubmatch(v.body) == nil {
		t.Error("no reference number")
	}
	v.get("/recover/question").on("/recover/password?note=ended", 200)
	f.later(2 * time.Minute)
	v = f.visitor().prove("maria")
	v.post("answer", "un libro").says("Le queda 1 intento.") // of the day's, not of this recovery's
	v.post("answer", "un libro").says("Le queda 1 intento.")
	v.post("answer", "una silla").on("/recover/question?flow=f1", http.StatusForbidden).says("cerramos este cambio hasta", "número de referencia")
	f.later(2 * time.Minute)
	v = f.visitor().begin("maria") // nobody types an answer for nothing
	v.post("code", v.code()).on("/recover/question?flow=f1", http.StatusForbidden).says("cerramos este cambio hasta", "número de referencia")
	if strings.Contains(v.body, `name="answer"`) {
		t.Error("the closed question is asked")
	}
	f.later(24 * time.Hour)
	v = f.visitor().prove("maria")
	v.post("answer", "una linterna").on("/recover/new-password?flow=f1", 200)
}

// S-59: 32 parallel answers of one recovery buy three judgements.
func TestParallelAnswers(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 16)
	f.member("maria", "004123789")
	v := f.visitor().prove("maria")
	visit := Visit{Token: v.jar["idp_recovery"], Browser: f.browserOf(v)}
	var judged atomic.Int32
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			f.SubmitAnswers(t.Context(), visit, map[string]string{"first_pay": fmt.Sprintf("un libro %d", i)})
		})
	}
	wg.Wait()
	judged.Store(int32(f.count(`select count(*) from audit_events where kind = 'recovery.answer_refused'`)))
	if judged.Load() > 3 {
		t.Errorf("%d answers were judged, want 3 at most", judged.Load())
	}
	if n := f.count(`select count(*) from recoveries where step = 'ended'`); n != 1 {
		t.Error("the recovery continues")
	}
}
