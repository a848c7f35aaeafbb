package templates

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// branded is the sample brand with changes; nil removes a file.
func branded(t *testing.T, changes map[string]string) fs.FS {
	t.Helper()
	folder := fstest.MapFS{}
	err := fs.WalkDir(SampleBrand(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(SampleBrand(), name)
		folder[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range changes {
		if text == "" {
			delete(folder, name)
			continue
		}
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return folder
}

func TestBrand(t *testing.T) {
	brand, err := LoadBrand(branded(t, map[string]string{"brand.json": `{
		"name": {"es": "Salud Ñandú", "en": "Rhea Health"}, "service": {"es": "Entrada", "en": "Entrance"},
		"official": {"es": "Sitio oficial de X & Y", "en": "Official site of X & Y"},
		"phone": {"es": "1-800-555-0100, TTY 711", "en": "1-800-555-0199"}, "hours": {"es": "siempre", "en": "always"},
		"colors": {"light": {"primary": "#3B1A5E"}}}`}), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Load(Options{Brand: brand})
	if err != nil {
		t.Fatal(err)
	}
	show := func(lang, name, path string) string {
		t.Helper()
		page, err := s.Page(lang, name, Layout{Path: path}, supportPage{"H7K-2QD-9MW", false, "", false})
		if err != nil {
			t.Fatal(err)
		}
		return string(page)
	}
	for lang, want := range map[string][]string{
		"es": {"<title>", "– Salud Ñandú</title>", "<b>Salud Ñandú</b> <small>Entrada</small>", `<p class="official">Sitio oficial de X &amp; Y</p>`, `href="tel:+18005550100">1-800-555-0100</a>, <a`, `href="tel:711">TTY 711</a>`, "siempre",
			`<img src="/static/logo.`, `href="/static/brand.`, `href="/static/icon.`, "/nondiscrimination", "No discriminación"},
		"en": {"– Rhea Health</title>", "1-800-555-0199", "always", "Official site of X &amp; Y"},
	} {
		page := show(lang, "recovery/support", "/support")
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("%s: the page lacks %q", lang, w)
			}
		}
		if strings.Contains(page, "HUSKY") {
			t.Errorf("%s: the page names another programme", lang)
		}
	}
	for page, want := range map[string]string{"recovery/privacy": "TEXTO DE MUESTRA. Aquí va el aviso de privacidad", "recovery/nondiscrimination": "TEXTO DE MUESTRA. Aquí va el aviso de no discriminación", "recovery/languages": `<li lang="ar" dir="rtl">`} {
		if text := show("es", page, "/"); !strings.Contains(text, want) {
			t.Errorf("%s lacks %q", page, want)
		}
	}
	mail, err := s.Mail("es", "welcome", Args{"username": "ana"})
	if err != nil || !strings.Contains(mail.Text, "Salud Ñandú") || strings.Contains(mail.Text+mail.HTML, "HUSKY") {
		t.Errorf("the mail is %q, %v", mail.Text, err)
	}
	if got, want := string(s.assets["brand.css"].plain), ":root { --primary: #3B1A5E; }\n@media screen and (prefers-color-scheme: dark) { :root { --primary: #8CCFDB; } }\n"; got != want {
		t.Errorf("brand.css = %q, want %q: dark schemes keep their own colour", got, want)
	}
}

// Without a brand nothing is shown that nobody has said.
func TestWithoutBrand(t *testing.T) {
	page, err := load(t).Page("es", "recovery/support", Layout{Path: "/support"}, supportPage{})
	if err != nil {
		t.Fatal(err)
	}
	for _, invented := range []string{"lunes", "a. m.", "official", "brand.", "nondiscrimination", "logo."} {
		if strings.Contains(string(page), invented) {
			t.Errorf("the page has %q", invented)
		}
	}
	if load(t).HasNotice() {
		t.Error("there is a notice")
	}
}

func TestBrandMistakes(t *testing.T) {
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">`
	for _, test := range []struct {
		file, text string
		want       []string
	}{
		{"brand.json", "", []string{"brand.json: is missing"}},
		{"brand.json", "{", []string{"brand.json: unexpected EOF"}},
		{"brand.json", `{"nmae": {}}`, []string{`brand.json: json: unknown field "nmae"`}},
		{"brand.json", `{"name": {"es": "Salud", "fr": "Santé"}}`, []string{`brand.json: name: there are no pages in the language "fr"`, "brand.json: name.en: is missing"}},
		{"brand.json", `{"hours": {"es": " ", "en": "{place}"}}`, []string{"hours.es: must be one line", "hours.en: must be one line"}},
		{"brand.json", `{"name": {"es": "` + strings.Repeat("x", 41) + `", "en": "a\nb"}}`, []string{"name.es: must be one line of 1 to 40", "name.en: must be one line"}},
		{"brand.json", `{"colors": {"light": {"primary": "#88CCDD", "purple": "#000000", "link": "blue"}, "dark": {"link": "#333333"}}}`, []string{
			"colors.light: the contrast of on-primary on primary is 1.8 and must be 7", `colors.light: "purple" is not a colour role`, `colors.light: link: "blue" is not a colour`, "colors.dark: the contrast of link on canvas"}},
		{"privacy.en.txt", "", []string{"privacy.en.txt: is missing or empty"}},
		{"nondiscrimination.es.txt", " \n\n ", []string{"nondiscrimination.es.txt: is missing or empty"}},
		{"privacy.es.txt", "a\xff", []string{"privacy.es.txt: is not UTF-8"}},
		{"taglines.txt", "es: Hola.\n\nnothing\nxx-invalid-: a\n", []string{"taglines.txt: line 3: is not a language", "taglines.txt: line 4: is not a language"}},
		{"privacy.es.txt", "%PDF-1.7\n%\xe2\xe3", []string{"privacy.es.txt: is a PDF document"}},
		{"privacy.es.txt", "\n %PDF-1.7 in plain letters", []string{"privacy.es.txt: is a PDF document"}},
		{"privacy.en.txt", "PK\x03\x04word", []string{"privacy.en.txt: is a ZIP archive"}},
		{"privacy.en.txt", "{\\rtf1\\ansi", []string{"privacy.en.txt: is an RTF document"}},
		{"privacy.en.txt", "<!DOCTYPE html><p>a", []string{"privacy.en.txt: is HTML"}},
		{"privacy.en.txt", "\xff\xfea\x00", []string{"privacy.en.txt: is UTF-16"}},
		{"nondiscrimination.en.txt", "a\x00b", []string{"nondiscrimination.en.txt: holds NUL bytes"}},
		{"nondiscrimination.en.txt", "one\r\n\r\ntwo \u202eowt", []string{"nondiscrimination.en.txt: line 3: holds U+202E, which turns the order"}},
		{"nondiscrimination.en.txt", "\ufeffone\u200b", []string{"nondiscrimination.en.txt: line 1: holds U+200B, which nobody sees"}},
		{"nondiscrimination.en.txt", "one\vtwo", []string{"nondiscrimination.en.txt: line 1: holds U+000B"}},
		{"nondiscrimination.en.txt", "informaci\ufffdn", []string{"nondiscrimination.en.txt: line 1: holds U+FFFD, which replaces a letter that was lost"}},
		{"taglines.txt", "es: Hola.\nen: Call\u2066 us\nar: \u200f\u0645\n", []string{"taglines.txt: line 2: holds U+2066"}},
		{"taglines.txt", "%PDF-1.7\n", []string{"taglines.txt: is a PDF document"}},
		{"brand.json", `{"name": {"es": "Salud\u202E", "en": "Health\u00AD"}}`, []string{"name.es: holds U+202E", "name.en: holds U+00AD"}},
		{"brand.json", `{"name": {"es": "Salud", "en": "Health"}, "hours": {"es": "a", "en": "b", "es": "c"}}`, []string{"brand.json: hours.es is there twice"}},
		{"brand.json", `{"name": {"es": "Salud", "en": "Health"}, "NAME": {"es": "Otra", "en": "Other"}}`, []string{"brand.json: NAME is there twice"}},
		{"brand.json", `{"colors": {"light": {"link": "#0B4F5C", "link": "#083B45"}}}`, []string{"brand.json: colors.light.link is there twice"}},
		{"brand.json", "{}\n{}", []string{"brand.json: something follows behind its end"}},
		{"brand.json", "PK\x03\x04{}", []string{"brand.json: is a ZIP archive"}},
		{"logo.svg", "\x89PNG\r\n", []string{"logo.svg: is a PNG image"}},
		{"logo.svg", "PNG", []string{"logo.svg: is no SVG image"}},
		{"logo.svg", strings.Repeat(" ", 70<<10), []string{"logo.svg: is longer than 64 KiB"}},
		{"logo.svg", svg, []string{"logo.svg: is not well-formed"}},
		{"logo.svg", `<svg xmlns="http://www.w3.org/2000/svg"></svg>`, []string{"logo.svg: needs a viewBox"}},
		{"logo.svg", `<!DOCTYPE svg [<!ENTITY a "b">]>` + svg + `</svg>`, []string{"logo.svg: must have no document type"}},
		{"icon.svg", svg + `<script>alert(1)</script></svg>`, []string{`icon.svg: must not hold the element "script"`}},
		{"icon.svg", svg + `<foreignObject/></svg>`, []string{`must not hold the element "foreignObject"`}},
		{"icon.svg", svg + `<image href="https://tracker.example/a.png"/></svg>`, []string{`must not hold the element "image"`}},
		{"icon.svg", svg + `<style>@import "https://tracker.example"</style></svg>`, []string{`must not hold the element "style"`}},
		{"icon.svg", svg + `<path onclick="a()" d="M0 0"/></svg>`, []string{`must not hold the attribute "onclick"`}},
		{"icon.svg", svg + `<use href="https://tracker.example/#a"/></svg>`, []string{`must load nothing: "href"`}},
		{"icon.svg", svg + `<path fill="url(https://tracker.example/#a)"/></svg>`, []string{`must load nothing: "fill"`}},
		{"icon.svg", svg + `<path style="fill:url(#a)"/></svg>`, []string{`must not hold the attribute "style"`}},
		{"icon.svg", svg + `<script xmlns="http://www.w3.org/1999/xhtml">a()</script></svg>`, []string{`must not hold the element "script"`}},
	} {
		_, err := LoadBrand(branded(t, map[string]string{test.file: test.text}), nil)
		for _, want := range test.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %q: %v, want %q", test.file, test.text[:min(len(test.text), 90)], err, want)
			}
		}
	}
}

// A file is not called missing for what else is wrong with it.
func TestBrandMistakeIsToldOnce(t *testing.T) {
	if _, err := LoadBrand(branded(t, map[string]string{"privacy.es.txt": "%PDF-1.7"}), nil); err == nil || err.Error() != "privacy.es.txt: is a PDF document" {
		t.Errorf("LoadBrand = %v, want one mistake", err)
	}
}

// What writers of other scripts and word processors rightly use is not a mistake.
func TestBrandTexts(t *testing.T) {
	_, err := LoadBrand(branded(t, map[string]string{
		"privacy.es.txt": "\ufeffUn párrafo con\ttabulador y guion\u00adcillo.\r\n\r\nOtro: ñ, 日本, 👍\n",
		"taglines.txt":   "\ufefffa: می\u200cخواهم\nar: \u200fمرحبا\n",
	}), nil)
	if err != nil {
		t.Errorf("LoadBrand = %v", err)
	}
}

func TestUnusedInBrand(t *testing.T) {
	folder := branded(t, map[string]string{"logo.png": "x", "Icon.svg": "x", "privacy.fr.txt": "x", "privacy.txt": "x", "agreement/2026-11-02.es.txt": "x", "agreement/old.docx": "x", "fonts/a.woff2": "x"})
	unused, err := UnusedInBrand(folder)
	want := []string{"Icon.svg", "agreement/old.docx", "fonts/a.woff2", "logo.png", "privacy.fr.txt", "privacy.txt"}
	if err != nil || !slices.Equal(unused, want) {
		t.Errorf("UnusedInBrand = %q, %v, want %q", unused, err, want)
	}
	if unused, err := UnusedInBrand(SampleBrand()); err != nil || len(unused) > 0 {
		t.Errorf("UnusedInBrand of the sample = %q, %v", unused, err)
	}
}

// Everything but brand.json may be missing.
func TestBrandInPart(t *testing.T) {
	nothing := maps.Collect(func(yield func(string, string) bool) {
		_ = fs.WalkDir(SampleBrand(), ".", func(name string, d fs.DirEntry, err error) error {
			if !d.IsDir() {
				yield(name, "")
			}
			return err
		})
	})
	nothing["brand.json"] = "{}"
	brand, err := LoadBrand(branded(t, nothing), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Load(Options{Brand: brand})
	if err != nil || s.HasNotice() || s.Asset("brand.css") != "" || s.Text("es", "web.layout.brand", nil) != "Salud HUSKY" {
		t.Errorf("Load: %v, an empty brand changes something", err)
	}
}
