package web

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/templates"
)

type typedPage struct{ Username string }

// refusing is a site whose form at /name is refused with what problems hold, or fails with err.
func refusing(t *testing.T) (s *site, problems *[]templates.Problem, fails *error) {
	s, problems, fails = newSite(t), new([]templates.Problem), new(error)
	*problems = []templates.Problem{{Field: "username", Key: "web.field.too_long", Args: templates.Args{"max": 64}}}
	pages := s.web.Pages(s.handler.(*gin.Engine))
	show := func(c *gin.Context) error {
		return s.web.Page(c, http.StatusOK, "recovery/password", typedPage{})
	}
	refuse := func(opts ...PageOption) gin.HandlerFunc {
		return s.web.Handle(func(c *gin.Context) error {
			if *fails != nil {
				return *fails
			}
			if len(*problems) == 0 {
				return SeeOther(c, "/other")
			}
			return s.web.Page(c, http.StatusUnprocessableEntity, "recovery/password", typedPage{Form(c).Get("username")}, append(opts, WithProblems(*problems...))...)
		})
	}
	pages.GET("/name", s.web.Handle(show))
	pages.GET("/other", s.web.Handle(show))
	pages.POST("/name", refuse())
	pages.GET("/place", s.web.Handle(show))
	pages.POST("/place", refuse(InPlace()))
	pages.POST("/act", refuse()) // no page
	steps := s.web.Handle(func(c *gin.Context) error {
		status, opts := http.StatusOK, []PageOption(nil)
		if c.Request.Method == http.MethodPost {
			status, opts = http.StatusUnprocessableEntity, []PageOption{WithProblems(*problems...)}
		}
		if c.Query("step") == "username" {
			return s.web.Page(c, status, "recovery/username_sent", struct{ Back string }{"/name"}, opts...)
		}
		return s.web.Page(c, status, "recovery/password", typedPage{}, opts...)
	})
	pages.GET("/steps", steps)
	pages.POST("/steps", steps)
	pages.GET("/asks-who", s.web.Handle(func(c *gin.Context) error {
		s.web.ForgetRefused(c)
		return show(c)
	}))
	pages.GET("/mine", s.web.Handle(func(c *gin.Context) error {
		Belongs(c, OfSession, c.Query("session"))
		return show(c)
	}))
	pages.POST("/mine", refuse())
	return s, problems, fails
}

var typedName = regexp.MustCompile(`id="username"[^>]* value="([^"]*)"`)

// shows are the value of the field and whether the message is there.
func shows(body string) (value string, told bool) {
	if m := typedName.FindStringSubmatch(body); m != nil {
		value = m[1]
	}
	return value, strings.Contains(body, `id="username-error"`)
}

// A refused form is a page of its own: Back and a reload post nothing, another language loses neither what was typed nor why it was
// refused. Each tab has its own, and nobody else sees it: not in another browser, at another page, or who starts over.
func TestRefusedForm(t *testing.T) {
	t.Parallel()
	s, _, _ := refusing(t)
	post := func(name string) string {
		t.Helper()
		answer := s.do("POST", "/name?return=/account&note=x", form("csrf", s.token(), "flow", "f1", "username", name, "new_password", "geheim-1", "answer", "geheim-2", "code", "123456"))
		at := answer.Header().Get("Location")
		if answer.Code != http.StatusSeeOther || !strings.HasPrefix(at, "/name?flow=f1&refused=") || strings.Contains(at, name) || !strings.HasSuffix(at, "&return=%2Faccount") {
			t.Fatalf("POST = %d to %q", answer.Code, at)
		}
		return at
	}
	look := func(address, want string) *httptest.ResponseRecorder {
		t.Helper()
		answer := s.do("GET", address, "")
		value, told := shows(answer.Body.String())
		status := http.StatusUnprocessableEntity
		if want == "" {
			status = http.StatusOK
		}
		if value != want || told != (want != "") || answer.Code != status || strings.Contains(answer.Body.String(), "geheim") || strings.Contains(answer.Body.String(), "123456") {
			t.Errorf("GET %.40s = %d, shows %q, told %v, want %q", address, answer.Code, value, told, want)
		}
		return answer
	}
	mother, daughter := post("mamá"), post("hija")
	for range 2 {
		look(mother, "mamá")
		look(daughter, "hija")
	}
	page := look(mother, "mamá").Body.String()
	english := switchButton.FindStringSubmatch(page)
	if english == nil {
		t.Fatal("no switch of language")
	}
	switched := s.do("POST", strings.ReplaceAll(english[1], "&amp;", "&"), form("csrf", s.token(), "switch", "en", "username", "mama")).Header().Get("Location")
	if answer := look(switched, "mama"); !strings.Contains(answer.Body.String(), "64 characters") {
		t.Errorf("in English:\n%s", answer.Body)
	}
	s.do("GET", "/name?lang=es", "")
	if !strings.Contains(page, `action="/name?flow=f1"`) {
		t.Error("the form carries what was refused along")
	}
	look("/name?flow=f1", "")
	look(strings.Replace(mother, "/name", "/other", 1), "")
	look(mother[:len(mother)-30], "")
	cookies := s.cookies
	s.cookies = map[string]string{}
	s.do("GET", "/form", "")
	look(mother, "")
	s.cookies = cookies
	s.cookies[s.web.cookieName(DeviceCookie)] = "somebody-signed-in" // and out again: the next person sees nothing
	look(mother, "")
	delete(s.cookies, s.web.cookieName(DeviceCookie))
	look(mother, "mamá")
	s.now = s.now.Add(nobodysAge - time.Minute)
	look(mother, "mamá")
	s.now = s.now.Add(time.Minute + time.Second) // whoever comes next and looks into the history reads nobody's name
	look(mother, "")
}

