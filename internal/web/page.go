package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/templates"
)

// PageOption changes a page's layout or headers.
type PageOption func(*pageOptions)

type pageOptions struct {
	layout  templates.Layout
	policy  string // "" for the default
	refresh string
	anybody bool
	inPlace bool
	left    map[string]int // see TriesLeft
	proof   string
}

// WithProblems shows what is wrong with a form; the status is then usually 422.
func WithProblems(problems ...templates.Problem) PageOption {
	return func(o *pageOptions) { o.layout.Problems = problems }
}

// TriesLeft says how many tries the message with this key tells of. A refused form that is shown again, by Back or a reload, tells
// of now, not of when it was refused.
func TriesLeft(key string, n int) PageOption {
	return func(o *pageOptions) { o.left = map[string]int{key: n} }
}

// Proof is a field that shows whose the page is. It is put back only where it was wrong: an error may have come between the right
// one and its check, and the next person may look into the history.
func Proof(field string) PageOption { return func(o *pageOptions) { o.proof = field } }

// WithNotice shows one sentence under the header; kind is "ok", "warn", "info" or "error", key is a catalog key.
func WithNotice(kind, key string, args templates.Args) PageOption {
	return func(o *pageOptions) { o.layout.Notice = &templates.Notice{Kind: kind, Key: key, Args: args} }
}

// WithApp shows the app that the member is signing in to.
func WithApp(name string) PageOption {
	return func(o *pageOptions) { o.layout.App = name }
}

// AnyFormTarget is for the page whose only form is posted to an app: browsers apply form-action to every redirect after
// a post, and only the app knows where its redirects lead.
func AnyFormTarget() PageOption {
	return func(o *pageOptions) { o.policy = policyOfForm }
}

// Onward leads the browser on after a moment, without script and as a navigation that no form began: the Refresh header
// (HTML, "http-equiv refresh"). The page has a link to the same place.
func Onward(address string, after time.Duration) PageOption {
	return func(o *pageOptions) { o.refresh = fmt.Sprintf("%d; url=%s", int(after.Seconds()), address) }
}

// ForAnybody is for a form that proves who sends it, such as the sign-in: it does not matter who is signed in
// meanwhile.
func ForAnybody() PageOption { return func(o *pageOptions) { o.anybody = true } }

// WithPerson shows the first name of the person the page is for, as it was typed but for the keyboard's spaces and a comma behind it: others
// may use the same browser.
func WithPerson(name string) PageOption {
	name = strings.Join(strings.Fields(strings.TrimRight(name, " ,;")), " ")
	return func(o *pageOptions) { o.layout.Person = name }
}

// OfAccount shows what all pages of the account have in common.
func OfAccount(a templates.Account) PageOption {
	return func(o *pageOptions) { o.layout.Account = &a }
}

// WithDesk shows whose console of the support desk it is.
func WithDesk(d *templates.Desk) PageOption {
	return func(o *pageOptions) { o.layout.Desk = d }
}

// WithPartner shows who is signed in to the partner area.
func WithPartner(p *templates.Partner) PageOption {
	return func(o *pageOptions) { o.layout.Partner = p }
}

// EndsIn shows how long a page without a session waits and, a while before the end, asks whether somebody is there. Its script asks
// base + "/left", "/alive" and "/ended" as that of a session's page asks the account.
func EndsIn(base string, idle, left time.Duration) PageOption {
	return func(o *pageOptions) { o.layout.IdleTimeout, o.layout.TimeLeft, o.layout.TimeoutBase = idle, left, base }
}

// SignedIn shows whose session it is and how long it lasts without use.
func SignedIn(username string) PageOption {
	return func(o *pageOptions) { o.layout.SignedInAs = username }
}

