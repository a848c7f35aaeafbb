package recovery

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huskyidp/internal/jobs"
)

var mariasCard = []string{"birth_month", "3", "birth_day", "14", "birth_year", "1984", "first_name", "María", "last_name", "Núñez López", "card_id", "004123789"}

func with(pairs []string, changes ...string) []string {
	return append(append([]string{}, pairs...), changes...)
}

// S-12, S-52: status, headers, cookies and body are the same whoever it is; the mail names the username (S-50).
func TestForgottenUsername(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	trails := map[string][]string{}
	for name, card := range map[string][]string{
		"member":     mariasCard,
		"no account": {"birth_month", "7", "birth_day", "1", "birth_year", "1990", "first_name", "John", "last_name", "O'Neill", "suffix", "JR", "card_id", "004123790"},
		"nobody":     with(mariasCard, "card_id", "999999999"),
	} {
		v := f.visitor().get("/recover/username?flow=f1").post(card...).on("/recover/username/sent?flow=f1", 200)
		trails[name] = v.trail
		f.work()
		mails := f.mailed("username")
		if name == "member" && (len(mails) != 1 || !strings.Contains(mails[0], "\n\nmaria\n\n")) || name != "member" && len(mails) != 0 {
			t.Errorf("%s: mails %q", name, mails)
		}
	}
	for _, name := range []string{"nobody", "no account"} {
		if diff := cmp.Diff(trails["member"], trails[name]); diff != "" || len(trails[name]) != 3 {
			t.Errorf("%s: %d answers differ:\n%s", name, len(trails[name]), diff)
		}
	}
	if n := f.count(`select count(*) from audit_events where kind = 'username_sent'`); n != 1 {
		t.Errorf("S-71: %d audit rows", n)
	}
}

// A second tap is answered by the first one's mail, and costs no look-up of the day; a minute later it is another wish. Another
// card in the same browser is not a second tap.
func TestUsernameAskedTwice(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	f.member("john", "004123790")
	v := f.visitor().get("/recover/username?flow=f1")
	page := v.body
	again := func(card []string) {
		t.Helper()
		v.body, v.path = page, "/recover/username?flow=f1"
		v.post(card...).on("/recover/username/sent?flow=f1", 200)
	}
	for range 4 {
		again(mariasCard)
	}
	again(with(mariasCard, "birth_month", "7", "birth_day", "1", "birth_year", "1990", "first_name", "John", "last_name", "O'Neill", "suffix", "JR", "card_id", "004123790"))
	if n := f.count(`select count(*) from river_job where queue = 'recovery'`); n != 2 {
		t.Errorf("%d look-ups, want 2", n)
	}
	f.work()
	if mails := f.mailed("username"); len(mails) != 2 {
		t.Errorf("%d mails, want one for each", len(mails))
	}
	f.later(61 * time.Second)
	again(mariasCard)
	f.work()
	if mails := f.mailed("username"); len(mails) != 1 {
		t.Errorf("%d mails a minute later, want 1", len(mails))
	}
}

func TestUsernameForm(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	v := f.visitor().get("/recover/username")
	v.post(with(mariasCard, "first_name", "", "birth_day", "31", "birth_month", "2")...).on("/recover/username", http.StatusUnprocessableEntity).
		says(say("registration.personal.first_missing"), "Esa fecha no existe.", `value="Núñez López"`)
	if n := f.count(`select count(*) from river_job where queue = 'recovery'`); n != 0 {
		t.Error("an impossible card costs a look-up")
	}
}

// S-52: three look-ups of a card in a day, five of a source in an hour; who asks more often gets the same answer.
func TestLookupsAreLimitedUnseen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	sent := 0
	for range 5 {
		f.visitor().get("/recover/username").post(mariasCard...).on("/recover/username/sent", 200)
		f.work()
		sent += len(f.mailed("username"))
		f.later(2 * time.Minute)
	}
	if sent != 3 {
		t.Errorf("%d mails for one card, want 3", sent)
	}
	for range 5 {
		f.visitor().get("/recover/username").post(with(mariasCard, "card_id", "999999999")...).on("/recover/username/sent", 200)
	}
	if n := f.count(`select count(*) from recovery_cards`); n != 2 {
		t.Errorf("%d more cards of a source are looked up, want 2", n)
	}
	if f.work(); f.count(`select count(*) from recovery_cards`) != 0 {
		t.Error("cards are kept after the look-up")
	}
}

