package templates

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// The reading level of the catalogs: Fernández-Huerta for Spanish (at least 80 over the catalog, 65 a page; higher is
// easier), Flesch-Kincaid for English (at most grade 4 over the catalog, 6 a page), sentences of at most 20 words.

type reading struct{ words, syllables, sentences int }

func (r reading) add(o reading) reading {
	return reading{r.words + o.words, r.syllables + o.syllables, r.sentences + o.sentences}
}

func (r reading) fernandezHuerta() float64 {
	return 206.84 - 60*float64(r.syllables)/float64(r.words) - 1.02*float64(r.words)/float64(r.sentences)
}

func (r reading) fleschKincaid() float64 {
	return 0.39*float64(r.words)/float64(r.sentences) + 11.8*float64(r.syllables)/float64(r.words) - 15.59
}

var sentenceEnd = regexp.MustCompile(`[.?!:;]+(?:\s|$)|\n+`)

// measure counts a text and reports its longest sentence.
func measure(text string, syllables func(string) int) (r reading, longest string) {
	most := 0
	for sentence := range strings.SplitSeq(sentenceEnd.ReplaceAllString(text, "\x00"), "\x00") {
		words := strings.FieldsFunc(sentence, func(c rune) bool { return !unicode.IsLetter(c) && c != '\'' && c != '’' })
		if len(words) == 0 {
			continue
		}
		r.sentences++
		r.words += len(words)
		for _, word := range words {
			r.syllables += syllables(word)
		}
		if len(words) > most {
			most, longest = len(words), sentence
		}
	}
	return r, longest
}

// spanishSyllables counts groups of vowels; two strong vowels, or a weak one with its accent, part a group.
func spanishSyllables(word string) int {
	n := 0
	previous := rune(0)
	letters := []rune(strings.ToLower(word))
	for i, c := range letters {
		if c == 'u' && i > 0 && (letters[i-1] == 'q' || letters[i-1] == 'g' && i+1 < len(letters) && strings.ContainsRune("eiéí", letters[i+1])) {
			continue // mute
		}
		if c == 'y' && i == len(letters)-1 {
			c = 'i'
		}
		if !strings.ContainsRune("aeiouáéíóúü", c) {
			previous = 0
			continue
		}
		strong := func(r rune) bool { return strings.ContainsRune("aeoáéóíú", r) }
		if previous == 0 || strong(previous) && strong(c) {
			n++
		}
		previous = c
	}
	return max(n, 1)
}

// englishSyllables counts groups of vowels without a silent e.
func englishSyllables(word string) int {
	word = strings.ToLower(word)
	n, in := 0, false
	for _, c := range word {
		vowel := strings.ContainsRune("aeiouy", c)
		if vowel && !in {
			n++
		}
		in = vowel
	}
	if n > 1 && (strings.HasSuffix(word, "e") && !strings.HasSuffix(word, "le") || strings.HasSuffix(word, "es") || strings.HasSuffix(word, "ed")) &&
		!strings.HasSuffix(word, "ted") && !strings.HasSuffix(word, "ded") && !strings.HasSuffix(word, "ses") {
		n--
	}
	return max(n, 1)
}

func TestSyllables(t *testing.T) {
	for word, want := range map[string]int{"contraseña": 4, "país": 2, "cuenta": 2, "aquí": 2, "leer": 2, "muy": 1, "código": 3} {
		if got := spanishSyllables(word); got != want {
			t.Errorf("spanishSyllables(%s) = %d, want %d", word, got, want)
		}
	}
	for word, want := range map[string]int{"username": 3, "code": 1, "again": 2, "table": 2, "closed": 1, "wanted": 2} {
		if got := englishSyllables(word); got != want {
			t.Errorf("englishSyllables(%s) = %d, want %d", word, got, want)
		}
	}
}

// labels are the names of the guide that sentences repeat; they are nobody's to make simpler.
var labels = strings.NewReplacer("CERTIFICACIÓN DE USUARIO", "", "USER CERTIFICATION", "", "Nombre de Usuario", "", "Número de ID del Cliente", "",
	"Apoyo Técnico", "", "Technical Support", "", "Acuerdo de la licencia", "")

func TestReadingLevel(t *testing.T) {
	s := load(t)
	guide := map[string]bool{"registration.personal.no_match": true} // the guide's own sentence is unchanged
	for lang, syllables := range map[string]func(string) int{"es": spanishSyllables, "en": englishSyllables} {
		pages := map[string]reading{}
		var all reading
		for key, m := range s.catalogs[lang].messages {
			if guide[key] || strings.HasPrefix(key, "web.format.") || strings.HasPrefix(key, "web.month.") {
				continue
			}
			for _, pieces := range m.forms {
				var b strings.Builder
				for _, p := range pieces {
					b.WriteString(p.text)
				}
				r, longest := measure(labels.Replace(b.String()), syllables)
				if n := len(strings.Fields(longest)); n > 20 {
					t.Errorf("%s: %s has a sentence of %d words: %s", lang, key, n, longest)
				}
				if !strings.ContainsAny(b.String(), ".?!") {
					continue // a label: no sentence to read
				}
				page := strings.Join(strings.Split(key, ".")[:2], ".")
				pages[page] = pages[page].add(r)
				all = all.add(r)
			}
		}
		easy := func(r reading, spanish, english float64) (float64, bool) {
			if lang == "es" {
				return r.fernandezHuerta(), r.fernandezHuerta() >= spanish
			}
			return r.fleschKincaid(), r.fleschKincaid() <= english
		}
		if level, ok := easy(all, 80, 4); !ok {
			t.Errorf("the catalog %s reads at %.1f", lang, level)
		} else {
			t.Logf("the catalog %s reads at %.1f over %d words", lang, level, all.words)
		}
		for page, r := range pages {
			if r.words < 40 {
				continue // too little for a formula made for prose
			}
			if level, ok := easy(r, 65, 6); !ok {
				t.Errorf("%s: %s reads at %.1f over %d words", lang, page, level, r.words)
			}
		}
	}
}
