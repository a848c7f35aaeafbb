// Package visitor is a browser without JavaScript, for tests and the fault suite: it keeps cookies, follows redirects
// within the site, and submits the forms on its pages.
package visitor

import (
	"context"
	"errors"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Browser is one visitor of a site. It is not safe for concurrent use.
type Browser struct {
	Base    string // address of a listener: http://127.0.0.1:8080
	Host    string // the site's own name
	Source  string // sent as X-Forwarded-For; "" for none
	Send    func(*http.Request) (*http.Response, error)
	Cookies map[string]string

	Status   int      // of the last response
	At       string   // its path and query
	Body     string   // its body
	Away     *url.URL // where the site redirected the visitor, if elsewhere
	Location string   // of the first response to the last Get or Submit; "" if that was a page
}

// ErrLost is returned for a redirect loop.
var ErrLost = errors.New("visitor: redirects without end")

// New returns a visitor without cookies.
func New(base, host string) *Browser {
	return &Browser{Base: base, Host: host, Send: http.DefaultTransport.RoundTrip, Cookies: map[string]string{}}
}

// Get opens a page and follows redirects, and Refresh headers after their time.
func (b *Browser) Get(ctx context.Context, path string) error {
	return b.follow(ctx, http.MethodGet, path, nil)
}

var (
	postForm = regexp.MustCompile(`(?s)<form[^>]* method="post"[^>]*>.*?</form>`)
	action   = regexp.MustCompile(`<form[^>]* action="([^"]+)"`)
	hidden   = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
)

// Submit posts the page's first form with the given fields, and follows redirects.
func (b *Browser) Submit(ctx context.Context, typed url.Values) error {
	form := postForm.FindString(b.Body)
	if form == "" {
		form = b.Body
	}
	fields, to := url.Values{}, b.At
	if found := action.FindStringSubmatch(form); found != nil {
		to = html.UnescapeString(found[1])
	}
	for _, input := range hidden.FindAllStringSubmatch(form, -1) {
		fields.Set(input[1], html.UnescapeString(input[2]))
	}
	for name, values := range typed {
		fields[name] = values
	}
	return b.follow(ctx, http.MethodPost, to, fields)
}

func (b *Browser) follow(ctx context.Context, method, path string, form url.Values) error {
	b.Away, b.Location = nil, ""
	for n := range 10 {
		onward, err := b.one(ctx, method, path, form)
		if err != nil || onward == "" {
			return err
		}
		if n == 0 {
			b.Location = onward
		}
		next, err := url.Parse(onward)
		if err != nil {
			return err
		}
		if next.Host != "" && next.Host != b.Host {
			b.Away = next
			return nil
		}
		method, path, form = http.MethodGet, next.RequestURI(), nil
	}
	return ErrLost
}

// one sends a single request and returns where the response redirects, if it does.
func (b *Browser) one(ctx context.Context, method, path string, form url.Values) (onward string, err error) {
	r, err := http.NewRequestWithContext(ctx, method, b.Base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	r.Host = b.Host
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if b.Source != "" {
		r.Header.Set("X-Forwarded-For", b.Source)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range b.Cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer, err := b.Send(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	for _, c := range answer.Cookies() {
		if c.MaxAge < 0 || c.Value == "" {
			delete(b.Cookies, c.Name)
		} else {
			b.Cookies[c.Name] = c.Value
		}
	}
	b.Status, b.At, b.Body = answer.StatusCode, path, string(body)
	if after, refresh, found := strings.Cut(answer.Header.Get("Refresh"), "; url="); found {
		seconds, err := strconv.Atoi(after)
		if err != nil {
			return "", err
		}
		select {
		case <-time.After(time.Duration(seconds) * time.Second):
			return refresh, nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	return answer.Header.Get("Location"), nil
}
