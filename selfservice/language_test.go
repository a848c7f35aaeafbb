package selfservice

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Whose language is on file reads the pages in it, whatever the browser prefers, until another is chosen in this browser; the
// account page says which language is where.
func TestLanguageOfTheAccount(t *testing.T) {
	t.Parallel()
	_, b, _ := member(t)
	read := func(path string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Language", "en")
		answer, err := b.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	says := func(path, lang string, texts ...string) {
		t.Helper()
		body := read(path)
		for _, text := range append(texts, `<html lang="`+lang+`"`) {
			if !strings.Contains(body, text) {
				t.Errorf("%s does not say %q:\n%s", path, text, body)
			}
		}
	}
	says("/account", "es", `<p lang="es">Español</p>`)
	if b.cookie("lang") != "" {
		t.Error("the language of the account stays in the browser, for whoever comes next")
	}
	says("/account?lang=en", "en", `On these pages: <span lang="en">English</span>`, `In emails: <span lang="es">Español</span>`)
	says("/account", "en", `In emails: <span lang="es">Español</span>`)
	b.post("/account/language", "/account/language", url.Values{"language": {"en"}})
	says("/account", "en", `<p lang="en">English</p>`)
	b.get("/out")
	b.client.Jar.SetCookies(mustURL(t, b.address), []*http.Cookie{{Name: "idp_lang", MaxAge: -1}})
	b.get("/in/maria")
	says("/account", "en", `<p lang="en">English</p>`)
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
