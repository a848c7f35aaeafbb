package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// S-69: sizes and shapes are refused before anything is parsed.
func TestSizes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.token()
	many := strings.Repeat("a=1&", 100) + "a=1"
	for name, test := range map[string]struct {
		method, target, body string
		change               func(*http.Request)
		want                 int
	}{
		"a long address":    {"GET", "/form?a=" + strings.Repeat("x", 16<<10), "", nil, 414},
		"long headers":      {"GET", "/form", "", header("X-Long", strings.Repeat("x", 16<<10)), 431},
		"two authorities":   {"GET", "/form", "", func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer a", "Bearer b"} }, 400},
		"another charset":   {"POST", "/form", "a=1", header("Content-Type", "application/x-www-form-urlencoded; charset=utf-7"), 415},
		"others' cookies":   {"GET", "/form", "", header("Cookie", "ga="+strings.Repeat("x", 17<<10)), 431},
		"a long body":       {"POST", "/form", "a=" + strings.Repeat("x", 64<<10), nil, 413},
		"an unmeasured one": {"POST", "/form", "a=" + strings.Repeat("x", 64<<10), func(r *http.Request) { r.ContentLength = -1 }, 413},
		"multipart":         {"POST", "/form", "", header("Content-Type", "multipart/form-data; boundary=x"), 415},
		"JSON":              {"POST", "/form", "{}", header("Content-Type", "application/json"), 415},
		"compressed":        {"POST", "/form", "a=1", header("Content-Encoding", "gzip"), 415},
		"many parameters":   {"POST", "/form", many, nil, 413},
		"many in the query": {"GET", "/form?" + many, "", nil, 400},
		"bad escape":        {"POST", "/form", "a=%zz", nil, 400},
		"not UTF-8":         {"POST", "/form", "a=%ff", nil, 400},
		"query not UTF-8":   {"GET", "/form?a=%ff", "", nil, 400},
		"NUL in a name":     {"POST", "/form", "a%00b=1", nil, 400},
		"repeated":          {"POST", "/form", form("a", "1", "a", "2"), nil, 400},
		"repeated in query": {"GET", "/form?a=1&a=2", "", nil, 400},
		"method override":   {"GET", "/form", "", header("X-HTTP-Method-Override", "POST"), 200},
		"good":              {"POST", "/form", form("csrf", token, "a", "1"), nil, 303},
	} {
		w := s.do(test.method, test.target, test.body, func(r *http.Request) {
			if test.change != nil {
				test.change(r)
			}
		})
		if w.Code != test.want {
			t.Errorf("%s: status %d, want %d", name, w.Code, test.want)
		}
		if w.Code >= 400 && !strings.Contains(w.Body.String(), `class="button primary"`) {
			t.Errorf("%s: the page has no way on", name)
		}
		if got := strings.Contains(w.Body.String(), "No entendimos esa dirección"); w.Code == 400 && name != "many in the query" && got != (test.body == "" || name == "repeated") {
			t.Errorf("%s: the page blames the address: %t", name, got)
		}
		if got := strings.Contains(w.Body.String(), "No pudimos leer lo que se envió"); got != (test.want == http.StatusUnsupportedMediaType) {
			t.Errorf("%s: the page names the kind of the body: %t", name, got)
		}
	}
}

func TestFormAndFlow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.do("POST", "/echo?flow=abc_-9", form("csrf", s.token(), "name", "Ana\x00 Peña "))
	var got struct {
		Form url.Values
		Flow string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	if got.Form.Get("name") != "Ana\uFFFD Peña " || got.Flow != "abc_-9" {
		t.Errorf("form = %q, flow = %q", got.Form, got.Flow)
	}
	for _, flow := range []string{"a/b", "<", strings.Repeat("a", 65), "á"} {
		w := s.do("POST", "/echo?flow="+url.QueryEscape(flow), form("csrf", s.token()))
		if !strings.Contains(w.Body.String(), `"flow":""`) {
			t.Errorf("flow %q was taken: %s", flow, w.Body)
		}
	}
}
