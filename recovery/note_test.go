package recovery

import (
	"strings"
	"testing"
	"time"
)

// A page that says that something was done says it to whoever did it: to others who open its address it claims nothing.
func TestNoticesOnlyAfterTheEvent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for address, to := range map[string]string{
		"/not-me/done": "/login", "/cancel-change/done": "/login", "/confirm-email/done": "/login", "/recover/username/sent": "/recover/username",
	} {
		if v := f.visitor().get(address); v.path != to {
			t.Errorf("%s, opened by its address, leads to %s, want %s", address, v.path, to)
		}
	}
	for _, address := range []string{"/recover/password?note=ended", "/recover/password?note=late", "/support?note=ended"} {
		if v := f.visitor().get(address).on(address, 200); strings.Contains(v.body, "No se creó una contraseña nueva") {
			t.Errorf("%s tells a stranger that a change ended", address)
		}
	}
	v := f.visitor().get("/recover/username").post(mariasCard...).on("/recover/username/sent", 200)
	v.get("/recover/username/sent?lang=en").on("/recover/username/sent?lang=en", 200)
}

// A member whose change of password ended sees that, and that no password was made; who has none, or has finished one, is not.
func TestHowARecoveryEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	same, none, over := "No se creó una contraseña nueva", "no hay ningún cambio de contraseña abierto", "ya no está abierto"
	for _, step := range []string{"code", "question", "factor", "new-password", "done"} {
		v := f.visitor().get("/recover/"+step).on("/recover/password?note=none", 200).says(none)
		if strings.Contains(v.body, same) {
			t.Errorf("%s tells who began nothing that no password was made", step)
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
	if other.get("/recover/question").on("/recover/password?note=over", 200).says(over); strings.Contains(other.body, same) {
		t.Error("the password was changed in another browser, and the page says that none was made")
	}
	f.later(2 * time.Minute)
	late := f.visitor().begin("maria")
	f.later(life + time.Minute)
	late.get("/recover/code").on("/recover/password?note=late", 200).says(same, "Pasaron más de 30 minutos")
	late.get("/recover/password?note=late")
	if strings.Contains(late.begin("maria").get("/recover/password?note=late").body, same) {
		t.Error("a new change is open, and the page speaks of the one before")
	}
}

// "This wasn't me" ends what is open and voids what was done: whoever comes back to either reads so, and is led on.
func TestDenialIsToldToOpenRecoveries(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	over := "la cuenta se cambió o se protegió desde otro lugar"
	done := f.visitor().prove("maria").post("answer", "una linterna").post("new_password", newPassword).on("/recover/done?flow=f1", 200)
	f.later(2 * time.Minute)
	question := f.visitor().prove("maria")
	f.later(2 * time.Minute)
	code := f.visitor().begin("maria")
	f.code() // the name is looked up by then
	check(t, f.people.Notify(t.Context(), a.ID, "question_changed", nil))
	_, link, _ := strings.Cut(f.link("question_changed"), "link=")
	err := f.NotMe(t.Context(), link, nil)
	check(t, err)
	for path, v := range map[string]*visitor{"/recover/done": done, "/recover/code": code, "/recover/question": question} {
		v.get(path).on("/recover/password?note=over", 200).says(over, "Puede empezar otra vez")
		if v.get("/recover/password?note=over").get("/recover"); v.path != "/recover" {
			t.Errorf("%s leads to %s", path, v.path)
		}
	}
	if v := f.visitor().get("/recover/password?note=over"); strings.Contains(v.body, over) {
		t.Error("an unrelated browser is shown a change that ended")
	}
}

// "Yes, it was me" leads to a page that says that nothing was changed.
func TestItWasMe(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	check(t, f.people.Notify(t.Context(), a.ID, "question_changed", nil))
	v := f.visitor().get(f.link("question_changed")).says(`id="was-me" href="/not-me/was-me"`)
	v.get("/not-me/was-me").on("/not-me/was-me", 200).says(say("recovery.was_me.title"), `href="/login"`)
	if err := f.signIn("maria", oldPassword); err != nil {
		t.Errorf("something was changed: %v", err)
	}
}
