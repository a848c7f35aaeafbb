package main

import (
	"strings"
	"testing"

	"huskyidp/templates"
)

func TestWordsCheck(t *testing.T) {
	if code, stdout, stderr := call(t, nil, "words", "check"); code != 0 || !strings.Contains(stdout, "en: ") || !strings.Contains(stdout, " texts, in order\n") {
		t.Errorf("words check = %d: %s%s", code, stdout, stderr)
	}
	none := t.TempDir() + "/none.json"
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no catalog":         {[]string{"--language", "fr"}, 1, `there is no catalog of the language "fr"`},
		"no file":            {[]string{"--language", "fr", "--file", none}, 2, "no such file"},
		"a folder":           {[]string{"--language", "fr", "--file", t.TempDir()}, 2, "is a folder, and must be a file"},
		"file, no language":  {[]string{"--file", writeFile(t, "{}")}, 1, "--file needs --language"},
		"no JSON":            {[]string{"--language", "fr", "--file", writeFile(t, "x")}, 1, "catalog fr: "},
		"no language at all": {[]string{"--language", "!", "--file", writeFile(t, "{}")}, 1, `language "!"`},
		"nothing in it":      {[]string{"--language", "fr", "--file", writeFile(t, `{"_draft": "By nobody."}`)}, 1, "the translations have "},
	} {
		code, stdout, stderr := call(t, nil, append([]string{"words", "check"}, test.args...)...)
		if code != test.code || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: %d: %s%s, want %d and %q", name, code, stdout, stderr, test.code, test.want)
		}
		if name == "nothing in it" {
			for _, want := range []string{"fr: 0 texts, ", "fr: is a draft, shown only where IDP_LANGUAGES names it. By nobody.", "fr: has no glossary", "fr: lacks web.button.next: Siguiente"} {
				if !strings.Contains(stdout, want) {
					t.Errorf("the report lacks %q:\n%s", want, stdout)
				}
			}
		}
	}
}

// IDP_LANGUAGES switches languages on, and a brand needs its texts in them.
func TestLanguagesSetting(t *testing.T) {
	vars := production()
	vars["IDP_LANGUAGES"] = "es"
	_, s, err := readEnvironment(vars)
	if err != nil {
		t.Fatal(err)
	}
	set, err := loadTemplates(s)
	if err != nil || strings.Join(set.Languages(), " ") != templates.DefaultLanguage {
		t.Errorf("loadTemplates = %v, languages %v", err, set.Languages())
	}
	vars["IDP_LANGUAGE"] = "en"
	if _, s, err = readEnvironment(vars); err == nil {
		_, err = loadTemplates(s)
	}
	if err == nil || !strings.Contains(err.Error(), `IDP_LANGUAGE: "en" is none of es`) {
		t.Errorf("a first language that is off: %v", err)
	}
	for value, want := range map[string]string{"es,fr": `IDP_LANGUAGES: "fr" is none of the languages `, "en": "IDP_LANGUAGES: the language es is always there"} {
		vars["IDP_LANGUAGES"], vars["IDP_LANGUAGE"] = value, ""
		if _, s, err = readEnvironment(vars); err == nil {
			_, err = loadTemplates(s)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("IDP_LANGUAGES=%s: %v, want %q", value, err, want)
		}
	}
}
