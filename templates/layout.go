package templates

import (
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"
)

// View is the data of a page template.
type View[P any] struct {
	Layout Layout
	Page   P
	Main   template.HTML // the page's "main", rendered before its frame
}

// Layout is the data that all pages have.
type Layout struct {
	Path, Query string            // of this page, for the form and the language switch
	CSRF        string            // token of the page's form
	FormMark    string            // name of its first control, which depends on the person; "" without cookies
	Flow        string            // opaque id of the pending authorization request, kept in links and forms; "" if none
	App         string            // name of the app whose request is pending, or ""
	Person      string            // first name of the person that the page is for, "" if it shows nothing of them
	SignedInAs  string            // username, "" if nobody is signed in
	Notice      *Notice           // banner above the page
	Typed       map[string]string // values of a refused form, except for secrets; nil for a new form
	Emptied     []string          // secrets that were typed before the language was switched, and have to be typed again
	Typing      *Hidden           // set by the renderer if the page's form has fields: the button that Enter presses, "" for one without a name
	Switchable  bool              // the page's form may be posted to switch the language
	Problems    []Problem         // why a form was refused, in the order of its fields
	IdleTimeout time.Duration     // of the session of a signed-in page, or what TimeoutBase is of; 0 elsewhere
	TimeLeft    time.Duration     // of that; 0 for all
	TimeoutBase string            // of the addresses that its script asks, "" for the session's
	SessionMark string            // of that session, for the page's timer
	Kiosk       bool              // unrelated people use this browser one after another
	Phone       *Phone            // at a kiosk: the service for one's own phone
	LeaveCSRF   string            // of the button that leaves a kiosk, on a page without a form
	PageForm    bool              // set by the renderer if the page has a form that this button can be part of: Enter never presses it
	RequestID   string            // shown on error pages
	Account     *Account          // shown on every page of the account's section, nil elsewhere
	Desk        *Desk             // whose console it is, nil outside the support desk and before its sign-in
	Partner     *Partner          // who is signed in to the partner area, nil elsewhere
	Sandbox     bool              // of a test environment with invented people, which every page says
	Title       string            // set by the renderer from the page's own title
}

// QR is a picture of unit squares, as the path of an SVG with sides of length Size.
type QR struct {
	Size int
	Path string
}

// Phone is the service's address, and its picture. It carries nothing of the session.
type Phone struct {
	QR      QR
	Address string
}

// Notice is a banner: Kind is ok, warn, info or error; Key and Args are its text.
type Notice struct {
	Kind string
	Key  string
	Args Args
}

// Account is what the member should see on every page of the account.
type Account struct {
	Held       []HeldChange
	NoQuestion bool // there is none, and there should be
}

// HeldChange is a held change, whoever asked for it.
type HeldChange struct {
	ID               string
	Act              string // admin.act.*
	AskedAt, ApplyAt time.Time
	Email            string // the new address, "" if there is none or it came to the desk in person: whoever has the session may be whom they flee
	InPerson         bool   // asked for at the desk with an ID: a session, which may be a thief's, cannot stop it
	Own              bool   // asked for in a session of the account's: a new password stops a change of address
}

// Problem is one reason why a form was refused. An empty Field means the form as a whole.
type Problem struct {
	Field string
	Key   string
	Args  Args
}

// To is the field or button by which a problem of the whole form can be mended, "" if there is none.
func (p Problem) To() string {
	switch p.Key {
	case "registration.personal.no_match":
		return "birth_month"
	case "registration.code.expired", "registration.code.ended":
		return "resend"
	}
	return ""
}

// Waits reports whether nothing is wrong: the member is asked to wait a moment. Such a page shows a countdown in place of
// an error.
func (p Problem) Waits() bool { return p.Field == "" && p.Key == "registration.code.resend_wait" }

// Asks reports whether nothing is wrong: the member is asked which of two addresses is meant. Such a page shows a button for
// each, which posts it as "meant", in place of an error.
func (p Problem) Asks() bool { return p.Field == "" && p.Key == "registration.email.lead" }

