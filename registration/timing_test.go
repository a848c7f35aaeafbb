package registration

import (
	"net/http"
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
	holder, free := s.browser().toCredentials(), s.browser().toPersonal().post(namesake...)
	tokens := map[*browser]string{holder: holder.form().Get("csrf"), free: free.form().Get("csrf")}
	post := func(b *browser, path string, want int, pairs ...string) func() {
		form := b.form(append(pairs, "csrf", tokens[b])...)
		return func() {
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
		timingtest.Alike(t, 1000, forget, post(holder, "/register/personal", http.StatusSeeOther, maria...), post(free, "/register/personal", http.StatusSeeOther, namesake...))
	})
	t.Run("credentials", func(t *testing.T) {
		renew := func() { // the address is another one each time, so that a code is due
			forget()
			exec(`update registrations set code_mac = null, code_sent_at = null, code_expires_at = null, proven_at = null where finished_at is null`)
		}
		timingtest.Alike(t, 1000, renew,
			post(holder, "/register/credentials", http.StatusSeeOther, with(mariaChoice, "username", "uno", "email", "uno@example.org", "email_again", "uno@example.org")...),
			post(free, "/register/credentials", http.StatusSeeOther, with(mariaChoice, "username", "dos", "email", "dos@example.org", "email_again", "dos@example.org")...))
	})
	t.Run("resend", func(t *testing.T) {
		timingtest.Alike(t, 1000, forget, post(holder, "/register/code", http.StatusSeeOther, "act", "resend"), post(free, "/register/code", http.StatusSeeOther, "act", "resend"))
	})
	t.Run("code", func(t *testing.T) {
		again := func() { exec(`update registrations set code_tries = 0 where finished_at is null`) }
		timingtest.Alike(t, 1000, again, post(holder, "/register/code", http.StatusUnprocessableEntity, "code", "000000"), post(free, "/register/code", http.StatusUnprocessableEntity, "code", "000000"))
	})
}
