package templates

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// glossary is what the texts of a language say and do not say; docs/words.md explains it. Its file is words/<tag>.json.
type glossary struct {
	Terms  []term   `json:"terms"`
	Names  []string `json:"names"`  // may begin with a capital inside a sentence; null: the language's capitals are not checked
	Exempt []string `json:"exempt"` // keys with the words of the member guide, and labels that look like them
}

// term is a word to say, and forms not to use for it. A form is compared by whole words and without regard to capitals;
// a phrase of Unless may contain it.
type term struct {
	Say    string   `json:"say"`
	Not    []string `json:"not"`
	Unless []string `json:"unless"`
}

// parseGlossary reads the file of a language; one without a file demands nothing.
func parseGlossary(lang string) (g glossary, err error) {
	data, err := files.ReadFile("words/" + lang + ".json")
	if err != nil {
		return g, nil
	}
	if err := json.Unmarshal(data, &g); err != nil {
		return g, fmt.Errorf("glossary %s: %w", lang, err)
	}
	return g, nil
}

// check returns what is wrong with a text, of a key that is not exempt.
func (g glossary) check(key, text string) (wrong []string) {
	if slices.Contains(g.Exempt, key) {
		return nil
	}
	for _, t := range g.Terms {
		if form := t.found(text); form != "" {
			wrong = append(wrong, fmt.Sprintf("says %q, the word is %q", form, t.Say))
		}
	}
	if g.Names != nil {
		for _, word := range g.capitals(text) {
			wrong = append(wrong, fmt.Sprintf("writes %q with a capital inside a sentence", word))
		}
	}
	return wrong
}

// found returns the first form of the term that the text has, or "".
func (t term) found(text string) string {
	text = strings.ToLower(text)
	for _, phrase := range t.Unless {
		text = replaceWords(text, strings.ToLower(phrase), "·")
	}
	for _, form := range t.Not {
		if replaceWords(text, strings.ToLower(form), "·") != text {
			return form
		}
	}
	return ""
}

// replaceWords replaces phrase where no letter or digit is at its ends.
func replaceWords(text, phrase, by string) string {
	var b strings.Builder
	before := ' '
	for text != "" {
		i := strings.Index(text, phrase)
		if i < 0 {
			break
		}
		head, rest := text[:i], text[i+len(phrase):]
		if runes := []rune(head); len(runes) > 0 {
			before = runes[len(runes)-1]
		}
		b.WriteString(head)
		if after := []rune(rest); inWord(before) || len(after) > 0 && inWord(after[0]) {
			b.WriteString(phrase)
		} else {
			b.WriteString(by)
		}
		before, text = []rune(phrase)[len([]rune(phrase))-1], rest
	}
	b.WriteString(text)
	return b.String()
}

func inWord(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }

var (
	quotation = regexp.MustCompile(`«[^»]*»|“[^”]*”`)
	listItem  = regexp.MustCompile(`(?m)^\d+\. `)
	ending    = regexp.MustCompile(`[.?!:]\s+|\n+`)
)

// capitals returns the words that begin with a capital although no sentence begins there. Labels in quotation marks,
// words all in capitals and the glossary's names may.
func (g glossary) capitals(text string) (words []string) {
	text = quotation.ReplaceAllString(listItem.ReplaceAllString(text, ""), "·")
	for _, name := range g.Names {
		text = replaceWords(text, name, "·")
	}
	for _, sentence := range ending.Split(text, -1) {
		first := true
		for word := range strings.FieldsFuncSeq(sentence, func(c rune) bool { return !inWord(c) && c != '·' && c != '\'' && c != '’' }) {
			if !first && unicode.IsUpper([]rune(word)[0]) && word != strings.ToUpper(word) {
				words = append(words, word)
			}
			first = false
		}
	}
	return words
}

// plain is the text of a form, with a "·" for each place.
func plain(pieces []piece) string {
	var b strings.Builder
	for _, p := range pieces {
		if p.place != "" {
			b.WriteString("·")
		}
		b.WriteString(p.text)
	}
	return b.String()
}

// places of a message, over all of its forms.
func (m message) places() []string {
	all := map[string]bool{}
	for _, pieces := range m.forms {
		for _, p := range pieces {
			if p.place != "" {
				all[p.place] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}
