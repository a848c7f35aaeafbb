package templates

import (
	"testing"
	"time"
)

func TestFormats(t *testing.T) {
	s := loadAll(t)
	at := func(hour, minute int) time.Time { // the zone of the product is five hours behind in November
		return time.Date(2026, 11, 22, hour+5, minute, 0, 0, time.UTC)
	}
	tests := []struct {
		lang, place string
		value       any
		want        string
	}{
		{"es", "date", at(15, 5), "22 de noviembre de 2026"},
		{"en", "date", at(15, 5), "November 22, 2026"},
		{"es", "date", at(20, 0), "22 de noviembre de 2026"}, // already the 23rd in UTC
		{"es", "birth", Date{1984, 3, 1}, "1 de marzo de 1984"},
		{"es", "clock", at(15, 5), "3:05\u00a0p.\u00a0m."},
		{"es", "clock", at(0, 0), "12:00\u00a0a.\u00a0m."},
		{"en", "clock", at(12, 30), "12:30\u00a0p.m."},
		{"es", "datetime", at(15, 5), "22 de noviembre de 2026 a las 3:05\u00a0p.\u00a0m."},
		{"es", "datetime", at(13, 5), "22 de noviembre de 2026 a la 1:05\u00a0p.\u00a0m."},
		{"en", "datetime", at(13, 5), "November 22, 2026 at 1:05\u00a0p.m."},
		{"es", "time", 500 * time.Millisecond, "1 segundo"},
		{"es", "time", 59 * time.Second, "59 segundos"},
		{"es", "time", 61 * time.Second, "2 minutos"},
		{"en", "time", time.Minute, "1 minute"},
		{"es", "time", 23*time.Hour + time.Minute, "24 horas"},
		{"pt", "datetime", at(13, 5), "22 de novembro de 2026 à 1:05\u00a0p.m."},
		{"pt", "datetime", at(0, 5), "22 de novembro de 2026 às 12:05\u00a0a.m."},
		{"pt", "time", 59 * time.Minute, "59 minutos"},
		{"ht", "datetime", at(15, 5), "22 novanm 2026 a 3:05\u00a0p.m."},
		{"ht", "time", time.Second, "1 segonn"},
		{"ht", "time", 3 * time.Hour, "3 èdtan"},
		{"es", "n", 1234, "1,234"},
		{"en", "n", -1234567, "-1,234,567"},
		{"en", "names", "maria", "maria"},
	}
	for _, test := range tests {
		got, err := s.catalogs[test.lang].value(test.place, Args{test.place: test.value})
		if err != nil || got != test.want {
			t.Errorf("value(%s, %s, %v) = %q, %v, want %q", test.lang, test.place, test.value, got, err, test.want)
		}
	}
}

func TestSentenceEndsWithOneStop(t *testing.T) {
	got := load(t).Text("es", "registration.locked.until", Args{"datetime": noon})
	if want := "También puede intentarlo otra vez después del 22 de noviembre de 2026 a las 3:05\u00a0p.\u00a0m."; got != want {
		t.Errorf("until = %q, want %q", got, want)
	}
}

func TestTextShowsWhatIsMissing(t *testing.T) {
	s := load(t)
	for _, key := range []string{"no.such.key", "registration.code.wrong"} { // the second lacks its n
		if got, want := s.Text("es", key, nil), "{"+key+"}"; got != want {
			t.Errorf("Text(%s) = %q, want %q", key, got, want)
		}
	}
}

func TestMatch(t *testing.T) {
	s := load(t)
	for pref, want := range map[string]string{
		"": "es", "en": "en", "en-GB,en;q=0.9": "en", "es-PR": "es", "fr": "es", "fr, en;q=0.4": "en", "zz-\x00": "es", "*": "es",
	} {
		if got := s.Match(pref); got != want {
			t.Errorf("Match(%q) = %s, want %s", pref, got, want)
		}
	}
	if got := s.Match("", "fr", "en"); got != "en" {
		t.Errorf("Match of the third preference = %s, want en", got)
	}
}

func TestPhoneLinks(t *testing.T) {
	for phone, want := range map[string]string{
		"1-800-859-9889, TTY 711":     `<a href="tel:+18008599889">1-800-859-9889</a>, <a href="tel:711">TTY 711</a>`,
		"1-800-859-9889, 8:00 a 5:00": `<a href="tel:+18008599889">1-800-859-9889, 8:00 a 5:00</a>`,
		"211":                         `<a href="tel:211">211</a>`,
	} {
		if got := string(phoneHTML(phone)); got != want {
			t.Errorf("%q = %s, want %s", phone, got, want)
		}
	}
}

func TestTelephone(t *testing.T) {
	for read, want := range map[string]string{"1-800-859-9889, TTY 711": "tel:+18008599889", "211": "tel:211"} {
		if got := telephone(read); got != want {
			t.Errorf("telephone(%q) = %q, want %q", read, got, want)
		}
	}
}

// A month's name of two letters (May in Haitian Creole) is its own abbreviation.
func TestWhenInAShortMonth(t *testing.T) {
	at := time.Date(2026, 5, 3, 16, 5, 0, 0, time.UTC)
	got, err := loadAll(t).catalogs["ht"].when(at, at.AddDate(0, 1, 0))
	if want := "3 me, 12:05\u00a0p.m."; err != nil || got != want {
		t.Errorf("when = %q, %v, want %q", got, err, want)
	}
}

// TestLasted: a span of the past is rounded to the nearest, as the file of the same figures has it.
func TestLasted(t *testing.T) {
	t.Parallel()
	c := loadAll(t).catalogs["en"]
	for d, want := range map[time.Duration]string{
		0: "1 second", 59 * time.Second: "59 seconds", 60 * time.Second: "1 minute", 62 * time.Second: "1 minute", 90 * time.Second: "2 minutes",
		119 * time.Minute: "119 minutes", 2*time.Hour + 29*time.Second: "120 minutes", 2*time.Hour + 20*time.Minute: "2 hours", 5*time.Hour + 40*time.Minute: "6 hours",
	} {
		if got, err := c.lasted(d); got != want || err != nil {
			t.Errorf("lasted(%s) = %q, %v, want %q", d, got, err, want)
		}
	}
}
