package accounts

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"huskyidp/templates"
)

// S-01, S-02, S-03: which passwords may be set, and why others may not.
func TestCheckPassword(t *testing.T) {
	t.Parallel()
	known := []string{"María Fernanda", "González Ruiz", "mari.gonzalez@example.com", "mgruiz84"}
	for password, want := range map[string][]Flaw{
		"":                                  {FlawMissing},
		"tres tazas de café":                nil,
		"Correct Horse Battery Staple":      nil,
		"le gusta María y su perro azul":    nil, // a name inside a phrase
		"xK9#mQ2$vL7@pR4!":                  nil,
		"  tres  tazas  x  ":                nil, // spaces count and are not trimmed
		"!?/(&%+*#-_;:<>@a":                 nil,
		"ñandú ñandú ¿qué?":                 nil,
		"14 letras solo":                    {FlawShort},
		strings.Repeat("á", 14):             {FlawShort, FlawCommon},
		strings.Repeat("á1z", 42) + "áé":    {FlawCommon},
		strings.Repeat("9aZ á", 25) + "xyz": nil,
		strings.Repeat("a", 129):            {FlawLong},
		strings.Repeat("x", 1_000_000):      {FlawLong},
		"tabulador\tdentro de la frase":     {FlawCharacters},
		"nulo\uFFFD dentro de la frase":     {FlawCharacters},
		"al revés \u202e dentro de la":      {FlawCharacters},
		"passwordpassword":                  {FlawCommon, FlawPersonal},
		"P@ssw0rdP@ssw0rd":                  {FlawCommon},
		"iloveyouiloveyou":                  {FlawCommon},
		"ILoveYou-ILoveYou":                 {FlawCommon},
		"dragonbaseball1":                   {FlawCommon},
		"qwertyuiop123456":                  {FlawCommon},
		"1234567890123456":                  {FlawCommon},
		"123456789987654321":                {FlawCommon},
		"1qaz2wsx3edc4rfv":                  {FlawCommon},
		"abcdefghijklmnop":                  {FlawCommon},
		"poiuytrewqlkjhgfdsa":               {FlawCommon},
		"aaaaaaaaaaaaaaaa":                  {FlawCommon},
		"abc123abc123abc123":                {FlawCommon},
		"baseball12345678":                  {FlawCommon},
		"HuskyHealthConnecticut":            {FlawCommon, FlawPersonal},
		"Medicaid-Connecticut-2026":         {FlawPersonal},
		"MariaGonzalezRuiz":                 {FlawPersonal},
		"mari.gonzalez@example.com":         {FlawPersonal},
		"mgruiz84mgruiz84!":                 {FlawCommon, FlawPersonal},
		"Gonzalez y Ruiz 84":                {FlawPersonal},
	} {
		if diff := cmp.Diff(want, CheckPassword(password, known...)); diff != "" {
			t.Errorf("CheckPassword(%.40q) (-want +got):\n%s", password, diff)
		}
	}
	for _, length := range []int{15, 128} {
		password := "Q7 ñ"
		for i := 0; utf8.RuneCountInString(password) < length; i++ {
			password += string(rune('!' + (i*37)%90))
		}
		if flaws := CheckPassword(password); flaws != nil {
			t.Errorf("a password of %d is refused: %v", length, flaws)
		}
	}
	// S-02: one normal form, nothing cut.
	if normalize("cafe\u0301 ﬁn ") != "café fin " {
		t.Errorf("normalize = %q", normalize("cafe\u0301 ﬁn "))
	}
}

// S-03: the list has at least what the bar asks to ship.
func TestCommonListSize(t *testing.T) {
	t.Parallel()
	if n := len(commonList()); n < 100_000 {
		t.Errorf("the list has %d entries, want 100,000", n)
	}
}

func TestEstimate(t *testing.T) {
	t.Parallel()
	for password, weak := range map[string]bool{
		"": true, "password1": true, "lluvia7": false, "tres tazas de café negro": false, strings.Repeat("z", 10_000): true,
	} {
		if got := estimate(password); (got <= 1) != weak {
			t.Errorf("estimate(%.20q) = %d, want it weak: %t", password, got, weak)
		}
	}
}

// TestCheckNewUsername: a name that somebody chooses cannot look like another in the mails of a shared mailbox.
func TestCheckNewUsername(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]error{
		"maría.peña": nil, "josé_łukasz": nil, "nguyễn-1": nil, "ab": FlawLength,
		"mɑria.n": FlawCharacters, "jɑmes.t": FlawCharacters, "marıa": FlawCharacters, "maſria": FlawCharacters, "ᴍaria": FlawCharacters, "ɡloria": FlawCharacters, "ꞓarlos": FlawCharacters,
		"maria.n.": FlawStart, "maria_": FlawStart,
	} {
		if got, err := CheckNewUsername(typed); err != want {
			t.Errorf("CheckNewUsername(%q) = %q, %v, want %v", typed, got, err, want)
		}
	}
}