// S-11, S-14: whoever has a member's number uses up no look-up of the owner's.
func TestSomebodyElsesLookups(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	f.source = "198.51.100.20"
	for range 4 {
		f.visitor().get("/recover/username").post(with(mariasCard, "first_name", "Marta")...).on("/recover/username/sent", 200)
		f.later(2 * time.Minute)
	}
	f.source = "203.0.113.9"
	f.visitor().get("/recover/username").post(mariasCard...).on("/recover/username/sent", 200)
	f.work()
	if sent := len(f.mailed("username")); sent != 1 {
		t.Errorf("%d mails for the owner, want 1", sent)
	}
}

// S-14, S-52: from however many networks, a card is looked up twenty times in a day: three times from one, and a network that asks for the
// first time does not wait for those that ask again.
func TestLookupsFromManyNetworks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	n := 0
	lookUp := func(source string, want int, why string) {
		t.Helper()
		f.source, n = source, n+1
		f.visitor().get("/recover/username").post(with(mariasCard, "birth_year", strconv.Itoa(1900+n))...).on("/recover/username/sent", 200)
		if got := f.count(`select count(*) from recovery_cards`); got != want {
			t.Errorf("%s: %d look-ups, want %d", why, got, want)
		}
		f.later(10 * time.Minute)
	}
	for i := range 4 {
		lookUp(fmt.Sprintf("198.51.100.%d", i), min(i+1, 3), "one network")
	}
	for i := range 7 {
		for again := range 3 {
			lookUp(fmt.Sprintf("192.0.%d.7", i), 4+i+min(2*i+again, 2), "many networks")
		}
	}
	for i := range 9 {
		lookUp(fmt.Sprintf("203.0.%d.9", i), min(13+i, 20), "for the first time")
	}
}

// The job of the queue does what the tests do by hand.
func TestRunner(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 16)
	f.member("maria", "004123789")
	runner, err := jobs.New(f.db, slog.New(slog.DiscardHandler), Work(f.Service))
	check(t, err)
	check(t, runner.Start(t.Context()))
	defer func() { check(t, runner.Stop(t.Context())) }()
	arrived := func(kind string) string {
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if mails := f.mailed(kind); len(mails) > 0 {
				return mails[0]
			}
		}
		t.Fatalf("no mail %q", kind)
		return ""
	}
	f.visitor().get("/recover/username").post(mariasCard...)
	arrived("username")
	f.later(2 * time.Minute) // one mail a minute
	v := f.visitor().begin("maria")
	v.post("code", sixDigits.FindString(arrived("reset"))).on("/recover/question?flow=f1", 200)
}

// The page after the card leads back to the form with what was typed, for every card (S-12, S-13, S-52): whoever made a slip sees
// it. Another person, or somebody who comes later, does not.
func TestUsernameSentLeadsBackToWhatWasTyped(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.member("maria", "004123789")
	back := regexp.MustCompile(`href="(/recover/username\?back=1&(?:amp;)?typed=[^"]+)"`)
	var pages []string
	for _, number := range []string{"004123789", "999999999"} {
		v := f.visitor().get("/recover/username?flow=f1").post(with(mariasCard, "first_name", "")...) // a slip first
		v.post(with(mariasCard, "card_id", number)...).on("/recover/username/sent?flow=f1", 200).says(say("recovery.username_sent.check"), say("recovery.username_sent.back"))
		pages = append(pages, stripTokens(v.body))
		link := back.FindStringSubmatch(v.body)
		if link == nil || strings.Contains(link[1], number) {
			t.Fatalf("the page leads back by %q", link)
		}
		f.later(9 * time.Minute)
		for range 2 {
			v.get(link[1]).says(`value="María"`, `value="`+number+`"`, `value="14"`)
			if strings.Contains(v.body, say("web.form.not_yet")) || strings.Contains(v.body, "-error") {
				t.Errorf("the form says that something was wrong or not saved:\n%s", v.body)
			}
		}
		for _, entrance := range []string{"/recover", "/recover/username", "/recover/password", "/not-me?link=x", "/cancel-change?link=x", "/confirm-email?link=x"} {
			next := *v
			next.jar = maps.Clone(v.jar)
			if next.get(entrance).get(link[1]); strings.Contains(next.body, number) || strings.Contains(next.body, "María") {
				t.Errorf("after %s the next person sees the card\n%s", entrance, next.body)
			}
		}
		if other := f.visitor().get(link[1]); strings.Contains(other.body, number) {
			t.Error("another browser sees the card")
		}
		f.later(2 * time.Minute)
		if v.get(link[1]); strings.Contains(v.body, number) {
			t.Error("after more than ten minutes somebody sees the card")
		}
	}
	if pages[0] != pages[1] {
		t.Errorf("the pages differ:\n%s", cmp.Diff(pages[0], pages[1]))
	}
}
