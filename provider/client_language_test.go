package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"huskyidp/provider"
)

// TestLanguageMetadata: each member that members see may be given in each language of the catalogs.
func TestLanguageMetadata(t *testing.T) {
	t.Parallel()
	set, err := loadTemplates()
	must(t, err)
	for _, lang := range set.Languages() {
		for _, member := range []string{"client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri"} {
			var m provider.Metadata
			must(t, json.Unmarshal([]byte(`{"`+member+"#"+lang+`":"x"}`), &m))
			if text, err := json.Marshal(m); err != nil || !strings.Contains(string(text), `"`+member+"#"+lang+`":"x"`) {
				t.Errorf("%s#%s is lost: %s, %v", member, lang, text, err)
			}
		}
	}
	b := newBench(t, 4)
	for name, change := range map[string]func(*provider.Metadata){
		"client_name#es": func(m *provider.Metadata) { m.ClientNameES = strings.Repeat("x", 81) },
		"policy_uri#en":  func(m *provider.Metadata) { m.PolicyURIEN = "javascript:alert(1)" },
		"logo_uri#es":    func(m *provider.Metadata) { m.LogoURIES = "http://app.example/logo" },
	} {
		m := provider.Metadata{ClientName: "x", RedirectURIs: []string{callback}}
		change(&m)
		if _, _, err := b.clients.Create(t.Context(), "", m); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAppsByLanguage: an app is called as it registered for the language of the page, on each page; also one that registered
// itself, or came from a file and went to another.
func TestAppsByLanguage(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	b := s.reaching(t, provider.Rules{})
	spanish, other := s.put("/logo", webp(64, 64)), s.put("/logo-en", webp(32, 32))
	status, _, got := b.registration(http.MethodPost, b.issuer+"/connect/register", "initial-token", `{"client_name":"Health diary","client_name#es":"Diario de salud","operator_name":"Operador",
		"redirect_uris":["`+callback+`"],"post_logout_redirect_uris":["`+afterLogout+`"],"policy_uri":"https://app.example/policy","policy_uri#es":"https://app.example/privacidad",
		"tos_uri#en":"https://app.example/terms","tos_uri":"https://app.example/terminos","client_uri#es":"https://app.example/es","client_uri":"https://app.example/",
		"logo_uri":"`+other+`","logo_uri#es":"`+spanish+`","scope":"openid profile"}`)
	if status != 201 || got["client_name#es"] != "Diario de salud" || got["logo_uri#es"] != spanish {
		t.Fatalf("registration: %d %v", status, got)
	}
	id, _ := got["client_id"].(string)
	all := b.clients.Registrations()
	exported, err := json.Marshal(all)
	must(t, err)
	var again []provider.Registration
	must(t, json.Unmarshal(exported, &again))
	if done, err := b.clients.Import(t.Context(), again); err != nil || len(done.Unchanged) != len(all) {
		t.Errorf("the export imported again: %+v, %v\n%s", done, err, exported)
	}
	again[slices.IndexFunc(again, func(r provider.Registration) bool { return r.ClientID == id })].ClientNameEN = "My health diary"
	if done, err := b.clients.Import(t.Context(), again); err != nil || len(done.Updated) != 1 {
		t.Errorf("a name in another language: %+v, %v", done, err)
	}

	for lang, want := range map[string]struct {
		name, not string
		links     []string
	}{
		"es": {"Diario de salud", "ealth diary", []string{"https://app.example/privacidad", "https://app.example/terminos", "https://app.example/es"}},
		"en": {"My health diary", "Diario de salud", []string{"https://app.example/policy", "https://app.example/terms", "https://app.example/\""}},
	} {
		t.Run(lang, func(t *testing.T) {
			w := b.browser()
			address, _ := b.request(id, url.Values{"scope": {"openid profile"}, "ui_locales": {lang}, "prompt": {"consent"}})
			login := w.get(address)
			consent := w.signIn(login)
			seen := map[string]page{"sign-in": login, "permission": consent}
			back := w.submit(consent, url.Values{"act": {"accept"}, "group_profile": {"yes"}, "duration": {"90d"}})
			if back.location == nil {
				t.Fatalf("at %s (%d)", back.url, back.status)
			}
			seen["apps"] = w.get("/account/apps?lang=" + lang)
			seen["history"] = w.get("/account/history?lang=" + lang)
			seen["sessions"] = w.get("/account/sessions?lang=" + lang)
			seen["sign-out"] = w.get("/logout?" + url.Values{"client_id": {id}, "ui_locales": {lang}}.Encode())
			for name, p := range seen {
				if !strings.Contains(p.body, want.name) || strings.Contains(p.body, want.not) {
					t.Errorf("%s calls the app otherwise than %q:\n%s", name, want.name, p.body)
				}
			}
			for i, link := range want.links {
				if i < 2 && !strings.Contains(login.body, link) || !strings.Contains(consent.body, link) {
					t.Errorf("%s is missing", link)
				}
			}
			at := strings.Index(login.body, `src="/logo/`)
			src, _, _ := strings.Cut(login.body[max(at, 0)+len(`src="`):], `"`)
			size := map[string]int{"es": 64, "en": 32}[lang]
			if picture := w.get(src); picture.body != string(webp(size, size)) {
				t.Errorf("the logo is %s: %d", src, picture.status)
			}
		})
	}
}

// TestAppsInTheLanguageOfThePage: a member whose account is in another language than the browser reads name and links of an
// app in the language of the page, whichever page decides on it while it answers; the history in each.
func TestAppsInTheLanguageOfThePage(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(func(m *provider.Metadata) {
		m.Profile, m.OperatorName, m.ClientName, m.ClientNameES, m.ClientNameEN = provider.ProfilePartner, "Operador", "App", "Diario de salud", "Health diary"
		m.PolicyURI, m.PolicyURIES = "https://app.example/en", "https://app.example/es"
		m.PostLogoutRedirectURIs = []string{afterLogout}
	})
	w := b.browser()
	w.language = "en-US"
	address, _ := b.request(id, url.Values{"scope": {"openid profile offline_access"}})
	spanish := func(name string, p page) {
		t.Helper()
		if !strings.Contains(p.body, `<html lang="es"`) || !strings.Contains(p.body, "Diario de salud") || strings.Contains(p.body, "Health diary") {
			t.Errorf("%s at %s (%d) calls the app otherwise:\n%s", name, p.url, p.status, p.body)
		}
	}
	login := w.get(address)
	if !strings.Contains(login.body, `<html lang="en"`) || !strings.Contains(login.body, "Health diary") {
		t.Errorf("the sign-in page:\n%s", login.body)
	}
	consent := w.signIn(login)
	spanish("permission", consent)
	if !strings.Contains(consent.body, "https://app.example/es") || strings.Contains(consent.body, "https://app.example/en") {
		t.Errorf("the links of the page of permission:\n%s", consent.body)
	}
	if back := w.submit(consent, url.Values{"act": {"accept"}, "group_profile": {"yes"}, "group_offline_access": {"yes"}, "duration": {"90d"}}); back.location == nil {
		t.Fatalf("at %s (%d)", back.url, back.status)
	}
	spanish("history", w.get("/account/history"))
	spanish("apps", w.get("/account/apps"))
	spanish("sign-out of the app", w.get("/logout?"+url.Values{"client_id": {id}}.Encode()))
	out := w.get("/logout")
	if done := w.submit(out, url.Values{"act": {"confirm"}}); done.url.Path != "/logout/done" {
		t.Errorf("signed out at %s", done.url)
	} else {
		spanish("signed out", done)
	}
	if p := b.signedIn().get("/account/history?lang=en"); !strings.Contains(p.body, "Health diary") || strings.Contains(p.body, "Diario de salud") {
		t.Errorf("the history in English:\n%s", p.body)
	}
}
