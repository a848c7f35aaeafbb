package recovery

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The code's page shows the username as it was typed, and the way back brings it along: for a name that somebody has and for one
// that nobody has (S-12), but not to another person, nor once the mailbox is proven.
func TestTypedUsernameComesBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	for _, name := range []string{"Maria", "maira"} {
		for range 2 { // before and after the name is looked up
			v := f.visitor().begin(name).says("«" + name + "»")
			f.work()
			v.post("code", "000000").on("/recover/code?flow=f1", http.StatusUnprocessableEntity).says("«" + name + "»")
			v.get("/recover/password?back=1").on("/recover/password?back=1", 200).says(`value="` + name + `"`)
			v.get("/recover/code").says("«" + name + "»")
			f.later(2 * time.Minute)
			away := *v
			v.get("/recover/password")
			if v.get("/recover/password?back=1"); strings.Contains(v.body, name) {
				t.Errorf("the next person sees %s\n%s", name, v.body)
			}
			f.later(life - time.Minute)
			if away.get("/recover/password?back=1"); strings.Contains(away.body, name) {
				t.Errorf("after a while somebody sees %s\n%s", name, away.body)
			}
			f.mailed("reset")
		}
	}
	f.visitor().prove("maria")
	if n := f.count(`select count(*) from recoveries where step <> 'code' and typed_sealed is not null`); n != 0 {
		t.Errorf("%d recoveries keep the name for no page", n)
	}
}

// A recovery says how long it waits, is prolonged by whoever says that they are there, and ends with the reason.
func TestRecoveryWarnsOfItsEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	left := func(v *visitor, want time.Duration) {
		t.Helper()
		w := *v
		if w.get("/recover/left").says(fmt.Sprintf(`"left":%d`, int(want.Seconds()))); w.status != 200 {
			t.Errorf("left = %d", w.status)
		}
	}
	static := "este cambio de contraseña termina si no sigue en 30 minutos"
	v := f.visitor().begin("maria").says(static, `data-base="/recover"`, `data-left="1800"`)
	v.post("code", v.code()).on("/recover/question?flow=f1", 200).says(static)
	f.later(10 * time.Minute)
	left(v, 20*time.Minute)
	v.get("/recover/question").says(`data-left="1200"`)
	f.later(18 * time.Minute)
	left(v, 2*time.Minute) // asking is no use
	page := *v
	if v.postTo("/recover/alive"); v.status != http.StatusNoContent {
		t.Fatalf("alive = %d", v.status)
	}
	left(v, life)
	f.later(life - time.Minute)
	page.jar = v.jar
	page.post("answer", "una linterna").on("/recover/new-password", 200).says(static)
	for range 30 { // nobody keeps it open for ever
		f.later(life - time.Minute)
		page.postTo("/recover/alive")
	}
	page.get("/recover/ended").on("/recover/password?note=late", 200).says("Pasaron más de 30 minutos")
	left(&page, 0)
	if f.visitor().get("/recover/ended").on("/recover/password?note=none", 200); f.count(`select count(*) from recoveries where expires_at > created_at + interval '12 hours'`) != 0 {
		t.Error("a recovery was prolonged without end")
	}
	stranger := f.visitor().begin("maria")
	stranger.get("/recover")
	left(stranger, 0)
}
