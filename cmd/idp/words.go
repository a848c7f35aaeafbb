package main

import (
	"context"
	"fmt"

	"huskyidp/templates"
)

// WordsCmd is "idp words".
type WordsCmd struct {
	Check WordsCheckCmd `cmd:"" help:"Say what the translations of pages and mails lack."`
}

// WordsCheckCmd is "idp words check".
type WordsCheckCmd struct {
	Language string `placeholder:"TAG" help:"Of this language alone, such as pt. Default: all catalogs."`
	File     string `placeholder:"FILE" help:"A catalog that is not part of this program yet, of the language of --language." type:"existingfile"`
}

// Help is shown by --help.
func (WordsCheckCmd) Help() string {
	return `Compares each catalog with the Spanish one (keys that lack or are too many, places such as {date}, plural categories) and
with the glossary of its language, and says which catalogs are drafts. Leaves with 1 if something is wrong; a draft alone is not.`
}

// maxWordsFile in bytes; a catalog has some 200,000.
const maxWordsFile = 8 << 20

// Run prints every mistake.
func (c *WordsCheckCmd) Run(ctx context.Context, p *process) error {
	languages, err := templates.CatalogLanguages()
	if err != nil {
		return err
	}
	if c.Language != "" {
		languages = []string{c.Language}
	}
	var data []byte
	if c.File != "" {
		if c.Language == "" {
			return fmt.Errorf("--file needs --language, the language that %s is in", c.File)
		}
		if data, err = readWhole(ctx, c.File, maxWordsFile); err != nil {
			return err
		}
	}
	wrong := 0
	for _, lang := range languages {
		r, err := templates.CheckWords(lang, data)
		if err != nil {
			return err
		}
		said := "in order"
		if n := len(r.Mistakes); n > 0 {
			said = fmt.Sprintf("%d to mend", n)
		}
		fmt.Fprintf(p.stdout, "%s: %d texts, %s\n", lang, r.Texts, said)
		if r.Draft != "" {
			fmt.Fprintf(p.stdout, "%s: is a draft, shown only where IDP_LANGUAGES names it. %s\n", lang, r.Draft)
		}
		if !r.Glossary {
			fmt.Fprintf(p.stdout, "%s: has no glossary, its words were not checked\n", lang)
		}
		for _, mistake := range r.Mistakes {
			fmt.Fprintf(p.stdout, "%s: %s\n", lang, mistake)
		}
		wrong += len(r.Mistakes)
	}
	if wrong > 0 {
		return fmt.Errorf("the translations have %d mistakes", wrong)
	}
	return nil
}
