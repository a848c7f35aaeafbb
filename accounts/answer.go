package accounts

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	answerMin = 3
	answerMax = 100
)

// Questions is the bank of secret questions by key (S-57); the catalogs have the words under question.bank.<key>. A
// key, once used, keeps its meaning.
var Questions = []string{
	"first_pay", "first_book", "toy_name", "play_place", "helping_teacher", "best_gift", "childhood_song", "first_trip",
	"grandparent_saying", "first_dish", "first_film", "riding_teacher",
}

func KnownQuestion(key string) bool { return slices.Contains(Questions, key) }

// commonAnswers are answers that many people would give to one of the questions.
var commonAnswers = strings.Fields(`
	arroz huevos huevo pollo sopa pasta pizza rice eggs egg chicken soup spaghetti pan bread arepa arepas tortilla tortillas pastel
	dinero money ropa clothes zapatos shoes juguete toy muneca doll bicicleta bicycle bike carro car coche telefono phone
	biblia bible lalibra thebible harrypotter principito elprincipito donquijote titanic starwars lionking elreyleon frozen shrek avatar
	mama papa mami papi madre padre mother father mom dad mother hermano hermana brother sister abuelo abuela grandma grandpa tio tia
	maria jose juan carlos luis ana jesus miguel david michael john james robert mary jennifer
	casa house playa beach escuela school disney disneyland disneyworld nuevayork newyork florida miami mexico puertorico boston
	teddy osito oso bear barbie ken perro dog gato cat nada nothing none ninguno ninguna nunca never si yes no nose idontknow
	dios god amor love vaso glass plato plate ventana window test prueba respuesta answer secreto secret password contrasena asdf qwerty abc 123 1234 12345 123456`)

// normalizeAnswer returns the form in which an answer is hashed (S-58): NFKC, case-folded, without punctuation, with
// spaces collapsed and trimmed. It also drops accents, which people in a hurry leave out.
func normalizeAnswer(typed string) string {
	folded := cases.Fold().String(norm.NFKC.String(typed))
	kept := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1 // punctuation, symbols, and the accents that NFD has separated
	}, norm.NFD.String(folded))
	return strings.Join(strings.Fields(kept), " ")
}

// CheckAnswer validates a new answer; password is empty if it was set earlier. known holds the member's names, username
// and email address. The error is FlawMissing, FlawShort, FlawLong, FlawCharacters, FlawKnown or FlawCommon.
func CheckAnswer(answer, password string, known ...string) error {
	if strings.TrimSpace(answer) == "" {
		return FlawMissing
	}
	if len(answer) > 16*answerMax {
		return FlawLong
	}
	if unreadable(answer) {
		return FlawCharacters
	}
	normal := normalizeAnswer(answer)
	switch n := utf8.RuneCountInString(normal); {
	case n < answerMin:
		return FlawShort
	case n > answerMax:
		return FlawLong
	}
	compact := strings.ReplaceAll(normal, " ", "")
	for _, k := range known {
		local, _, _ := strings.Cut(k, "@")
		for _, word := range append(strings.Fields(k), k, local) {
			if compact == strings.ReplaceAll(normalizeAnswer(word), " ", "") {
				return FlawKnown
			}
		}
	}
	if password != "" && compact == strings.ReplaceAll(normalizeAnswer(password), " ", "") {
		return FlawKnown
	}
	if slices.Contains(commonAnswers, compact) || repeats([]rune(compact), 1) {
		return FlawCommon
	}
	return nil
}
