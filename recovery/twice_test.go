package recovery

import (
	"maps"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// press sends a form again as it stood, with the cookies of that moment: what a second tap does that no script holds back.
func (v *visitor) press(path, page string, jar map[string]string, pairs ...string) string {
	v.t.Helper()
	form := url.Values{"csrf": {csrf.FindStringSubmatch(page)[1]}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	answer := v.do("POST", path, jar, form)
	answer.Body.Close()
	return answer.Header.Get("Location")
}

// A recovery that is begun by two taps is one: the code of the mail that comes at once is good, whichever answer the browser keeps.
func TestBegunTwiceIsOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	v := f.visitor().get("/recover/password?flow=f1")
	page, before := v.body, maps.Clone(v.jar)
	v.press("/recover/password?flow=f1", page, v.jar, "username", "maria")
	code := f.code()
	first := maps.Clone(v.jar)
	second := maps.Clone(before) // the answer to the first has not come
	v.press("/recover/password?flow=f1", page, second, "username", "maria")
	v.press("/recover/password?flow=f1", page, v.jar, "username", "maria") // and a third time, after it
	f.work()
	if n := len(f.mailed("reset")); n != 0 || f.count(`select count(*) from recoveries`) != 1 {
		t.Errorf("%d more mails, %d recoveries", n, f.count(`select count(*) from recoveries`))
	}
	for _, jar := range []map[string]string{first, second, v.jar} {
		v = &visitor{fixture: f, jar: maps.Clone(jar)}
		v.get("/recover/code?flow=f1").on("/recover/code?flow=f1", 200).says("use el último que pidió aquí")
	}
	v.post("code", code).on("/recover/question?flow=f1", 200)
}

// Presses at the same moment too.
func TestBegunAtOnceIsOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	v := f.visitor().get("/recover/password?flow=f1")
	page, before := v.body, maps.Clone(v.jar)
	var wait sync.WaitGroup
	for range 8 {
		jar := maps.Clone(before)
		wait.Go(func() { v.press("/recover/password?flow=f1", page, jar, "username", "maria") })
	}
	wait.Wait()
	if n := f.count(`select count(*) from recoveries`); n != 1 {
		t.Errorf("%d recoveries", n)
	}
}

// Another name, another browser, another app, a minute later, and one whose mailbox is proven: those start over.
func TestStartsOver(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	f.member("john", "004123790")
	v := f.visitor().begin("maria")
	n := f.count(`select count(*) from recoveries`)
	startsOver := func(why string) {
		t.Helper()
		n++
		if got := f.count(`select count(*) from recoveries`); got != n {
			t.Errorf("%s: %d recoveries, want %d", why, got, n)
		}
	}
	v.begin("john")
	startsOver("another name")
	v.begin("maria")
	startsOver("the first again, which another has ended")
	f.visitor().begin("maria")
	startsOver("another browser")
	v.get("/recover/password?flow=f2").post("username", "maria").on("/recover/code?flow=f2", 200)
	startsOver("another app")
	f.later(time.Minute)
	v.get("/recover/password?flow=f2").post("username", "maria").on("/recover/code?flow=f2", 200)
	startsOver("a minute later")
}

// The second press on the button of a notice's link gets the first's answer for a while; the link is good for nothing else.
func TestLinkPressedTwice(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	for path, done := range map[string]string{pathNotMe: pathNotMeDone, pathCancel: pathCancelDone} {
		_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "dieb@example.org", AskedBy: "s1"})
		check(t, err)
		var link string
		if path == pathCancel {
			_, link, _ = strings.Cut(f.link("email_requested"), "link=")
		} else {
			check(t, f.accounts.Notify(t.Context(), a.ID, "password_changed", nil))
			_, link, _ = strings.Cut(f.link("password_changed"), "link=")
		}
		v := f.visitor().get(path + "?link=" + link)
		page := v.body
		var wait sync.WaitGroup
		for range 4 { // at once
			jar := maps.Clone(v.jar)
			wait.Go(func() {
				if to := v.press(path, page, jar, "link", link); !strings.HasPrefix(to, done) {
					t.Errorf("%s pressed again leads to %q", path, to)
				}
			})
		}
		wait.Wait()
		told := len(f.mailed("disowned")) + len(f.mailed("email_cancelled_link"))
		f.later(5 * time.Minute)
		if to := v.press(path, page, v.jar, "link", link); !strings.HasPrefix(to, done) {
			t.Errorf("%s minutes later leads to %q", path, to)
		}
		if more := len(f.mailed("disowned")) + len(f.mailed("email_cancelled_link")); told != 1 || more != 0 {
			t.Errorf("%s: %d mails, then %d", path, told, more)
		}
		f.visitor().get(path+"?link="+link).on(path+"?link="+link, 410) // looking says what it is
		f.later(6 * time.Minute)
		if to := v.press(path, page, v.jar, "link", link); to != "" {
			t.Errorf("%s much later leads to %q", path, to)
		}
	}
}

// A password that is sent once a recovery is done changes nothing, and the page says that the first counts, to the same one as
// to another: it compares nothing. Who opens its address reads nothing of it.
func TestNewPasswordSentAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	v := f.visitor().begin("maria").post("code", f.code()).post("answer", "una linterna").on("/recover/new-password?flow=f1", 200)
	page := v.body
	v.post("new_password", newPassword).on("/recover/done?flow=f1", 200)
	first := say("recovery.done.unsure")
	if strings.Contains(v.body, first) {
		t.Error("the first answer tells of a second")
	}
	when := f.now()
	f.later(3 * time.Second)
	for _, typed := range []string{newPassword, "otra frase que nadie conoce", "x"} {
		again := &visitor{fixture: f, jar: maps.Clone(v.jar)}
		at := again.press("/recover/new-password?flow=f1", page, again.jar, "new_password", typed)
		again.get(at).on("/recover/done?flow=f1&note=before", 200).says(first, "Es la que escribió primero", "/recover/password?flow=f1", "/login?flow=f1")
	}
	if n := f.count(`select count(*) from accounts where credentials_changed_at = $1`, when); n != 1 {
		t.Error("the account's change is not that of the first")
	}
	check(t, f.signIn("maria", newPassword))
	if v.get("/recover/done?flow=f1&note=before").on("/recover/done?flow=f1&note=before", 200); strings.Contains(v.body, first) {
		t.Error("whoever opens the address reads of a second password")
	}
}
