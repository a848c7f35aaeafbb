package templates

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// Brand is what an operator shows in place of the programme's own look and words. A text is given in every language of
// the pages, or in none.
type Brand struct {
	Name     map[string]string `json:"name"`     // of the programme
	Service  map[string]string `json:"service"`  // small line under the name
	Official map[string]string `json:"official"` // banner on top of each page, such as "An official website of the State of Connecticut"
	Phone    map[string]string `json:"phone"`    // of support, as read aloud
	Hours    map[string]string `json:"hours"`    // when somebody answers it
	Colours  struct {
		Light Colours `json:"light"`
		Dark  Colours `json:"dark"`
	} `json:"colors"`

	logo, icon []byte              // SVG
	privacy    map[string][]string // paragraphs by language
	notice     map[string][]string // nondiscrimination notice
	taglines   []Tagline
}

// Tagline offers help in a language, in that language.
type Tagline struct {
	Lang, Dir string // BCP 47; rtl or ""
	Text      string
}

//go:embed brand
var sampleBrand embed.FS

// SampleBrand is an invented brand for demonstrations, and a folder to start one's own from.
func SampleBrand() fs.FS {
	sub, err := fs.Sub(sampleBrand, "brand")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return sub
}

// LoadBrand reads brand.json and, if present, logo.svg, icon.svg, privacy.<language>.txt,
// nondiscrimination.<language>.txt (paragraphs separated by blank lines), and taglines.txt, with a line such as "pt:
// Ligue para nós." per language. Texts are needed in the languages given, nil for all but drafts. All mistakes are
// reported together.
func LoadBrand(folder fs.FS, languages []string) (*Brand, error) {
	languages, err := chosen(languages)
	if err != nil {
		return nil, err
	}
	known, err := CatalogLanguages()
	if err != nil {
		return nil, err
	}
	b := &Brand{}
	r := brandReader{files: folder, languages: languages, known: known}
	r.json("brand.json", b)
	for _, text := range []struct {
		name string
		by   map[string]string
		most int
	}{{"name", b.Name, 40}, {"service", b.Service, 60}, {"official", b.Official, 100}, {"phone", b.Phone, 60}, {"hours", b.Hours, 100}} {
		r.texts(text.name, text.by, text.most)
	}
	css, err := files.ReadFile("static/style.css")
	if err != nil {
		return nil, err
	}
	light, dark := schemes(string(css))
	for _, err := range b.Colours.Light.check(light) {
		r.wrong("brand.json", fmt.Errorf("colors.light: %w", err))
	}
	for _, err := range b.Colours.Dark.check(dark) {
		r.wrong("brand.json", fmt.Errorf("colors.dark: %w", err))
	}
	b.logo, b.icon = r.svg("logo.svg"), r.svg("icon.svg")
	b.privacy, b.notice = r.documents("privacy"), r.documents("nondiscrimination")
	b.taglines = r.taglines("taglines.txt")
	return b, errors.Join(r.mistakes...)
}

// messages are the catalog texts that the brand replaces.
func (b *Brand) messages(lang string) map[string]string {
	all := map[string]string{"web.layout.brand": b.Name[lang], "web.layout.service": b.Service[lang]}
	maps.DeleteFunc(all, func(_, text string) bool { return text == "" })
	return all
}

// style is the stylesheet of the brand's colours, empty if it has none. What it changes only for light schemes is reset
// to our own for dark ones.
func (b *Brand) style(ownDark Colours) []byte {
	if len(b.Colours.Light)+len(b.Colours.Dark) == 0 {
		return nil
	}
	dark := Colours{}
	for role := range b.Colours.Light {
		dark[role] = ownDark[role]
	}
	maps.Copy(dark, b.Colours.Dark)
	return fmt.Appendf(nil, ":root {%s }\n@media screen and (prefers-color-scheme: dark) { :root {%s } }\n", b.Colours.Light.rules(), dark.rules())
}

func (c Colours) rules() string {
	var css strings.Builder
	for _, role := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(&css, " --%s: %s;", role, c[role])
	}
	return css.String()
}

// brandReader collects mistakes.
type brandReader struct {
	files     fs.FS
	languages []string // that need texts
	known     []string // that may have them
	mistakes  []error
}

func (r *brandReader) wrong(name string, err error) {
	r.mistakes = append(r.mistakes, fmt.Errorf("%s: %w", name, err))
}

