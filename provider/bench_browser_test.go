package provider_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// browser is a browser double: it keeps cookies, follows redirects on the issuer and
// stops at any other address.
type browser struct {
	b      *bench
	client *http.Client
	waits  func(page) // called for each page with a Refresh header; may be nil

	language string // Accept-Language; may be ""
}

func (b *bench) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(b.t, err)
	transport := b.server.Client().Transport
	client := &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if r.URL.Scheme+"://"+r.URL.Host != b.issuer {
			if via[0].Method == http.MethodPost && via[0].URL.Path != "/authorize" { // which apps post to, under their own policy
				b.t.Errorf("a post to %s was answered by a redirect to %s, which a form-action may stop", via[0].URL.Path, r.URL.Host)
			}
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return &browser{b: b, client: client}
}

// page is what the browser shows.
type page struct {
	status   int
	url      *url.URL
	location *url.URL // where it would leave the issuer to; nil when it stays
	header   http.Header
	body     string
}

func (w *browser) do(r *http.Request) page {
	w.b.t.Helper()
	if w.language != "" {
		r.Header.Set("Accept-Language", w.language)
	}
	response, err := w.client.Do(r)
	must(w.b.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(w.b.t, err)
	p := page{response.StatusCode, response.Request.URL, nil, response.Header, string(body)}
	if policy := p.header.Get("Content-Security-Policy"); strings.Contains(policy, "//") {
		w.b.t.Errorf("the policy of %s names an app's origin: %s", p.url.Path, policy)
	}
	if after, onward, found := strings.Cut(response.Header.Get("Refresh"), "; url="); found { // as a browser without script does
		if w.waits != nil {
			w.waits(p)
		}
		seconds, err := strconv.Atoi(after)
		must(w.b.t, err)
		time.Sleep(time.Duration(seconds) * time.Second)
		next, err := p.url.Parse(onward)
		must(w.b.t, err)
		if next.Host != p.url.Host {
			p.location = next
			return p
		}
		return w.get(next.String())
	}
	if location := response.Header.Get("Location"); location != "" && response.StatusCode == http.StatusSeeOther {
		p.location, err = url.Parse(location)
		must(w.b.t, err)
	}
	return p
}

func (w *browser) get(address string) page {
	w.b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = w.b.issuer + address
	}
	r, err := http.NewRequestWithContext(w.b.t.Context(), http.MethodGet, address, nil)
	must(w.b.t, err)
	return w.do(r)
}

func (w *browser) post(address string, fields url.Values) page {
	w.b.t.Helper()
	r, err := http.NewRequestWithContext(w.b.t.Context(), http.MethodPost, address, strings.NewReader(fields.Encode()))
	must(w.b.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return w.do(r)
}

// submit sends the one form of a page: its hidden fields, and what is typed.
func (w *browser) submit(p page, typed url.Values) page {
	w.b.t.Helper()
	action, fields := formOf(w.b.t, p)
	for name, values := range typed {
		fields[name] = values
	}
	return w.post(action, fields)
}

func formOf(t testing.TB, p page) (string, url.Values) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(p.body))
	must(t, err)
	action, fields, found := p.url.String(), url.Values{}, false
	for n := range root.Descendants() {
		attrs := map[string]string{}
		for _, a := range n.Attr {
			attrs[a.Key] = a.Val
		}
		switch {
		case n.Data == "form":
			found = true
			target, err := p.url.Parse(attrs["action"])
			must(t, err)
			action = target.String()
		case n.Data == "input" && attrs["type"] == "hidden":
			fields.Add(attrs["name"], attrs["value"])
		}
	}
	if !found {
		t.Fatalf("no form at %s (%d):\n%s", p.url, p.status, p.body)
	}
	return action, fields
}

// signIn fills in the sign-in page.
func (w *browser) signIn(p page) page {
	w.b.t.Helper()
	return w.submit(p, url.Values{"username": {username}, "password": {password}})
}

// signedIn is a browser with a session.
func (b *bench) signedIn() *browser {
	b.t.Helper()
	w := b.browser()
	if p := w.signIn(w.get("/login")); p.url.Path != "/account" {
		b.t.Fatalf("after sign-in at %s (%d)\n%s", p.url, p.status, p.body)
	}
	return w
}