// What was refused is over once a form of the page is taken, and once the browser has asked who is there; what is refused later
// is shown. An address that shows several pages shows it on the one that it was refused on.
func TestRefusedFormIsOver(t *testing.T) {
	t.Parallel()
	s, problems, _ := refusing(t)
	wrong := *problems
	post := func(path, name string) string {
		t.Helper()
		s.now = s.now.Add(time.Second)
		return s.do("POST", path, form("csrf", s.token(), "username", name)).Header().Get("Location")
	}
	shown := func(address, want string) {
		t.Helper()
		if value, told := shows(s.do("GET", address, "").Body.String()); value != want || told != (want != "") {
			t.Errorf("%.30s shows %q, %v, want %q", address, value, told, want)
		}
	}
	first, elsewhere := post("/name", "uno"), post("/mine?session=a", "dos")
	shown(first, "uno")
	*problems = nil
	if at := post("/name", "tres"); at != "/other" {
		t.Fatalf("the form that is taken leads to %q", at)
	}
	shown(first, "")
	shown(elsewhere, "dos")
	*problems = wrong
	second := post("/name", "cuatro")
	shown(second, "cuatro")
	shown(first, "")
	s.now = s.now.Add(time.Second)
	s.do("GET", "/asks-who", "")
	shown(second, "")
	shown(elsewhere, "")
	shown(post("/name", "cinco"), "cinco")
	steps := post("/steps?step=password", "seis")
	shown(steps, "seis")
	if answer := s.do("GET", strings.Replace(steps, "step=password", "step=username", 1), ""); answer.Code != http.StatusOK {
		t.Errorf("the next step at the same address = %d", answer.Code)
	}
	for i := range 9 { // the cookie is bounded, whatever it holds
		post("/name", fmt.Sprint(i))
		s.cookies[s.web.cookieName(pastCookie)] += "~x.1~" + strings.Repeat("y", 900)
	}
	if n := len(s.web.cookieName(pastCookie)) + len(s.cookies[s.web.cookieName(pastCookie)]); post("/name", "x") == "" || n > 1200 {
		t.Errorf("the cookie has %d bytes", n)
	}
}

