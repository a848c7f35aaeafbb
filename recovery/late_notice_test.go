package recovery

import (
	"strings"
	"testing"
	"time"

	"huskyidp/templates"
)

// TestFirstLinkUndoes (S-53): whoever opens the first notice once the change is made undoes it by that link, at the second press as well.
func TestFirstLinkUndoes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.member("maria", "004123789")
	_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "nueva@example.org", AskedBy: "s1"})
	check(t, err)
	_, first, _ := strings.Cut(f.link("email_requested"), "link=")
	f.later(24 * time.Hour)
	check(t, f.ApplyDue(t.Context()))
	v := f.visitor().get("/cancel-change?link="+first).on("/cancel-change?link="+first, 200)
	v.postTo("/cancel-change", "link", first).on("/cancel-change/done?link="+first, 200)
	v.get("/recover").postTo("/cancel-change", "link", first).on("/cancel-change/done?link="+first, 200)
	if got := f.address(a); got != "maria@example.com" {
		t.Errorf("after undoing the address is %q", got)
	}
}

// TestLateNoticeMovesTheChange (S-53, S-64): while the mail server is down nobody can stop a change, so that none is made; its day counts
// from when the notice left.
func TestLateNoticeMovesTheChange(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		state string
		left  time.Duration // after it was asked for
		made  time.Duration
	}{
		"at once":       {"sent", time.Minute, 24 * time.Hour},
		"after a night": {"sent", 20 * time.Hour, 44 * time.Hour},
		"two days late": {"sent", 48 * time.Hour, 72 * time.Hour},
		"given up":      {"failed", 3 * time.Hour, 24 * time.Hour},
	} {
		f := newFixture(t)
		a, other := f.member("maria", "004123789"), f.member("john", "004123790")
		f.mailDown = true
		asked := f.now()
		_, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: ChangeEmail, Email: "nueva@example.org", AskedBy: "s1"})
		check(t, err)
		f.mailDown = false
		_, err = f.Hold(t.Context(), Change{AccountID: other.ID, Act: ChangeEmail, Email: "otra@example.org", AskedBy: "s1"})
		check(t, err)
		f.write(`update mails set state = 'queued', sealed = 'x', done_at = null where account_id = $1`, a.ID)
		for hour := time.Duration(0); hour <= 80*time.Hour; hour += time.Hour {
			f.at(asked.Add(hour))
			if hour >= test.left {
				f.write(`update mails set state = $2, sealed = null, done_at = $3 where account_id = $1 and state = 'queued'`, a.ID, test.state, asked.Add(test.left))
			}
			check(t, f.ApplyDue(t.Context()))
			if held, err := f.Pending(t.Context(), a.ID); err != nil || len(held) > 0 && !f.now().Before(held[0].ApplyAt) {
				t.Errorf("%s: after %v the pages tell an hour that is over: %+v (%v)", name, hour, held, err)
			}
			if got, want := f.address(a) == "nueva@example.org", hour >= test.made; got != want {
				t.Errorf("%s: after %v made: %v", name, hour, got)
			}
			if got, want := f.address(other) == "otra@example.org", hour >= 24*time.Hour; got != want {
				t.Errorf("%s: after %v another's made: %v", name, hour, got)
			}
		}
	}
}

// TestLateNoticeIsTrue: a notice that names the hour of a change says that it may be later; a closing that has moved is
// told with its new hour.
func TestLateNoticeIsTrue(t *testing.T) {
	t.Parallel()
	set, err := loadTemplates()
	check(t, err)
	for lang, later := range map[string]string{"es": "o más tarde si este aviso", "en": "or later if this notice"} {
		for _, kind := range holdNotices {
			m, err := set.Mail(lang, kind, templates.Args{"username": "maria", "act": templates.Key("admin.act.reset_factor"), "datetime": time.Now(), "at": time.Now(), "address": "m@e.org", "link": "https://e.org", "phone": "1"})
			if err != nil || !strings.Contains(strings.Join(strings.Fields(m.Text), " "), later) {
				t.Errorf("%s %s, %v:\n%s", lang, kind, err, m.Text)
			}
		}
	}
	f := newFixture(t)
	a := f.member("maria", "004123789")
	asked := f.now()
	c, err := f.Hold(t.Context(), Change{AccountID: a.ID, Act: CloseAccount})
	check(t, err)
	f.write(`update mails set done_at = $2 where account_id = $1`, a.ID, asked.Add(20*time.Hour))
	f.at(c.ApplyAt)
	check(t, f.ApplyDue(t.Context()))
	if a, err := f.people.Get(t.Context(), a.ID); err != nil || !a.ClosesAt.Equal(c.ApplyAt.Add(20*time.Hour)) {
		t.Errorf("the account closes %v, %v", a.ClosesAt, err)
	}
}
