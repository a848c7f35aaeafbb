package recovery

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A link of a mail that was cut or garbled on its way was not used, nor is it too old: the page says that a part may be missing.
func TestCutLinks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	check(t, f.people.Notify(t.Context(), a.ID, "password_changed", nil))
	_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "nueva@example.org", AskedBy: "s1"})
	check(t, err)
	find := func(kind, path string) string {
		t.Helper()
		for _, text := range f.mailed(kind) {
			if m := regexp.MustCompile(path + `\?link=[A-Za-z0-9_.-]+`).FindString(text); m != "" {
				return m
			}
		}
		t.Fatalf("no link %s in a mail %s", path, kind)
		return ""
	}
	links := []string{find("password_changed", "/not-me"), find("email_requested", "/cancel-change")}
	looks := func(link string) {
		t.Helper()
		if status := f.visitor().get(link).status; status != http.StatusOK {
			t.Errorf("%.20s = %d", link, status)
		}
	}
	looks(links[0])
	looks(links[1])
	f.later(25 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	links = append(links, find("email_confirm", "/confirm-email"))
	looks(links[2])
	for _, link := range links {
		path, _, _ := strings.Cut(link, "=")
		for _, cut := range []string{link[:len(link)-10], link + "x", path + "=", path, link[:len(link)-1] + "%3E"} {
			f.visitor().get(cut).on(cut, http.StatusNotFound).says("Quizás se copió solo una parte del enlace")
		}
		at := len(link) - 20
		other := "A"
		if link[at] == 'A' {
			other = "B"
		}
		garbled := link[:at] + other + link[at+1:]
		if strings.HasPrefix(link, "/confirm-email") { // its MAC is wrong
			f.visitor().get(garbled).on(garbled, http.StatusNotFound).says("Quizás se copió solo una parte del enlace")
		} else { // nobody knows
			f.visitor().get(garbled).on(garbled, http.StatusGone).says(say("recovery.disown.old_title"))
		}
	}
}