// Page renders the named template as the response. Path, language switch, CSRF token, flow and request ID come from the
// request.
func (w *Web) Page(c *gin.Context, status int, name string, page any, opts ...PageOption) error {
	r := requestOf(c)
	o := pageOptions{layout: templates.Layout{
		Path: localOr(c.Request.URL.EscapedPath()), Query: switchQuery(c.Request.URL.Query(), Flow(c)),
		Flow: Flow(c), RequestID: cmp.Or(r.shownID, r.id), Sandbox: w.sandbox,
	}}
	for _, opt := range opts {
		opt(&o)
	}
	if done, err := w.showRefused(c, name, &status, &o); done || err != nil {
		return err
	}
	w.endShown(c, name)
	if o.layout.Notice == nil && name != w.errorPage {
		o.layout.Notice = w.saysWhose(c, o.layout.SignedInAs)
	}
	o.layout.Switchable = r.browser != nil && (c.Request.Method == http.MethodGet || w.shown()[c.FullPath()])
	whose := r.owner
	if o.anybody {
		whose = owner{}
	}
	o.layout.CSRF, o.layout.FormMark = w.csrfToken(r.browser, whose), w.formMark(c, whose)
	if o.layout.SignedInAs != "" || o.layout.Desk != nil || o.layout.Partner != nil {
		o.layout.IdleTimeout, o.layout.SessionMark = w.sessionIdle, sessionMark(c)
	}
	if o.layout.Kiosk = r.kiosk; r.kiosk {
		o.layout.Phone = w.phone
		o.layout.LeaveCSRF = w.csrfToken(r.browser, owner{}) // whoever is signed in meanwhile
	}
	if r.kiosk && o.layout.IdleTimeout > 0 && o.layout.TimeoutBase == "" {
		o.layout.IdleTimeout = KioskIdle
	}
	body, err := w.templates.Page(r.lang, name, o.layout, page)
	if err != nil {
		return fmt.Errorf("rendering %s: %w", name, err)
	}
	if r.kiosk {
		body = withoutMemory(body)
	}
	if o.policy != "" {
		c.Header("Content-Security-Policy", o.policy)
	}
	if o.refresh != "" {
		c.Header("Refresh", o.refresh)
	}
	if (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable) && c.Writer.Header().Get("Retry-After") == "" {
		RetryAfter(c, waitOf(o.layout.Problems))
	}
	c.Header("Content-Language", r.lang)
	c.Data(status, "text/html; charset=utf-8", body)
	return nil
}

// unknownWait is the Retry-After of a 429 whose page names no time.
const unknownWait = time.Minute

// waitOf returns the wait that the page shows.
func waitOf(problems []templates.Problem) time.Duration {
	for _, p := range problems {
		if wait, ok := p.Args["time"].(time.Duration); ok {
			return wait
		}
	}
	return unknownWait
}

// Brands are the names of the programme, in all languages.
func (w *Web) Brands() (names []string) {
	for _, lang := range w.Languages() {
		names = append(names, w.templates.Text(lang, "web.layout.brand", nil))
	}
	return names
}

// Text returns a message in the language of the response, for responses that are not pages.
func (w *Web) Text(c *gin.Context, key string, args templates.Args) string {
	return w.templates.Text(Lang(c), key, args)
}

// HasNotice reports whether the operator provides a non-discrimination notice.
func (w *Web) HasNotice() bool { return w.templates.HasNotice() }

// switchQuery returns what the language switch has to repeat: the query without the language, and the flow, which after
// a POST was in the form.
func switchQuery(query url.Values, flow string) string {
	query.Del("lang")
	query.Del("ui_locales")
	query.Del(cookieTest)
	if flow != "" {
		query.Set("flow", flow)
	}
	return query.Encode()
}

// SeeOther answers 303 to a path of this server (S-29, S-36): the browser follows with GET, and a reload posts nothing
// twice.
func SeeOther(c *gin.Context, address string) error {
	local, ok := LocalPath(address)
	if !ok {
		return errors.New("refusing to redirect outside this server")
	}
	c.Redirect(http.StatusSeeOther, local)
	return nil
}