// What belonged to a session is shown to this session.
func TestRefusedFormOfASession(t *testing.T) {
	t.Parallel()
	s, _, _ := refusing(t)
	s.token()
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("GET", "/", nil)
	for name, value := range s.cookies {
		c.Request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	s.web.browserCookie(c)
	token := s.web.csrfToken(requestOf(c).browser, ownerOf(OfSession, "a"))
	now := s.now
	at := s.do("POST", "/mine?session=a", form("csrf", token, "username", "mamá")).Header().Get("Location")
	if value, told := shows(s.do("GET", at, "").Body.String()); value != "mamá" || !told {
		t.Errorf("its own session sees %q, %v", value, told)
	}
	if value, told := shows(s.do("GET", strings.Replace(at, "session=a", "session=b", 1), "").Body.String()); value != "" || told {
		t.Errorf("another session sees %q, %v", value, told)
	}
	for age, want := range map[time.Duration]string{refusedAge - time.Second: "mamá", refusedAge + time.Second: ""} {
		s.now = now.Add(age)
		if value, _ := shows(s.do("GET", at, "").Body.String()); value != want {
			t.Errorf("its own session sees %q after %s, want %q", value, age, want)
		}
	}
}

// The address stays short, whatever was typed; messages come first.
func TestRefusedFormIsBounded(t *testing.T) {
	t.Parallel()
	s, _, _ := refusing(t)
	fields := []string{"csrf", s.token(), "username", "mamá"}
	for i := range 90 {
		fields = append(fields, "field"+strings.Repeat("x", i), strings.Repeat("ñ", 90))
	}
	fields = append(fields, "long", strings.Repeat("ñ", 400))
	at := s.do("POST", "/name", form(fields...)).Header().Get("Location")
	if len(at) > 5000 {
		t.Errorf("the address has %d bytes", len(at))
	}
	if value, told := shows(s.do("GET", at, "").Body.String()); value != "mamá" || !told {
		t.Errorf("it shows %q, %v", value, told)
	}
}

// Where the address is no page, or has become another, the answer is the page itself. What a message is made of is kept with its
// type, and other values are an error.
func TestRefusedInPlace(t *testing.T) {
	t.Parallel()
	s, problems, _ := refusing(t)
	for _, path := range []string{"/act", "/place"} {
		if answer := s.do("POST", path, form("csrf", s.token(), "username", "mamá")); answer.Code != http.StatusUnprocessableEntity {
			t.Errorf("POST %s = %d", path, answer.Code)
		}
	}
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	args := templates.Args{"max": 3, "time": time.Minute, "datetime": noon, "factor": templates.Key("accounts.factor_name.totp"), "names": []string{"a", "b"}, "email": "x"}
	for name, value := range args {
		kept, err := keepArg(value)
		if err != nil {
			t.Error(err)
		}
		if name != "names" && kept.value() != value || name == "names" && strings.Join(kept.value().([]string), "") != "ab" {
			t.Errorf("%s is %v, want %v", name, kept.value(), value)
		}
	}
	*problems = []templates.Problem{{Key: "web.field.too_long", Args: templates.Args{"max": 1.5}}}
	at := s.do("POST", "/name", form("csrf", s.token())).Header().Get("Location")
	if answer := s.do("GET", at, ""); answer.Code != http.StatusInternalServerError {
		t.Errorf("a value of another type = %d", answer.Code)
	}
}

// An error that answers a form is shown by a GET too, with the number of the request that failed; a reload a while later shows the
// form again, as it was typed, and so does the page's button at once.
func TestFailedForm(t *testing.T) {
	t.Parallel()
	s, _, fails := refusing(t)
	*fails = errors.New("a secret detail")
	for _, want := range []error{later{}, busy{}, errors.New("a secret detail")} {
		*fails = want
		answer := s.do("POST", "/name?flow=f1", form("csrf", s.token(), "username", "mamá"))
		at, id := answer.Header().Get("Location"), answer.Header().Get("X-Request-Id")
		if answer.Code != http.StatusSeeOther {
			t.Fatalf("%v: POST = %d", want, answer.Code)
		}
		page := s.do("GET", at, "")
		if page.Code != classify(want).Status || !strings.Contains(page.Body.String(), id) {
			t.Errorf("%v: GET = %d\n%s", want, page.Code, page.Body)
		}
		if page.Code != http.StatusInternalServerError && page.Header().Get("Retry-After") == "" {
			t.Errorf("%v: no Retry-After", want)
		}
		button := regexp.MustCompile(`href="(/name\?again=1[^"]*flow=f1[^"]*)"`).FindStringSubmatch(page.Body.String())
		if button == nil {
			t.Fatalf("%v: no way back to the form\n%s", want, page.Body)
		}
		form := s.do("GET", html.UnescapeString(button[1]), "")
		if value, told := shows(form.Body.String()); form.Code != http.StatusOK || value != "mamá" || told {
			t.Errorf("%v, the page's button: GET %s = %d, %q, %v", want, button[1], form.Code, value, told)
		}
		s.now = s.now.Add(refusedError + time.Second)
		page = s.do("GET", at, "")
		if value, told := shows(page.Body.String()); page.Code != http.StatusOK || value != "mamá" || told {
			t.Errorf("%v, a while later: GET = %d, %q, %v", want, page.Code, value, told)
		}
	}
}