func TestCheckUsername(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]struct {
		canonical string
		err       error
	}{
		"Maria":                  {"maria", nil},
		" maria ":                {"maria", nil},
		"ｍａｒｉａ":                  {"maria", nil},
		"PEÑA":                   {"peña", nil},
		"pen\u0303a":             {"peña", nil},
		"a.b-c_9":                {"a.b-c_9", nil},
		"9abc":                   {"9abc", nil},
		"":                       {"", FlawMissing},
		"  ":                     {"", FlawMissing},
		"ab":                     {"", FlawLength},
		strings.Repeat("a", 32):  {strings.Repeat("a", 32), nil},
		strings.Repeat("a", 33):  {"", FlawLength},
		strings.Repeat("a", 1e5): {"", FlawLength},
		"a b":                    {"", FlawCharacters},
		".abc":                   {"", FlawStart},
		"_abc":                   {"", FlawStart},
		"-abc":                   {"", FlawStart},
		"_a b":                   {"", FlawCharacters},
		"a@b.c":                  {"", FlawCharacters},
		"мария":                  {"", FlawCharacters}, // looks Latin in part
		"mari\u0430":             {"", FlawCharacters},
		"abc\x00":                {"", FlawCharacters},
		"abc\u202e":              {"", FlawCharacters},
		"<b>abc":                 {"", FlawCharacters},
		"١٢٣":                    {"", FlawCharacters},
	} {
		if got, err := CheckUsername(typed); got != want.canonical || err != want.err {
			t.Errorf("CheckUsername(%.40q) = %q, %v, want %q, %v", typed, got, err, want.canonical, want.err)
		}
	}
}

// S-50: what is an address, and which two are one.
func TestParseEmail(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"maria@example.com":                       "maria@example.com",
		" Maria.Lopez+x@EXAMPLE.com ":             "Maria.Lopez+x@example.com",
		"a@peña.example":                          "a@xn--pea-8ma.example",
		"o'brien@example.com":                     "o'brien@example.com",
		"":                                        "missing",
		"maria":                                   "format",
		"maria@":                                  "format",
		"@example.com":                            "format",
		"a@b@example.com":                         "format",
		"maria@localhost":                         "format",
		"maria@example.com.":                      "maria@example.com",
		"maria@192.0.2.1":                         "format",
		"maria@[192.0.2.1]":                       "format",
		"ma ria@example.com":                      "format",
		".maria@example.com":                      "format",
		"maria..x@example.com":                    "format",
		"maria\r\nBcc: x@example.com":             "format",
		"maria@example.com\r\nBcc: x@y.com":       "format",
		"María@example.com":                       "format",
		`"a b"@example.com`:                       "format",
		"María Peña <maria@example.com>":          "maria@example.com",
		`"Peña, María" <Maria@Example.com>;`:      "Maria@example.com",
		"<maria@example.com>":                     "maria@example.com",
		"mailto:maria@example.com":                "maria@example.com",
		"María < MAILTO:maria@example.com >":      "maria@example.com",
		"Ana <ana@example.com>, Eva <eva@b.com>":  "format",
		"ana@example.com <eva@example.com>":       "format",
		"Ana <eva> <ana@example.com>":             "format",
		"Ana <ana@example.com> Eva":               "format",
		"Ana <ana@example.com":                    "format",
		"ana@example.com>":                        "format",
		"Todas: Ana <ana@example.com>;":           "format",
		"mailto:ana@b.com,eva@b.com":              "format",
		"mailto:ana@example.com?cc=eva":           "format",
		"mailto:ana%2Bx@example.com":              "format",
		"mailto:mailto:ana@example.com":           "format",
		"mailto:":                                 "format",
		"Ana <>":                                  "format",
		"María\r\n<maria@example.com>":            "format",
		"a,b@example.com":                         "format",
		"maria@exa mple.com":                      "format",
		"maria@-example.com":                      "format",
		"maria@exam_ple.com":                      "format",
		strings.Repeat("a", 65) + "@b.com":        "format",
		"a@" + strings.Repeat("b", 64) + ".com":   "format",
		"a@" + strings.Repeat("bcd.", 70) + "com": "format",
		strings.Repeat("a", 1_000_000):            "format",
	} {
		got, err := ParseEmail(typed)
		if err != nil {
			got = string(err.(Flaw))
		}
		if got != want {
			t.Errorf("ParseEmail(%.40q) = %q, want %q", typed, got, want)
		}
	}
	for _, pair := range [][2]string{{"A@b.com", "a@b.com"}} {
		if !SameEmail(pair[0], pair[1]) {
			t.Errorf("SameEmail(%q, %q) is false", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"a.b@c.com", "ab@c.com"}, {"a+x@b.com", "a@b.com"}} {
		if SameEmail(pair[0], pair[1]) {
			t.Errorf("SameEmail(%q, %q) is true", pair[0], pair[1])
		}
	}
}

