package templates

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// Set holds every page, mail and text in every language. It does not change after Load and is safe for concurrent use.
type Set struct {
	zone      *time.Location
	languages []string
	catalogs  map[string]*catalog
	matcher   language.Matcher
	pages     map[string]map[string]pageTemplates // language, page
	mails     map[string]*template.Template       // language: "mail"
	assets    map[string]*asset                   // by name
}

// Language is a language, named as its speakers name it.
type Language struct{ Tag, Name string }

// Load parses all embedded files and reports the first broken one.
func Load(options Options) (*Set, error) {
	options = options.withDefaults()
	s := &Set{zone: options.TimeZone, catalogs: map[string]*catalog{}, pages: map[string]map[string]pageTemplates{}, mails: map[string]*template.Template{}}
	var err error
	if s.assets, err = loadAssets(files, "static"); err != nil {
		return nil, err
	}
	if err := s.addBrand(options.Brand); err != nil {
		return nil, err
	}
	if err := s.loadCatalogs(options); err != nil {
		return nil, err
	}
	for _, lang := range s.languages {
		if err := s.loadPages(lang); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Set) loadCatalogs(options Options) error {
	var err error
	if s.languages, err = chosen(options.Languages); err != nil {
		return err
	}
	for _, lang := range s.languages {
		if s.catalogs[lang], err = readCatalog(lang, options.in(lang)); err != nil {
			return err
		}
	}
	s.completeDrafts()
	slices.SortStableFunc(s.languages, func(a, b string) int { // the default first, because the matcher falls back to it
		switch {
		case a == DefaultLanguage:
			return -1
		case b == DefaultLanguage:
			return 1
		default:
			return strings.Compare(a, b)
		}
	})
	tags := make([]language.Tag, len(s.languages))
	for i, lang := range s.languages {
		tags[i] = s.catalogs[lang].tag
	}
	s.matcher = language.NewMatcher(tags)
	return nil
}

// completeDrafts gives drafts the default language's text where they lack one: a page in two languages is better than none.
func (s *Set) completeDrafts() {
	for _, c := range s.catalogs {
		for key, m := range s.catalogs[DefaultLanguage].messages {
			if c.draft != "" && !c.has(key) {
				c.messages[key] = m
			}
		}
	}
}

// CatalogLanguages are those of the embedded catalogs, drafts too.
func CatalogLanguages() (languages []string, err error) {
	names, err := fs.Glob(files, "locales/*.json")
	for _, name := range names {
		languages = append(languages, strings.TrimSuffix(path.Base(name), ".json"))
	}
	return languages, err
}

// chosen are the languages wanted, or, if that is empty, those whose catalog is not a draft.
func chosen(wanted []string) (languages []string, err error) {
	all, err := CatalogLanguages()
	if err != nil {
		return nil, err
	}
	if len(wanted) > 0 {
		for _, lang := range wanted {
			if !slices.Contains(all, lang) {
				return nil, fmt.Errorf("%q is none of the languages %s", lang, strings.Join(all, ", "))
			}
		}
		languages = slices.Compact(slices.Sorted(slices.Values(wanted)))
	} else {
		for _, lang := range all {
			data, err := files.ReadFile("locales/" + lang + ".json")
			if err != nil {
				return nil, err
			}
			isDraft, err := isDraft(data)
			if err != nil {
				return nil, fmt.Errorf("catalog %s: %w", lang, err)
			}
			if !isDraft {
				languages = append(languages, lang)
			}
		}
	}
	if !slices.Contains(languages, DefaultLanguage) {
		return nil, fmt.Errorf("the language %s is always there: name it too", DefaultLanguage)
	}
	return languages, nil
}

func readCatalog(lang string, options Options) (*catalog, error) {
	data, err := files.ReadFile("locales/" + lang + ".json")
	if err != nil {
		return nil, err
	}
	return parseCatalog(lang, data, options)
}

func (s *Set) loadPages(lang string) error {
	all, err := s.empty(lang, "").ParseFS(files, "layout/*.html")
	if err != nil {
		return fmt.Errorf("layout in %s: %w", lang, err)
	}
	s.mails[lang], s.pages[lang] = all.Lookup("mail"), map[string]pageTemplates{}
	return fs.WalkDir(files, "pages", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(path, "pages/"), ".html")
		parsed, err := parseFile(s.empty(lang, name), name)
		if err == nil {
			s.pages[lang][name], err = addPage(all, parsed)
		}
		if err != nil {
			return fmt.Errorf("page %s in %s: %w", name, lang, err)
		}
		return nil
	})
}

// Languages returns the languages, the default first.
func (s *Set) Languages() []string { return slices.Clone(s.languages) }

// TimeZone is the IANA name of the zone of all dates shown.
func (s *Set) TimeZone() string { return s.zone.String() }

// others are the languages that a page can be switched to.
func (s *Set) others(lang string) []Language {
	var others []Language
	for _, other := range s.languages {
		if other != lang {
			others = append(others, Language{other, s.languageName(other)})
		}
	}
	return others
}

// Match returns the best language for BCP 47 tags or values of Accept-Language; earlier ones are preferred.
func (s *Set) Match(prefs ...string) string {
	for _, pref := range prefs {
		tags, _, err := language.ParseAcceptLanguage(pref)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, confidence := s.matcher.Match(tags...); confidence > language.No {
			return s.languages[i]
		}
	}
	return s.languages[0]
}

// languageName is a language as its speakers name it; of one that has no pages now, its tag.
func (s *Set) languageName(lang string) string {
	if _, ok := s.catalogs[lang]; ok {
		return s.Text(lang, "web.layout.language_name", nil)
	}
	return lang
}

func (s *Set) catalog(lang string) *catalog {
	if c, ok := s.catalogs[lang]; ok {
		return c
	}
	return s.catalogs[s.languages[0]]
}

// Text returns one message. A missing key or place shows up in the text, because there is no page to fail here.
func (s *Set) Text(lang, key string, args Args) string {
	text, err := s.catalog(lang).text(key, args)
	if err != nil {
		return "{" + key + "}"
	}
	return text
}

// Has reports whether every catalog has the key.
func (s *Set) Has(key string) bool { return s.catalogs[s.languages[0]].has(key) }

// Page renders a page, such as "registration/personal", in a language.
func (s *Set) Page(lang, name string, layout Layout, content any) ([]byte, error) {
	p := s.pages[s.catalog(lang).lang][name]
	if p.root == nil {
		return nil, fmt.Errorf("templates: no page %q", name)
	}
	view := View[any]{Layout: layout, Page: content}
	var b bytes.Buffer
	b.Grow(16 << 10)
	if err := p.title.Execute(&b, view); err != nil {
		return nil, fmt.Errorf("templates: title of %s: %w", name, err)
	}
	view.Layout.Title = html.UnescapeString(b.String()) // the frame escapes it again
	if p.main != nil {
		b.Reset()
		if err := p.main.Execute(&b, view); err != nil {
			return nil, fmt.Errorf("templates: main of %s: %w", name, err)
		}
		view.Main = template.HTML(b.String()) // #nosec G203 -- escaped by the template that made it
		enter := typing(view.Main)
		if layout.Switchable {
			view.Layout.Typing = enter
		}
		view.Layout.PageForm = strings.Contains(string(view.Main), `id="page-form"`) && (enter == nil || layout.Switchable)
	}
	b.Reset()
	if err := p.root.Execute(&b, view); err != nil {
		return nil, fmt.Errorf("templates: page %s: %w", name, err)
	}
	return bytes.TrimLeft(b.Bytes(), "\n"), nil
}
