package main

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// visitor is a browser: it keeps cookies and follows redirects on the issuer.
type visitor struct {
	d       *drill
	cookies map[string]string
	at      string // path
	away    *url.URL
	body    string
}

func (d *drill) visitor() *visitor { return &visitor{d: d, cookies: map[string]string{}} }

func (v *visitor) send(method, path string, form url.Values) *visitor {
	t := v.d.t
	t.Helper()
	for range 10 {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+v.d.instance.address+path, strings.NewReader(form.Encode()))
		must(t, err)
		r.Host = "idp.example"
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for name, value := range v.cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		answer, err := http.DefaultTransport.RoundTrip(r)
		must(t, err)
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		must(t, err)
		for _, c := range answer.Cookies() {
			v.cookies[c.Name] = c.Value
		}
		v.at, v.body = path, string(body)
		onward := answer.Header.Get("Location")
		if _, refresh, found := strings.Cut(answer.Header.Get("Refresh"), "; url="); found {
			onward = refresh
		}
		if onward == "" {
			return v
		}
		next, err := url.Parse(onward)
		must(t, err)
		if next.Host != "" && next.Host != "idp.example" {
			v.away = next
			return v
		}
		method, path, form = http.MethodGet, next.RequestURI(), nil
	}
	t.Fatal("redirects without end")
	return nil
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
var formAction = regexp.MustCompile(`<form[^>]* action="([^"]+)"`)

// submit sends the page's first form.
func (v *visitor) submit(typed url.Values) *visitor {
	v.d.t.Helper()
	fields, action := url.Values{}, v.at
	if found := formAction.FindStringSubmatch(v.body); found != nil {
		action = strings.ReplaceAll(found[1], "&amp;", "&")
	}
	for _, input := range hidden.FindAllStringSubmatch(v.body, -1) {
		fields.Set(input[1], strings.ReplaceAll(input[2], "&#43;", "+"))
	}
	for name, values := range typed {
		fields[name] = values
	}
	return v.send(http.MethodPost, action, fields)
}

const drillVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B

// code signs in, if need be, and returns the code that the app gets.
func (v *visitor) code() string {
	v.d.t.Helper()
	v.away = nil
	v.send(http.MethodGet, "/authorize?"+url.Values{"client_id": {"app"}, "response_type": {"code"}, "redirect_uri": {"https://app.example/callback"},
		"scope": {"openid offline_access"}, "state": {"s"}, "nonce": {"n"}, "code_challenge_method": {"S256"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}}.Encode(), nil)
	if v.away == nil {
		v.submit(url.Values{"username": {"maria.nunez"}, "password": {drillPassword}})
	}
	if v.away == nil || v.away.Query().Get("code") == "" {
		v.d.t.Fatalf("no code, but %s (%v)\n%s", v.at, v.away, v.body)
	}
	return v.away.Query().Get("code")
}
