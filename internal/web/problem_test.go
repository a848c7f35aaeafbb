package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

func newAPI(t *testing.T) *site {
	t.Helper()
	s := newSite(t, func(o *Options) { o.Problems, o.Strict = "/v1/", true })
	engine := s.handler.(*gin.Engine)
	api := s.web.API(engine)
	api.POST("/v1/echo", s.web.Handle(func(c *gin.Context) error {
		var in struct {
			Name string   `json:"name"`
			List []string `json:"list"`
			Any  any      `json:"any"`
		}
		body, err := ReadJSON(c, &in)
		if err != nil {
			return err
		}
		c.Data(http.StatusOK, "text/plain", append([]byte(in.Name+" "), body...))
		return nil
	}))
	return s
}

func (s *site) post(path, contentType string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "https://idp.example"+path, bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

// Every answer of an API is JSON, whoever gives it (RFC 9457), and tells nothing of what was sent.
func TestProblems(t *testing.T) {
	t.Parallel()
	s := newAPI(t)
	for path, status := range map[string]int{"/v1/nowhere": 404, "/v1/echo": 405, "/v1/" + strings.Repeat("a", 17<<10): 414} {
		w := s.do("GET", path, "")
		var p Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != status || p.Status != status || p.Type != "about:blank" || p.Title == "" ||
			p.RequestID == "" || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("GET %.20s = %d %s %s, want the problem %d", path, w.Code, w.Header().Get("Content-Type"), w.Body, status)
		}
	}
	if w := s.do("GET", "/nowhere", ""); !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Errorf("outside the API the answer is %s", w.Header().Get("Content-Type"))
	}
}

// S-26, S-69: what an API reads is one plain JSON document of the form it knows.
func TestReadJSON(t *testing.T) {
	t.Parallel()
	s := newAPI(t)
	deep := func(n int) []byte {
		return []byte(`{"any":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`)
	}
	for name, c := range map[string]struct {
		kind string
		body []byte
		want int
	}{
		"plain":         {"application/json", []byte(`{"name":"a","list":["b"]}`), 200},
		"with charset":  {"application/json; charset=utf-8", []byte(` {"name":"ñ"} `), 200},
		"form":          {"application/x-www-form-urlencoded", []byte(`name=a`), 415},
		"text":          {"text/plain", []byte(`{"name":"a"}`), 415},
		"no type":       {"", []byte(`{"name":"a"}`), 415},
		"patch type":    {"application/json-patch+json", []byte(`{"name":"a"}`), 415},
		"empty":         {"application/json", nil, 400},
		"cut":           {"application/json", []byte(`{"name":"a"`), 400},
		"two documents": {"application/json", []byte(`{"name":"a"}{}`), 400},
		"unknown":       {"application/json", []byte(`{"nombre":"a"}`), 400},
		"twice":         {"application/json", []byte(`{"name":"a","name":"b"}`), 400},
		"capitals":      {"application/json", []byte(`{"Name":"a"}`), 400},
		"wrong type":    {"application/json", []byte(`{"name":1}`), 400},
		"no UTF-8":      {"application/json", []byte("{\"name\":\"\xff\"}"), 400},
		"not too deep":  {"application/json", deep(15), 200},
		"deep":          {"application/json", deep(17), 400},
		"very deep":     {"application/json", deep(30_000), 400},
		"large":         {"application/json", []byte(`{"name":"` + strings.Repeat("a", 65<<10) + `"}`), 413},
	} {
		w := s.post("/v1/echo", c.kind, c.body)
		if w.Code != c.want {
			t.Errorf("%s: %d %.200s, want %d", name, w.Code, w.Body, c.want)
		}
		if got := strings.Contains(w.Body.String(), `"detail":"The body must be application/json."`); got != (c.want == http.StatusUnsupportedMediaType) {
			t.Errorf("%s: the answer names the type that is taken: %t", name, got)
		}
		if c.want != 200 && strings.Contains(w.Body.String(), "nombre") {
			t.Errorf("%s: the answer repeats what was sent", name)
		}
	}
}

// What is wrong with a document is reported as far as the words are ours.
func TestReadJSONTells(t *testing.T) {
	t.Parallel()
	s := newAPI(t)
	for body, want := range map[string]string{
		`{"name":1}`:     `"errors":[{"field":"name","code":"invalid"}]`,
		`{"nombre":"a"}`: `"detail":"The document has a member that this address does not take."`,
	} {
		if w := s.post("/v1/echo", "application/json", []byte(body)); w.Code != 400 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s, want %s", body, w.Code, w.Body, want)
		}
	}
}

// S-24: cookies of the staff surface are Strict, and a visit from another site, which brings none, sets none.
func TestStrictCookies(t *testing.T) {
	t.Parallel()
	s := newAPI(t)
	visit := func(site string) string {
		r := httptest.NewRequest(http.MethodGet, "https://idp.example/form", nil)
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		return w.Header().Get("Set-Cookie")
	}
	if cookie := visit("none"); !strings.HasPrefix(cookie, "__Host-browser=") || !strings.Contains(cookie, "SameSite=Strict") {
		t.Errorf("the cookie is %q", cookie)
	}
	if cookie := visit("cross-site"); cookie != "" {
		t.Errorf("a visit from another site sets %q", cookie)
	}
}
