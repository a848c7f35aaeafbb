package web

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// S-26 and conformance.md 12.8: who may post.
func TestCSRF(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.token()
	stranger := newSite(t)
	strangers := stranger.token()
	without := func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") }
	for name, test := range map[string]struct {
		token  string
		change []func(*http.Request)
		want   int
	}{
		"own page":                {token, nil, 303},
		"own page again":          {s.token(), nil, 303},
		"no token":                {"", nil, 403},
		"another browser's token": {strangers, nil, 403},
		"a changed token":         {map[bool]string{true: "B", false: "A"}[token[0] == 'A'] + token[1:], nil, 403},
		"no cookie":               {token, []func(*http.Request){func(r *http.Request) { r.Header.Del("Cookie") }}, 403},
		"another site":            {token, []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, 403},
		"a sibling host":          {token, []func(*http.Request){header("Sec-Fetch-Site", "same-site")}, 403},
		"another site, our origin": {token, []func(*http.Request){
			header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://idp.example")}, 403},
		"own page, Origin null":       {token, []func(*http.Request){header("Origin", "null")}, 303},
		"old browser, our origin":     {token, []func(*http.Request){without, header("Origin", "https://idp.example")}, 303},
		"old browser, Origin null":    {token, []func(*http.Request){without, header("Origin", "null")}, 303},
		"old browser, another origin": {token, []func(*http.Request){without, header("Origin", "https://evil.example")}, 403},
		"old browser, null, no token": {"", []func(*http.Request){without, header("Origin", "null")}, 403},
	} {
		if got := s.do("POST", "/form", form("csrf", test.token), test.change...).Code; got != test.want {
			t.Errorf("%s: status %d, want %d", name, got, test.want)
		}
	}
	if a, b := s.token(), s.token(); a == b {
		t.Error("two pages carry the same token, want each with a new mask")
	}
}

// conformance.md 12.7: a cross-site post has no cookies and must not replace them.
func TestEntryTakesForeignPosts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.do("GET", "/form", "")
	foreign := []func(*http.Request){header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://app.example"), func(r *http.Request) { r.Header.Del("Cookie") }}
	w := s.do("POST", "/authorize", "a=1&a=2", foreign...)
	if w.Code != 200 || w.Body.String() != "0 2" {
		t.Errorf("POST /authorize = %d %q, want 200 with no browser and both values", w.Code, w.Body)
	}
	if got := w.Header()["Set-Cookie"]; got != nil {
		t.Errorf("Set-Cookie = %q, want none", got)
	}
}

// S-24: what our cookies look like.
func TestCookies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	got := s.do("GET", "/form", "").Header()["Set-Cookie"]
	if len(got) != 1 || !strings.HasPrefix(got[0], "__Host-browser=") {
		t.Fatalf("Set-Cookie = %q, want the browser cookie alone", got)
	}
	for _, want := range []string{"; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
		if !strings.Contains(got[0], want) {
			t.Errorf("cookie %q lacks %q", got[0], want)
		}
	}
	if strings.Contains(got[0], "Domain") {
		t.Errorf("cookie %q names a domain", got[0])
	}
	if again := s.do("GET", "/form", "").Header()["Set-Cookie"]; again != nil {
		t.Errorf("the second page sets %q, want nothing", again)
	}
	plain := newSite(t, func(o *Options) { o.Issuer = "http://idp.example" })
	if got := plain.do("GET", "/form", "").Header().Get("Set-Cookie"); !strings.HasPrefix(got, "idp_browser=") || strings.Contains(got, "Secure") {
		t.Errorf("cookie over http = %q", got)
	}
	beside := newSite(t, func(o *Options) { o.Issuer, o.Sandbox = "http://idp.example", true }) // on another port of the same host
	if got := beside.do("GET", "/form", "").Header().Get("Set-Cookie"); !strings.HasPrefix(got, "sandbox_browser=") {
		t.Errorf("cookie of a sandbox over http = %q", got)
	}
}

// A form whose cookies are gone tells only that: they may have been deleted. The way on opens the page again, and a browser that
// comes back without the cookie that was set meanwhile is told to allow them.
func TestLostCookies(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		off  bool // the browser keeps none
		want int
		says string
	}{
		"deleted":    {false, 200, ""},
		"turned off": {true, 403, "Las cookies están desactivadas"},
	} {
		s := newSite(t)
		token := s.token()
		s.cookies = map[string]string{}
		sent := s.do("POST", "/form?a=1", form("csrf", token))
		button := regexp.MustCompile(`class="button primary" href="(/form[^"]*)"`).FindStringSubmatch(sent.Body.String())
		if sent.Code != 403 || !strings.Contains(sent.Body.String(), "Esta página ya no se puede enviar") || strings.Contains(sent.Body.String(), "desactivadas") || button == nil {
			t.Fatalf("%s: POST = %d %v\n%s", name, sent.Code, button, sent.Body)
		}
		if test.off {
			s.cookies = map[string]string{}
		}
		again := s.do("GET", html.UnescapeString(button[1]), "")
		if again.Code != test.want || !strings.Contains(again.Body.String(), test.says) {
			t.Errorf("%s: %s = %d, want %d with %q\n%s", name, button[1], again.Code, test.want, test.says, again.Body)
		}
		if test.off && (!strings.Contains(again.Body.String(), `href="/form?a=1"`) || s.do("GET", "/form?a=1", "").Code != 200) {
			t.Errorf("%s: no way on once they are allowed:\n%s", name, again.Body)
		}
		if !test.off && s.do("POST", "/form", form("csrf", s.token())).Code != 303 {
			t.Errorf("%s: the page that was opened again is refused", name)
		}
	}
}
