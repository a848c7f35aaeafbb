package web

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/seal"
	"huskyidp/templates"
)

// A form that was refused is shown by a GET of its own address: Back and a reload post nothing again, and lose
// neither what was typed nor what was wrong with it. Both travel sealed in the address, so that each tab has its own and nothing
// is stored; secrets do not. The seal holds for the browser, the page, and the session or registration that the form belonged
// to, for ten minutes, or two where that is nobody, and until a form of the page is accepted or the browser has asked who is there. Whoever opens the page
// without it begins with an empty form.
const (
	refusedQuery = "refused"
	againQuery   = "again" // the error was seen: its button leads to the form as it was typed
	refusedAge   = 10 * time.Minute
	nobodysAge   = 2 * time.Minute  // of a form that belongs to nobody yet: the next person may look into the history
	refusedError = 20 * time.Second // how long an error is shown; a later reload shows the form
	refusedMax   = 3 << 10          // bytes of the sealed value: proxies take lines of 8 KiB
	takenStep    = 1 << 10
	typedMax     = 500 // code points of one field
	codeMax      = 20
)

// refusedForm is what the address holds.
type refusedForm struct {
	At       int64             `json:"at"`             // in milliseconds: the length of an answer tells nothing (S-12)
	Page     string            `json:"page,omitempty"` // the template; one address may show several
	Owner    []byte            `json:"owner"`
	Status   int               `json:"status"`
	Problems []refusedProblem  `json:"problems"`
	Typed    map[string]string `json:"typed"`
	Emptied  []string          `json:"emptied,omitempty"` // see templates.Layout
	Error    *failedForm       `json:"error,omitempty"`
	Taken    bool              `json:"taken,omitempty"` // nothing was wrong with it, see SealTyped

	keepCode bool // another code is refused for now: the one that was typed may be right
	kept     bool // nothing is wrong with it, see KeepTyped
}

// failedForm is an Error that answered a form.
type failedForm struct {
	Key       string        `json:"key"`
	Code      string        `json:"code,omitempty"`
	Parameter string        `json:"parameter,omitempty"`
	Value     string        `json:"value,omitempty"`
	Button    string        `json:"button"`
	Wait      time.Duration `json:"wait,omitempty"`
	RequestID string        `json:"id"`
}

type refusedProblem struct {
	Field string                `json:"field,omitempty"`
	Key   string                `json:"key"`
	Args  map[string]refusedArg `json:"args,omitempty"`
}

// refusedArg is a value of a message with its type.
type refusedArg struct {
	Number   *int           `json:"n,omitempty"`
	Text     *string        `json:"s,omitempty"`
	Key      *templates.Key `json:"k,omitempty"`
	Duration *time.Duration `json:"d,omitempty"`
	Time     *time.Time     `json:"t,omitempty"`
	List     []string       `json:"l,omitempty"`
}

func keepArg(value any) (a refusedArg, err error) {
	switch v := value.(type) {
	case int:
		a.Number = &v
	case string:
		a.Text = &v
	case templates.Key:
		a.Key = &v
	case time.Duration:
		a.Duration = &v
	case time.Time:
		a.Time = &v
	case []string:
		a.List = v
	default:
		err = fmt.Errorf("web: a refused form keeps no %T", value)
	}
	return a, err
}

func (a refusedArg) value() any {
	switch {
	case a.Number != nil:
		return *a.Number
	case a.Text != nil:
		return *a.Text
	case a.Key != nil:
		return *a.Key
	case a.Duration != nil:
		return *a.Duration
	case a.Time != nil:
		return *a.Time
	}
	return a.List
}

// refusedPlace is also of the newest sign-in in the browser: who comes next sees nothing of what was typed before.
func (w *Web) refusedPlace(c *gin.Context, path string) seal.Place {
	return seal.Place{Table: "refused form", Column: path, Row: string(requestOf(c).browser) + w.Cookie(c, DeviceCookie)}
}

// SeeRefused answers a form with a redirect to the page at path, which shows what is wrong.
func (w *Web) SeeRefused(c *gin.Context, path string, status int, problems ...templates.Problem) error {
	return w.refuse(c, "", path, status, problems)
}

