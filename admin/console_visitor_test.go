package admin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/web"
)

// visitor is a browser at the console.
type visitor struct {
	*desk
	handler http.Handler
	cookies map[string]string
	csrf    string
}

// newVisitor has a console of its own.
func newVisitor(t *testing.T) *visitor {
	t.Helper()
	b := &bench{desk: newDesk(t, 1)}
	engine, api := b.serve()
	console := must[*Console](t)(NewConsole(b.Service, api.web, PartyOptions{Issuer: "https://idp.example", Base: deskBase, Client: &http.Client{}, Now: b.now}))
	console.Mount(engine)
	return &visitor{desk: b.desk, handler: engine, cookies: map[string]string{}}
}

// enters opens a session as the callback does; the sign-in at the provider is real.
func (v *visitor) enters(p Person) accounts.Started {
	v.t.Helper()
	return v.entersAs(p, uuid.Nil)
}

// entersAs enters after a step-up in a visit.
func (v *visitor) entersAs(p Person, visitID uuid.UUID) accounts.Started {
	v.t.Helper()
	account := must[accounts.Account](v.t)(v.people.Get(v.t.Context(), p.ID))
	started := must[accounts.Started](v.t)(v.people.StartSession(v.t.Context(), accounts.SessionStart{Account: account, AMR: []string{"pwd", "otp", "mfa"}}))
	row := sessionRow{AccountID: p.ID, SID: started.SID, ACR: started.ACR, AuthTime: v.now(), Visit: visitID}
	v.cookies["__Host-session"] = must[string](v.t)(v.openSession(v.t.Context(), row, v.cookies["__Host-session"]))
	return started
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func (v *visitor) send(method, path string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	v.t.Helper()
	r := httptest.NewRequest(method, deskBase+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		v.cookies[cookie.Name] = cookie.Value
		if cookie.SameSite != http.SameSiteStrictMode || !cookie.Secure || !cookie.HttpOnly || !strings.HasPrefix(cookie.Name, "__Host-") {
			v.t.Errorf("%s %s sets the cookie %v (S-24)", method, path, cookie)
		}
	}
	if found := csrfField.FindStringSubmatch(w.Body.String()); found != nil {
		v.csrf = found[1]
	}
	return w
}

func (v *visitor) get(path string) *httptest.ResponseRecorder { return v.send("GET", path, nil) }

// post sends the form of the page that was read last.
func (v *visitor) post(path string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{"csrf": {v.csrf}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return v.send("POST", path, form)
}

func (v *visitor) value(w *httptest.ResponseRecorder, name string) string {
	v.t.Helper()
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(w.Body.String())
	if found == nil {
		v.t.Fatalf("the page has no field %s:\n%s", name, w.Body)
	}
	return found[1]
}

// use keeps the session awake.
func (v *visitor) use(total time.Duration) {
	for passed := time.Duration(0); passed < total; {
		step := min(10*time.Minute, total-passed)
		passed += step
		v.later(step)
		v.get("/search")
	}
}

func clone(form url.Values) url.Values {
	other := url.Values{}
	for name, values := range form {
		other[name] = slices.Clone(values)
	}
	return other
}

// browserOf is the digest that a flow is bound to.
func browserOf(v *visitor, r *http.Request) []byte {
	var digest []byte
	engine, api := (&bench{desk: v.desk}).serve()
	api.web.Pages(engine).GET("/", api.web.Handle(func(c *gin.Context) error { digest = web.Browser(c); return nil }))
	engine.ServeHTTP(httptest.NewRecorder(), r)
	return digest
}
