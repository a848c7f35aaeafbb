package web

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jba/templatecheck"

	"huskyidp/templates"
)

// Errors become pages or JSON; what is unexpected, a panic too, shows its id and nothing else.
func TestErrors(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for path, test := range map[string]struct {
		status int
		retry  string
		want   []string
	}{
		"/fail/unknown":     {500, "", []string{"Algo falló de nuestra parte"}},
		"/fail/database":    {503, "5", []string{"El servicio no está disponible", "Si acaba de enviar algo, quizás no se guardó."}}, // whatever the page was
		"/fail/interrupted": {503, "5", nil},
		"/fail/later":       {429, "90", []string{"Demasiados intentos", "2 minutos"}},
		"/fail/busy":        {503, "90", nil},
		"/fail/chosen":      {400, "", []string{"No podemos llevarle de vuelta a la aplicación", "invalid_request", "redirect_uri", `href="/account"`}},
		"/panic":            {500, "", []string{"Algo falló de nuestra parte"}},
		"/nowhere":          {404, "", []string{"Esta página no existe"}},
		"/echo":             {405, "", []string{"Esta página no existe"}},
	} {
		s.log.Reset()
		w := s.do("GET", path, "")
		if w.Code != test.status || w.Header().Get("Retry-After") != test.retry {
			t.Errorf("GET %s = %d, Retry-After %q, want %d, %q", path, w.Code, w.Header().Get("Retry-After"), test.status, test.retry)
		}
		id := w.Header().Get("X-Request-Id")
		for _, want := range append(test.want, id) {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("GET %s: the page lacks %q", path, want)
			}
		}
		for _, secret := range []string{"a secret detail", "maria@example.com"} {
			if strings.Contains(w.Body.String(), secret) {
				t.Errorf("GET %s: the page shows %q", path, secret)
			}
		}
		if logged := strings.Contains(s.log.String(), `"level":"ERROR"`); logged != (test.status >= 500) || !strings.Contains(s.log.String(), id) {
			t.Errorf("GET %s: log is\n%s", path, s.log)
		}
	}
	w := s.do("GET", "/broken", "")
	if got := w.Header().Get("Content-Type"); w.Code != 503 || got != "application/json" || !strings.Contains(w.Body.String(), `"temporarily_unavailable"`) {
		t.Errorf("GET /broken = %d %s %s, want 503 as JSON", w.Code, got, w.Body)
	}
}

// a handler that waits for what does not answer is a 503 in time.
func TestAnswerInTime(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Limits.Answer = 50 * time.Millisecond })
	began := time.Now()
	for _, path := range []string{"/wait", "/protocol/wait"} {
		if w := s.do("GET", path, ""); w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("GET %s = %d, Retry-After %q, want 503 with one", path, w.Code, w.Header().Get("Retry-After"))
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// A browser that goes away is nobody's fault.
func TestBrowserGoesAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.do("GET", "/wait", "", func(r *http.Request) { *r = *r.WithContext(ctx) })
	if log := s.log.String(); strings.Contains(log, "ERROR") || !strings.Contains(log, `"status":499`) {
		t.Errorf("log is\n%s", log)
	}
}

func TestErrorTemplate(t *testing.T) {
	t.Parallel()
	set, err := templates.Load(templates.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range set.Languages() {
		if err := templatecheck.CheckHTML(set.Template(lang, "web/error"), templates.View[errorPage]{}); err != nil {
			t.Errorf("%s: %v", lang, err)
		}
	}
}