func (w *Web) refuse(c *gin.Context, page, path string, status int, problems []templates.Problem) error {
	f := refusedForm{Status: status, Page: page}
	for _, p := range problems {
		kept := refusedProblem{Field: p.Field, Key: p.Key, Args: map[string]refusedArg{}}
		for name, value := range p.Args {
			arg, err := keepArg(value)
			if err != nil {
				return err
			}
			kept.Args[name] = arg
		}
		f.Problems = append(f.Problems, kept)
	}
	f.keepCode = templates.Layout{Problems: problems}.Waits()
	return w.seeRefused(c, path, f)
}

// seeError is SeeRefused for an error page.
func (w *Web) seeError(c *gin.Context, e *Error) error {
	return w.seeRefused(c, c.Request.URL.EscapedPath(), refusedForm{Status: e.Status, Error: &failedForm{
		e.Key, e.Code, e.Parameter, clipped(e.Value), e.button(c), e.Wait, requestOf(c).id}})
}

// showError shows that page.
func (w *Web) showError(c *gin.Context, f *refusedForm) {
	requestOf(c).shownID = f.Error.RequestID
	button := f.Error.Button
	if path, _, _ := strings.Cut(button, "?"); path == c.Request.URL.EscapedPath() && len(f.Typed) > 0 {
		query := c.Request.URL.Query()
		query.Set(againQuery, "1")
		button = localOr(path + "?" + switchQuery(query, Flow(c)))
	}
	w.answer(c, &Error{Status: f.Status, Key: f.Error.Key, Code: f.Error.Code, Parameter: f.Error.Parameter, Value: f.Error.Value, Href: button, Wait: f.Error.Wait})
}

func (w *Web) seeRefused(c *gin.Context, path string, f refusedForm) error {
	r := requestOf(c)
	f.At, f.Owner, f.Typed = w.now().UnixMilli(), r.formOwner[:], typedInto(r.form)
	if code := r.form.Get("code"); f.keepCode && code != "" {
		f.Typed["code"] = Clip(code, codeMax)
	}
	r.notAccepted = true
	w.noteRefused(c, path)
	query := formQuery(c)
	sealed, err := w.sealRefused(f, w.refusedPlace(c, path))
	if err != nil {
		return err
	}
	query.Set(refusedQuery, sealed)
	if lang := r.switched; lang != "" {
		query.Set("lang", lang)
	}
	return SeeOther(c, path+"?"+query.Encode())
}