// Waits reports whether the page asks for a moment's patience and nothing else.
func (l Layout) Waits() bool { return len(l.Problems) > 0 && !l.Failed() }

// Failed reports whether the form has problems that the member has to mend.
func (l Layout) Failed() bool {
	return slices.ContainsFunc(l.Problems, func(p Problem) bool { return !p.Waits() && !p.Asks() })
}

// Problem returns the first problem of one of the fields, nil if they have none.
func (l Layout) Problem(fields ...string) *Problem {
	for i := range l.Problems {
		if slices.Contains(fields, l.Problems[i].Field) {
			return &l.Problems[i]
		}
	}
	return nil
}

// TypedIn is the value typed into a field of a refused form, or the page's own value.
func (l Layout) TypedIn(field, page string) string {
	if typed, ok := l.Typed[field]; ok {
		return typed
	}
	return page
}

// Ticked is TypedIn for a checkbox or radio button; an unticked one was not sent.
func (l Layout) Ticked(field, value string, page bool) bool {
	if l.Typed == nil {
		return page
	}
	return l.Typed[field] == value
}

// Unmet reports whether the refused new password broke a rule.
func (l Layout) Unmet(rule string) bool {
	p := l.Problem("new_password")
	if p == nil {
		return false
	}
	unmet, _ := p.Args["unmet"].([]string)
	return slices.Contains(unmet, rule)
}

// Secret reports whether the value of a field is never kept to be shown again.
func Secret(field string) bool {
	return field != "user_code" && (strings.Contains(field, "password") || strings.Contains(field, "answer") || strings.Contains(field, "code") || field == "credential")
}

// Again reports whether a secret has to be typed again because another field was refused or the language was switched.
func (l Layout) Again(id string) bool {
	return Secret(id) && (len(l.FieldProblems()) > 0 || l.WasEmptied(id)) && l.Problem(id) == nil
}

// WasEmptied reports whether a secret had been typed when the language was switched.
func (l Layout) WasEmptied(id string) bool {
	return slices.Contains(l.Emptied, id) && l.Problem(id) == nil
}

// FieldProblems are the problems of single fields.
func (l Layout) FieldProblems() []Problem {
	return slices.DeleteFunc(slices.Clone(l.Problems), func(p Problem) bool { return p.Field == "" })
}

// Wrong reports whether one of the problems has this key.
func (l Layout) Wrong(key string) bool {
	return slices.ContainsFunc(l.Problems, func(p Problem) bool { return p.Key == key })
}

// Here reports whether this page belongs to the section that begins at path.
func (l Layout) Here(path string) bool {
	return l.Path == path || path != "/account" && l.Under(path)
}

// Under reports whether this page is the one at path or below it.
func (l Layout) Under(path string) bool { return l.Path == path || strings.HasPrefix(l.Path, path+"/") }

// Link is a path of our own that keeps the pending request.
func (l Layout) Link(path string) string {
	if l.Flow == "" {
		return path
	}
	if strings.Contains(path, "?") {
		return path + "&" + url.Values{"flow": {l.Flow}}.Encode()
	}
	return path + "?" + url.Values{"flow": {l.Flow}}.Encode()
}

// Action is where the page's form is posted: its own address, with the link of a mail, without which it is another page.
func (l Layout) Action() string {
	q, _ := url.ParseQuery(l.Query)
	link := q.Get("link")
	if link == "" {
		return l.Link(l.Path)
	}
	q = url.Values{"link": {link}}
	if l.Flow != "" {
		q.Set("flow", l.Flow)
	}
	return l.Path + "?" + q.Encode()
}

// Switch is the address of this page in another language.
func (l Layout) Switch(lang string) string {
	q, err := url.ParseQuery(l.Query)
	if err != nil {
		q = url.Values{}
	}
	if l.Flow != "" {
		q.Set("flow", l.Flow)
	}
	q.Set("lang", lang)
	return l.Path + "?" + q.Encode()
}

// Hidden is a hidden form field.
type Hidden struct{ Name, Value string }
