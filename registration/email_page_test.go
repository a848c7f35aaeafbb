package registration

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// An address that is one slip away from a well-known domain is asked about before a code is mailed, and is never forced.
func TestLikelyEmail(t *testing.T) {
	t.Parallel()
	slip := with(mariaChoice, "email", "maria@gmial.com", "email_again", "maria@gmial.com")
	for name, test := range map[string]struct {
		answer func(*site, *browser)
		want   string
	}{
		"mended":      {func(_ *site, b *browser) { b.post("act", "mend") }, "maria@gmail.com"},
		"kept":        {func(_ *site, b *browser) { b.post("act", "keep") }, "maria@gmial.com"},
		"typed again": {func(_ *site, b *browser) { b.post("act", "previous").on("/register/credentials", 200).post(slip...) }, "maria@gmial.com"},
		"mended by hand": {func(_ *site, b *browser) {
			b.post("act", "previous").post(with(mariaChoice, "email", "maria@gmail.com", "email_again", "maria@gmail.com")...)
		}, "maria@gmail.com"},
		"pressed twice": {func(_ *site, b *browser) {
			page := *b
			b.post("act", "mend")
			page.post("act", "mend").on("/register/code", 200)
		}, "maria@gmail.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, 1)
			b := s.browser().toCredentials().post(slip...).on("/register/code", 200)
			b.reads("Escribió maria@gmial.com").reads("¿Quiso decir maria@gmail.com").get("/register/code?flow=f1").reads("Usar maria@gmail.com")
			if b.post("code", "123456").reads("¿Quiso decir"); len(s.mailed()) != 0 {
				t.Errorf("mails before the answer: %v", s.mailed())
			}
			b.get("/register/code?flow=f1").get("/register/review?flow=f1").on("/register/code", 200)
			test.answer(s, b)
			b.on("/register/code", 200).reads("Enviamos un código a " + test.want)
			if got := s.mailed(); !slices.Equal(got, []string{"verify " + test.want}) {
				t.Errorf("mails %v, want one to %s", got, test.want)
			}
			b.post("code", s.code()).on("/register/review", 200).reads(test.want)
		})
	}
}

// S-52: the question does not depend on whether the member has an account.
func TestLikelyEmailOfAHolder(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.browser().toReview().post("act", "finish", "certify", "yes")
	s.later(time.Hour)
	b := s.browser().toCredentials().post(with(mariaChoice, "username", "otra.maria", "email", "maria@gmial.com", "email_again", "maria@gmial.com")...).on("/register/code", 200)
	b.reads("¿Quiso decir maria@gmail.com").post("act", "mend").reads("Enviamos un código a maria@gmail.com")
	if got := strings.Join(s.mailed(), ", "); strings.Contains(got, "gmail") {
		t.Errorf("mails: %s", got)
	}
}
