package registration

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"huskyidp/internal/timingtest"
)

// S-13, S-52: the clock does not tell whether the member has an account already: not on the card's page, not when the
// credentials are chosen, not when another code is asked for, not when one is typed.
func TestTiming(t *testing.T) {
	s := newSite(t, 2, func(d *Deps) { d.SourceFailures, d.Mailed = 1_000_000, 1_000_000 })
	plain := s.browser().toCode()
	plain.post("code", s.code()).send("certify", "yes")
	namesake := with(maria, "birth_day", "15", "card_id", "004123792")
	// Several registrations of each kind take turns: where the rows of one lie in the table costs time as well.
	var holders, frees []*browser
	tokens := map[*browser]string{}
	for range 8 {
		holders, frees = append(holders, s.browser().toCredentials()), append(frees, s.browser().toPersonal().post(namesake...))
	}
	for _, b := range slices.Concat(holders, frees) {
		tokens[b] = b.form().Get("csrf")
	}
	post := func(bs []*browser, path string, want int, pairs ...string) func() {
		var forms []url.Values
		for _, b := range bs {
			forms = append(forms, b.form(append(pairs, "csrf", tokens[b])...))
		}
		turn := 0
		return func() {
			b, form := bs[turn%len(bs)], forms[turn%len(bs)]
			turn++
			if b.do(http.MethodPost, path, form); b.status != want {
				t.Fatalf("POST %s = %d:\n%s", path, b.status, b.text())
			}
		}
	}
	exec := func(statements ...string) {
		for _, statement := range statements {
			if _, err := s.db.From(t.Context()).Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	forget := func() { exec(`delete from rate_limits where name <> 'already_member'`, `delete from identity_guards`) }
	t.Run("card", func(t *testing.T) {
		timingtest.Alike(t, 1000, forget, post(holders, "/register/personal", http.StatusSeeOther, maria...), post(frees, "/register/personal", http.StatusSeeOther, namesake...))
	})
	t.Run("credentials", func(t *testing.T) {
		renew := func() { // the address is another one each time, so that a code is due
			forget()
			exec(`update registrations set code_mac = null, code_sent_at = null, code_expires_at = null, proven_at = null where finished_at is null`)
		}
		timingtest.Alike(t, 1000, renew,
			post(holders, "/register/credentials", http.StatusSeeOther, with(mariaChoice, "username", "uno", "email", "uno@example.org", "email_again", "uno@example.org")...),
			post(frees, "/register/credentials", http.StatusSeeOther, with(mariaChoice, "username", "dos", "email", "dos@example.org", "email_again", "dos@example.org")...))
	})
	t.Run("resend", func(t *testing.T) {
		timingtest.Alike(t, 1000, forget, post(holders, "/register/code", http.StatusSeeOther, "act", "resend"), post(frees, "/register/code", http.StatusSeeOther, "act", "resend"))
	})
	t.Run("code", func(t *testing.T) {
		again := func() { exec(`update registrations set code_tries = 0 where finished_at is null`) }
		timingtest.Alike(t, 1000, again, post(holders, "/register/code", http.StatusUnprocessableEntity, "code", "000000"), post(frees, "/register/code", http.StatusUnprocessableEntity, "code", "000000"))
	})
}
