package templates

import (
	"fmt"
	"maps"
	"slices"

	"golang.org/x/text/feature/plural"
)

// WordsReport is what is to be said of a language's catalog.
type WordsReport struct {
	Texts    int
	Draft    string   // why the catalog is not to be relied on, "" if it is
	Glossary bool     // the language has one
	Mistakes []string // keys that lack or are too many, places and plurals that differ, words that the glossary does not use
}

// CheckWords compares the catalog of a language with that of the default one and with the glossary of its own. The catalog
// is the embedded one, or data if that is not nil.
func CheckWords(lang string, data []byte) (*WordsReport, error) {
	options := Options{Brand: &Brand{}}
	spanish, err := readCatalog(DefaultLanguage, options)
	if err != nil {
		return nil, err
	}
	all, err := CatalogLanguages()
	if err != nil {
		return nil, err
	}
	var c *catalog
	switch {
	case data != nil:
		c, err = parseCatalog(lang, data, options)
	case !slices.Contains(all, lang):
		return nil, fmt.Errorf("there is no catalog of the language %q", lang)
	default:
		c, err = readCatalog(lang, options)
	}
	if err != nil {
		return nil, err
	}
	words, err := parseGlossary(lang)
	if err != nil {
		return nil, err
	}
	r := &WordsReport{Texts: len(c.messages), Draft: c.draft, Glossary: len(words.Terms) > 0}
	wrong := func(format string, args ...any) { r.Mistakes = append(r.Mistakes, fmt.Sprintf(format, args...)) }
	for _, key := range slices.Sorted(maps.Keys(spanish.messages)) {
		if !c.has(key) {
			wrong("lacks %s: %s", key, plain(spanish.messages[key].forms[plural.Other]))
		}
	}
	forms := c.pluralForms()
	for _, key := range slices.Sorted(maps.Keys(c.messages)) {
		m := c.messages[key]
		other, ok := spanish.messages[key]
		if !ok {
			wrong("%s is nowhere used", key)
			continue
		}
		if got, want := m.places(), other.places(); !slices.Equal(got, want) {
			wrong("%s has the places %v, want %v", key, got, want)
		}
		if m.plural != other.plural {
			wrong("%s is plural in one language only", key)
		} else if got := slices.Sorted(maps.Keys(m.forms)); m.plural && !slices.Equal(got, forms) {
			wrong("%s has the plural categories %v, the language has %v", key, names(got), names(forms))
		}
		for _, pieces := range m.forms {
			for _, mistake := range words.check(key, plain(pieces)) {
				wrong("%s %s: %s", key, mistake, plain(pieces))
			}
		}
	}
	return r, nil
}

// pluralForms are the categories that numbers of our size have in the language.
func (c *catalog) pluralForms() []plural.Form {
	forms := map[plural.Form]bool{}
	for n := range 200 {
		forms[plural.Cardinal.MatchPlural(c.tag, n, 0, 0, 0, 0)] = true
	}
	return slices.Sorted(maps.Keys(forms))
}

// names of plural categories.
func names(forms []plural.Form) (all []string) {
	for name, form := range pluralForms {
		if slices.Contains(forms, form) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}
