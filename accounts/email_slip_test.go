package accounts

import "testing"

func TestLikelyEmail(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"ana@gmial.com": "ana@gmail.com", "ana@gmai.com": "ana@gmail.com", "ana@gmaill.com": "ana@gmail.com", "ana@gmail.con": "ana@gmail.com",
		"ana@gmail.co": "ana@gmail.com", "ana@gmil.com": "ana@gmail.com", "ana@hotmial.com": "ana@hotmail.com", "A.b+c@hormail.com": "A.b+c@hotmail.com",
		"ana@yaho.com": "ana@yahoo.com", "ana@outlok.com": "ana@outlook.com", "ana@iclould.com": "ana@icloud.com", "ana@comcast.ne": "ana@comcast.net",
		"ana@aol.con": "ana@aol.com", "ana@live.co": "ana@live.com", "ana@yahoo.cm": "ana@yahoo.com",
		// right, or too far away to guess
		"ana@gmail.com": "", "ana@mail.com": "", "ana@ymail.com": "", "ana@email.com": "", "ana@yahoo.es": "", "ana@yahoo.ca": "", "ana@hotmail.fr": "",
		"ana@life.com": "", "ana@fox.net": "", "ana@gmx.de": "", "ana@example.com": "", "ana@mail.gmail.com": "", "ana@we.com": "", "ana@xn--gml-8la.com": "",
	} {
		if got := LikelyEmail(typed); got != want {
			t.Errorf("LikelyEmail(%s) = %q, want %q", typed, got, want)
		}
	}
}

func TestMeantEmail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typed, meant, want string }{
		{"ana@gmail.com", "", "ana@gmail.com"}, {"ana@gmial.com", "", ""}, {"ana@gmial.com", "ana@gmail.com", "ana@gmail.com"},
		{"ana@gmial.com", "ana@gmial.com", "ana@gmial.com"}, {"eva@gmial.com", "ana@gmail.com", ""}, {"eva@gmial.com", "ana@gmial.com", ""},
	} {
		if got, ask := MeantEmail(c.typed, c.meant); got != c.want || (ask != nil) != (c.want == "") {
			t.Errorf("MeantEmail(%q, %q) = %q, %v, want %q", c.typed, c.meant, got, ask, c.want)
		}
	}
}
