package templates

import (
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"
)

// View is what a page template is executed with.
type View[P any] struct {
	Layout Layout
	Page   P
	Main   template.HTML // the page's "main", rendered before its frame
}

// Layout is what every page has, whatever it shows.
type Layout struct {
	Path, Query string            // of this page, for the form and the language switch
	CSRF        string            // token of the page's form
	FormMark    string            // name of its first control, which differs by whom it is for; "" without cookies
	Flow        string            // opaque id of the pending authorization request, kept in links and forms; "" if none
	App         string            // name of the app that waits, "" if none
	Person      string            // first name of whom the page is for, "" where it says nothing of it
	SignedInAs  string            // username, "" when nobody is signed in
	Notice      *Notice           // banner above the page
	Typed       map[string]string // what a refused form had, secrets apart; nil for a form that is new
	Emptied     []string          // secrets that were typed when the language was switched, and have to be typed again
	Typing      *Hidden           // set by the renderer where the page's form has fields: the button that Enter presses, "" for one without a name
	Switchable  bool              // the page's form may be posted to switch the language
	Problems    []Problem         // why a form was refused, in the order of its fields
	IdleTimeout time.Duration     // of the session of a signed-in page; 0 elsewhere
	SessionMark string            // of that session, for the page's timer
	RequestID   string            // shown on error pages
	Account     *Account          // what every page of the account's section shows besides, nil elsewhere
	Desk        *Desk             // whose console it is, nil outside the support desk and before its sign-in
	Title       string            // set by the renderer from the page's own title
}

// Notice is a banner: Kind is ok, warn, info or error; Key and Args its sentence.
type Notice struct {
	Kind string
	Key  string
	Args Args
}

// Account is what the member should see on whichever page of the account they are.
type Account struct {
	Held       []HeldChange
	NoQuestion bool // none is set, and one should be
}

// HeldChange is a change that waits, whoever asked for it.
type HeldChange struct {
	ID               string
	Act              string // admin.act.*
	AskedAt, ApplyAt time.Time
	InPerson         bool // by whoever stood at the desk with an ID: a session does not stop it, which may be a thief's
}

// Problem is one reason why a form was refused. An empty Field means the form as a whole.
type Problem struct {
	Field string
	Key   string
	Args  Args
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

// TypedIn is what was typed into a field that is shown again, else what the page has for it.
func (l Layout) TypedIn(field, page string) string {
	if typed, ok := l.Typed[field]; ok {
		return typed
	}
	return page
}

// Ticked is TypedIn for a box or a button with a value; one that is not ticked was not sent.
func (l Layout) Ticked(field, value string, page bool) bool {
	if l.Typed == nil {
		return page
	}
	return l.Typed[field] == value
}

// Unmet reports whether a rule of a new password was not met by the one that was refused.
func (l Layout) Unmet(rule string) bool {
	p := l.Problem("new_password")
	if p == nil {
		return false
	}
	unmet, _ := p.Args["unmet"].([]string)
	return slices.Contains(unmet, rule)
}

// Secret reports whether what is typed into a field of ours is never kept to be shown again.
func Secret(field string) bool {
	return field != "user_code" && (strings.Contains(field, "password") || strings.Contains(field, "answer") || strings.Contains(field, "code") || field == "credential")
}

// Again reports whether a secret has to be typed again since another field was refused, or the language was switched.
func (l Layout) Again(id string) bool {
	return Secret(id) && (len(l.FieldProblems()) > 0 || l.WasEmptied(id)) && l.Problem(id) == nil
}

// WasEmptied reports whether a secret was typed when the language was switched.
func (l Layout) WasEmptied(id string) bool {
	return slices.Contains(l.Emptied, id) && l.Problem(id) == nil
}

// FieldProblems are those that belong to a field.
func (l Layout) FieldProblems() []Problem {
	return slices.DeleteFunc(slices.Clone(l.Problems), func(p Problem) bool { return p.Field == "" })
}

// Wrong reports whether one of the problems is the text with this key.
func (l Layout) Wrong(key string) bool {
	return slices.ContainsFunc(l.Problems, func(p Problem) bool { return p.Key == key })
}

// Here reports whether this page belongs to the section that begins at path.
func (l Layout) Here(path string) bool {
	return l.Path == path || path != "/account" && strings.HasPrefix(l.Path, path+"/")
}

// Link is a path of our own, with the pending request kept.
func (l Layout) Link(path string) string {
	if l.Flow == "" {
		return path
	}
	if strings.Contains(path, "?") {
		return path + "&" + url.Values{"flow": {l.Flow}}.Encode()
	}
	return path + "?" + url.Values{"flow": {l.Flow}}.Encode()
}

// Action is where the page's form is posted: the page's own address.
func (l Layout) Action() string { return l.Link(l.Path) }

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

// Hidden is a form field the member does not see.
type Hidden struct{ Name, Value string }