// read returns a file, nil if there is none.
func (r *brandReader) read(name string, most int) []byte {
	data, err := fs.ReadFile(r.files, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		r.wrong(name, err)
	case len(data) > most:
		r.wrong(name, fmt.Errorf("is longer than %d KiB", most>>10))
	default:
		if err := checkKind(data); err != nil {
			r.wrong(name, err)
			return nil
		}
		return bytes.TrimPrefix(data, []byte("\ufeff"))
	}
	return nil
}

func (r *brandReader) json(name string, b *Brand) {
	data := r.read(name, 64<<10)
	if data == nil {
		r.wrong(name, errors.New("is missing or cannot be read"))
		return
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(b)
	if err == nil {
		err = checkJSON(data)
	}
	if err != nil {
		r.wrong(name, err)
	}
}

// texts checks that a text is there in every language or in none, fits its place, and is in no other language.
func (r *brandReader) texts(name string, by map[string]string, most int) {
	for lang, text := range by {
		switch {
		case !slices.Contains(r.known, lang):
			r.wrong("brand.json", fmt.Errorf("%s: there are no pages in the language %q", name, lang))
		case strings.TrimSpace(text) == "" || utf8.RuneCountInString(text) > most || strings.ContainsFunc(text, unicode.IsControl) || strings.ContainsAny(text, "{}"):
			r.wrong("brand.json", fmt.Errorf("%s.%s: must be one line of 1 to %d characters without { and }", name, lang, most))
		default:
			if err := checkVisible(text, ""); err != nil {
				r.wrong("brand.json", fmt.Errorf("%s.%s: %w", name, lang, err))
			}
		}
	}
	for _, lang := range r.languages {
		if _, ok := by[lang]; !ok && len(by) > 0 {
			r.wrong("brand.json", fmt.Errorf("%s.%s: is missing", name, lang))
		}
	}
}

// documents reads a text in every language; nil if there is none.
func (r *brandReader) documents(name string) map[string][]string {
	all, reported := map[string][]string{}, map[string]bool{}
	for _, lang := range r.languages {
		before := len(r.mistakes)
		data := r.read(name+"."+lang+".txt", 256<<10)
		if err := CheckText(data); err != nil {
			r.wrong(name+"."+lang+".txt", err)
		}
		reported[lang] = len(r.mistakes) > before
		if paragraphs := Paragraphs(string(data)); len(paragraphs) > 0 {
			all[lang] = paragraphs
		}
	}
	if len(all) == 0 {
		return nil
	}
	for _, lang := range r.languages {
		if all[lang] == nil && !reported[lang] {
			r.wrong(name+"."+lang+".txt", errors.New("is missing or empty: a text is needed in every language"))
		}
	}
	return all
}

func (r *brandReader) taglines(name string) (all []Tagline) {
	n := 0
	for line := range strings.Lines(string(r.read(name, 64<<10))) {
		n++
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		code, text, _ := strings.Cut(line, ":")
		tag, err := language.Parse(strings.TrimSpace(code))
		if text = strings.TrimSpace(text); err != nil || text == "" {
			r.wrong(name, fmt.Errorf("line %d: is not a language and a text, such as \"pt: Ligue para nós.\"", n))
			continue
		}
		if err := checkVisible(text, joiners); err != nil {
			r.wrong(name, fmt.Errorf("line %d: %w", n, err))
			continue
		}
		t := Tagline{Lang: tag.String(), Text: text}
		if script, _ := tag.Script(); slices.Contains([]string{"Arab", "Hebr", "Syrc", "Thaa"}, script.String()) {
			t.Dir = "rtl"
		}
		all = append(all, t)
	}
	return all
}

// UnusedInBrand lists the files of a brand's folder that are never read, such as logo.png.
func UnusedInBrand(folder fs.FS) (unused []string, err error) {
	languages, err := CatalogLanguages()
	if err != nil {
		return nil, err
	}
	used := []string{"brand.json", "logo.svg", "icon.svg", "taglines.txt"}
	for _, lang := range languages {
		used = append(used, "privacy."+lang+".txt", "nondiscrimination."+lang+".txt")
	}
	err = fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || slices.Contains(used, name) {
			return err
		}
		for _, texts := range []string{"agreement/*.txt", "certification/*.txt"} { // as of registration.LoadLegal
			if ok, _ := path.Match(texts, name); ok {
				return nil
			}
		}
		unused = append(unused, name)
		return nil
	})
	return unused, err
}

// HasNotice reports whether the operator has a notice of non-discrimination.
func (s *Set) HasNotice() bool { return s.catalogs[s.languages[0]].options.Brand.notice != nil }
