package recovery

import (
	"strings"
	"testing"
	"time"
)

// A page that says that something was done says it to whoever did it: to others who open its address it claims nothing.
func TestToldToWhoDidIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for address, to := range map[string]string{
		"/not-me/done": "/login", "/cancel-change/done": "/login", "/confirm-email/done": "/login", "/recover/username/sent": "/recover/username",
	} {
		if v := f.visitor().get(address); v.path != to {
			t.Errorf("%s, opened by its address, leads to %s, want %s", address, v.path, to)
		}
	}
	for _, address := range []string{"/recover/password?note=ended", "/support?note=ended"} {
		if v := f.visitor().get(address).on(address, 200); strings.Contains(v.body, "Su contraseña es la misma") {
			t.Errorf("%s tells a stranger that a change ended", address)
		}
	}
	v := f.visitor().get("/recover/username").post(mariasCard...).on("/recover/username/sent", 200)
	v.get("/recover/username/sent?lang=en").on("/recover/username/sent?lang=en", 200)
}

// Whose change of password ended is told so, and that the password is the same; who has none, or has finished one, is not.
func TestPasswordIsTheSame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	same, none := "Su contraseña es la misma", "no hay ningún cambio de contraseña abierto"
	for _, step := range []string{"code", "question", "factor", "new-password", "done"} {
		v := f.visitor().get("/recover/"+step).on("/recover/password?note=none", 200).says(none)
		if strings.Contains(v.body, same) {
			t.Errorf("%s tells who began nothing that the password is the same", step)
		}
	}
	v := f.visitor().begin("maria").post("code", f.code()).post("answer", "una linterna").post("new_password", newPassword).on("/recover/done?flow=f1", 200)
	f.later(life + time.Minute)
	v.get("/recover/done").on("/recover/password?note=none", 200).says(none)
	f.later(2 * time.Minute)
	other := f.visitor().prove("maria")
	f.later(2 * time.Minute)
	v = f.visitor().begin("maria")
	v.post("code", f.code()).post("answer", "una linterna").post("new_password", oldPassword).on("/recover/done?flow=f1", 200)
	if other.get("/recover/question").on("/recover/password?note=none", 200).says(none); strings.Contains(other.body, same) {
		t.Error("the password was changed in another browser, and the page says that it is the same")
	}
	f.later(2 * time.Minute)
	late := f.visitor().begin("maria")
	f.later(life + time.Minute)
	late.get("/recover/code").on("/recover/password?note=ended", 200).says(same)
	late.get("/recover/password?note=ended")
	if strings.Contains(late.begin("maria").get("/recover/password?note=ended").body, same) {
		t.Error("a new change is open, and the page speaks of the one before")
	}
}