// formQuery returns what the address of a form's page says, whether the form has it in its address or in hidden fields.
func formQuery(c *gin.Context) url.Values {
	query := c.Request.URL.Query()
	for _, name := range []string{"note", "lang", "ui_locales", cookieTest, refusedQuery, againQuery, typedQuery} {
		query.Del(name)
	}
	if flow := Flow(c); flow != "" {
		query.Set("flow", flow)
	}
	for _, name := range []string{"return", "back"} {
		if value := Form(c).Get(name); value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// leadsToItself reports whether the answer to a request can be shown at its address: it is a form of ours, and the address a page.
func (w *Web) leadsToItself(c *gin.Context) bool {
	r := requestOf(c)
	if r.resumed != "" {
		return true
	}
	return c.Request.Method == http.MethodPost && r.ours && r.browser != nil && w.shown()[c.FullPath()]
}

func (w *Web) pagePatterns() map[string]bool {
	pages := map[string]bool{}
	if e := w.engine.Load(); e != nil {
		for _, route := range e.Routes() {
			if route.Method == http.MethodGet {
				pages[route.Path] = true
			}
		}
	}
	return pages
}

// sealRefused leaves the longest fields out where all of them are too long.
func (w *Web) sealRefused(f refusedForm, at seal.Place) (string, error) {
	for {
		plain, err := json.Marshal(f)
		if err != nil {
			return "", err
		}
		if f.Taken { // its page is as long for everybody (S-12)
			plain = append(plain, bytes.Repeat([]byte(" "), -len(plain)&(takenStep-1))...)
		}
		if len(plain) <= refusedMax || len(f.Typed) == 0 {
			return base64.RawURLEncoding.EncodeToString(w.keyring.Seal(seal.Session, at, plain)), nil
		}
		longest := ""
		for name := range f.Typed {
			if longest == "" || len(f.Typed[name]) > len(f.Typed[longest]) {
				longest = name
			}
		}
		delete(f.Typed, longest)
	}
}

// typedInto is what may be shown again of a form.
func typedInto(form url.Values) map[string]string {
	typed := map[string]string{}
	for name, all := range form {
		if templates.Secret(name) || slices.Contains([]string{CSRFField, switchField, "flow", "act", "return"}, name) || len(all) != 1 {
			continue
		}
		if runes := []rune(all[0]); len(runes) > typedMax {
			all = []string{string(runes[:typedMax])}
		}
		typed[name] = all[0]
	}
	return typed
}

// WasRefused reports whether a page is opened to show a form that was refused in this browser a moment ago: whoever comes is the
// one who sent it. A form that was somebody else's proves the contrary.
func (w *Web) WasRefused(c *gin.Context) bool {
	if c.Request.Method != http.MethodGet {
		return false
	}
	f := w.openRefused(c)
	return f != nil && (f.Error == nil || f.Error.Key != KeyForeignForm)
}

// readRefused is the refused form that a page is to show again, nil for none.
func (w *Web) readRefused(c *gin.Context) *refusedForm {
	f := w.openRefused(c)
	if f == nil {
		f = w.openTyped(c)
	}
	if f == nil {
		f = w.openKept(c)
	}
	if f == nil || owner(f.Owner) != (owner{}) && !slices.Contains(requestOf(c).owners, owner(f.Owner)) {
		return nil
	}
	return f
}

func (w *Web) openRefused(c *gin.Context) *refusedForm {
	return w.openSealed(c, c.Query(refusedQuery), w.refusedPlace(c, c.Request.URL.EscapedPath()))
}

func (w *Web) openSealed(c *gin.Context, text string, place seal.Place) *refusedForm {
	if text == "" || requestOf(c).browser == nil {
		return nil
	}
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	plain, err := w.keyring.OpenSent(seal.Session, place, sealed)
	if err != nil {
		return nil
	}
	var f refusedForm
	if json.Unmarshal(plain, &f) != nil || len(f.Owner) != ownerSize || f.age(w.now()) > f.life() || !f.Taken && w.isPast(c, c.Request.URL.EscapedPath(), f.At) {
		return nil
	}
	return &f
}

func (f *refusedForm) life() time.Duration {
	if owner(f.Owner) == (owner{}) && !f.Taken {
		return nobodysAge
	}
	return refusedAge
}

func (f *refusedForm) age(now time.Time) time.Duration { return now.Sub(time.UnixMilli(f.At)) }

// showRefused turns the answer to a form into a redirect, and lays what was refused over the page that the redirect leads to.
// done means that the answer is given.
func (w *Web) showRefused(c *gin.Context, name string, status *int, o *pageOptions) (done bool, err error) {
	switch {
	case c.Request.Method == http.MethodPost, requestOf(c).resumed != "":
		if len(o.layout.Problems) == 0 || o.inPlace || !w.leadsToItself(c) {
			return false, nil
		}
		return true, w.refuse(c, name, w.formPath(c), *status, o.layout.Problems)
	case c.Request.Method == http.MethodGet:
		f := w.readRefused(c)
		if f == nil || *status != http.StatusOK || f.Page != "" && f.Page != name { // or it has become another page
			return false, nil
		}
		if !slices.ContainsFunc(f.Problems, func(p refusedProblem) bool { return p.Field == o.proof }) {
			delete(f.Typed, o.proof)
		}
		o.layout.Typed, o.layout.Emptied = f.Typed, f.Emptied
		if f.Error != nil { // a while ago: the form as it was typed
			return false, nil
		}
		if f.kept {
			o.layout.Notice = &templates.Notice{Kind: "info", Key: "web.form.not_yet"}
			return false, nil
		}
		*status, o.layout.Problems = f.Status, nil
		for _, p := range f.Problems {
			args := templates.Args{}
			for name, arg := range p.Args {
				args[name] = arg.value()
			}
			if n, ok := o.left[p.Key]; ok {
				args["n"] = n
			}
			o.layout.Problems = append(o.layout.Problems, templates.Problem{Field: p.Field, Key: p.Key, Args: args})
		}
	}
	return false, nil
}

// InPlace answers with the page as it is: its address shows another one by now.
func InPlace() PageOption { return func(o *pageOptions) { o.inPlace = true } }
