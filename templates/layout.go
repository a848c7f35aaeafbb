package templates

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// View is what a page template is executed with.
type View[P any] struct {
	Layout Layout
	Page   P
}

// Layout is what every page has, whatever it shows.
type Layout struct {
	Path, Query string        // of this page, for the form and the language switch
	CSRF        string        // token of the page's form
	Flow        string        // opaque id of the pending authorization request, kept in links and forms; "" if none
	App         string        // name of the app that waits, "" if none
	Person      string        // first name of whom the page is for, "" where it says nothing of it
	SignedInAs  string        // username, "" when nobody is signed in
	Notice      *Notice       // banner above the page
	Problems    []Problem     // why a form was refused, in the order of its fields
	IdleTimeout time.Duration // of the session of a signed-in page; 0 elsewhere
	SessionMark string        // of that session, for the page's timer
	RequestID   string        // shown on error pages
	Desk        *Desk         // whose console it is, nil outside the support desk and before its sign-in
	Title       string        // set by the renderer from the page's own title
}

// Notice is a banner: Kind is ok, warn, info or error; Key and Args its sentence.
type Notice struct {
	Kind string
	Key  string
	Args Args
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