// S-57: ten questions or more, each in both languages, all distinct, and none about health,
// numbers of identity, birth dates or addresses.
func TestQuestionBank(t *testing.T) {
	t.Parallel()
	set, err := templates.Load(templates.Options{})
	if err != nil {
		t.Fatal(err)
	}
	barred := regexp.MustCompile(`(?i)salud|médic|doctor|enfermedad|hospital|medicina|alergia|seguro|licencia|tarjeta|pasaporte|cumpleaños|nacimiento|nació|` +
		`fecha|edad|dirección|calle|ciudad|barrio|código postal|teléfono|health|illness|medicine|allergy|insurance|licen[sc]e|card|passport|birth|born|\bage\b|` +
		`address|street|city|town|zip|phone|number|número`)
	for _, lang := range []string{"es", "en"} {
		seen := map[string]bool{}
		for _, key := range Questions {
			text := set.Text(lang, "question.bank."+key, nil)
			if text == "" || strings.Contains(text, "question.bank") || barred.MatchString(text) {
				t.Errorf("%s, %s: %q", key, lang, text)
			}
			seen[text] = true
		}
		if len(seen) < 10 || len(seen) != len(Questions) {
			t.Errorf("%s: %d different questions of %d", lang, len(seen), len(Questions))
		}
	}
	if KnownQuestion("birth_date") || !KnownQuestion(Questions[0]) {
		t.Error("a question that is not in the bank is one")
	}
}

// S-58: what an answer may be, and which two are one.
func TestCheckAnswer(t *testing.T) {
	t.Parallel()
	known := []string{"María Fernanda", "González", "mari@example.com", "mgruiz84"}
	for answer, want := range map[string]error{
		"una linterna":           nil,
		"Quito":                  nil,
		"":                       FlawMissing,
		"   ":                    FlawMissing,
		"ab":                     FlawShort,
		"¡a!":                    FlawShort,
		strings.Repeat("ab", 50): nil,
		strings.Repeat("ab", 51): FlawLong,
		strings.Repeat("a", 1e6): FlawLong,
		"a\x00bc":                FlawCharacters,
		"maria":                  FlawKnown,
		"MARIA FERNANDA":         FlawKnown,
		"gonzález":               FlawKnown,
		"mari":                   FlawKnown,
		"mgruiz84":               FlawKnown,
		"Tres tazas, de cafe":    FlawKnown, // the password
		"Titanic":                FlawCommon,
		"¡Arroz!":                FlawCommon,
		"Harry Potter":           FlawCommon,
		"aaaa":                   FlawCommon,
	} {
		if err := CheckAnswer(answer, "tres tazas de café", known...); err != want {
			t.Errorf("CheckAnswer(%.40q) = %v, want %v", answer, err, want)
		}
	}
	for _, same := range []string{"Una  linterna", "una linterna.", " UNA LINTERNA ", "ｕｎａ linterna", "uná linterna"} {
		if got := normalizeAnswer(same); got != "una linterna" {
			t.Errorf("normalizeAnswer(%q) = %q", same, got)
		}
	}
	if normalizeAnswer("Straße") != normalizeAnswer("STRASSE") {
		t.Error("ß does not fold")
	}
}

// no typed text breaks a parser, and what one accepts it accepts again.
func FuzzTyped(f *testing.F) {
	for _, seed := range []string{"", "maria", "María@EXAMPLE.com", "a@peña.example", "\x00", "\xff", "ﬁ", "İ", "ß", "a\u0301", "\u202e"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if len(typed) > 300 || !utf8.ValidString(typed) { // web lets no other through
			return
		}
		if canonical, err := CheckUsername(typed); err == nil {
			if again, err := CheckUsername(canonical); err != nil || again != canonical {
				t.Errorf("CheckUsername(%q) = %q, of which it makes %q, %v", typed, canonical, again, err)
			}
		}
		if address, err := ParseEmail(typed); err == nil {
			if again, err := ParseEmail(address); err != nil || again != address {
				t.Errorf("ParseEmail(%q) = %q, of which it makes %q, %v", typed, address, again, err)
			}
		}
		if once := normalizeAnswer(typed); normalizeAnswer(once) != once {
			t.Errorf("normalizeAnswer(%q) = %q, of which it makes %q", typed, once, normalizeAnswer(once))
		}
		CheckPassword(typed, "maria")
		CheckAnswer(typed, "x")
		signInName(typed)
	})
}
