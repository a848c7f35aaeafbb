package recovery

import (
	"strings"
	"testing"
)

// A page for everybody that is opened while signed in says whose session it is, and leads back to the account and out of it.
func TestPagesForAllKnowTheSession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, path := range []string{"/support", "/privacy", "/language-help"} {
		v := f.visitor().get(path).on(path, 200)
		if strings.Contains(v.body, `href="/logout"`) || strings.Contains(v.body, `id="own-account"`) {
			t.Errorf("%s takes a stranger for somebody signed in", path)
		}
		v.jar["signed_in"] = "maria.lopez"
		v.get(path).on(path, 200).says("maria.lopez", `href="/logout"`, `id="own-account" href="/account"`, say("registration.done.to_account"), `id="timeout"`)
		if strings.Contains(v.body, say("registration.locked.home")) {
			t.Errorf("%s leads whoever is signed in to the sign-in", path)
		}
	}
}

// Whoever asked for another address in the account recognizes it in the mail to the former one and behind its link; the mail about one that
// was asked for in person does not show it.
func TestNoticeShowsTheNewAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, inPerson := range []bool{false, true} {
		a := f.member(map[bool]string{false: "maria", true: "john"}[inPerson], map[bool]string{false: "004123789", true: "004123790"}[inPerson])
		_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "nueva@example.org", InPerson: inPerson})
		check(t, err)
		told := append(f.mailed("email_requested"), f.mailed("email_requested_in_person")...)
		if len(told) != 1 || strings.Contains(told[0], "n•••@example.org") == inPerson || strings.Contains(told[0], "nueva") {
			t.Fatalf("in person %t: %q", inPerson, told)
		}
		if !inPerson {
			f.visitor().get(ourLink.FindStringSubmatch(told[0])[1]).says("Se pidió en su cuenta el 2", say("accounts.email.new"), "n•••@example.org")
		}
	}
	f.later(hold)
	check(t, f.ApplyDue(t.Context()))
	if told := f.mailed("email_changed"); len(told) != 1 || !strings.Contains(told[0], "n•••@example.org") {
		t.Errorf("after the change: %q", told)
	}
}

// After three wrong answers the button to begin again is right below the words that name it, and the number above the long text.
func TestSupportBeginsWithTheWayOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	v := f.visitor().prove("maria")
	for _, wrong := range []string{"una vela", "un farol", "una lupa"} {
		v.post("answer", wrong)
	}
	v.on("/support?flow=f1&note=ended", 200)
	at := 0
	for _, next := range []string{say("recovery.question.ended"), `id="again"`, "<h1", `class="reference"`, `class="lead"`} {
		i := strings.Index(v.body[at:], next)
		if i < 0 {
			t.Fatalf("%q does not come next\n%s", next, v.body)
		}
		at += i
	}
}
