package partners

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"huskyidp/accounts"
	"huskyidp/templates"
)

// Step is a part of the form, on a page of its own.
type Step string

// The steps, in their order.
const (
	AboutOrganisation Step = "organisation"
	AboutApp          Step = "app"
	Access            Step = "access"
	Data              Step = "data"
	Promises          Step = "promises"
)

// Steps are all of them.
func Steps() []Step { return []Step{AboutOrganisation, AboutApp, Access, Data, Promises} }

// Kind is how a field is filled in.
type Kind string

// The kinds. A promise is a box that must be ticked.
const (
	Text    Kind = "text"
	Email   Kind = "email"
	Address Kind = "url"
	Lines   Kind = "lines" // several lines
	Choice  Kind = "choice"
	Box     Kind = "box"
	Promise Kind = "promise"
)

// Field is a field of the form; its words stand under partners.field.<name>.
type Field struct {
	Name     string
	Kind     Kind
	Max      int // characters
	Optional bool
	Choices  []string
}

// The ways in which an app may authenticate.
const (
	authKeys   = "private_key_jwt"
	authSecret = "client_secret_basic"
	authNone   = "none"
)

const yes = "yes" // the value of a ticked box

var fields = map[Step][]Field{
	AboutOrganisation: {
		{Name: "operator", Kind: Text, Max: 80}, {Name: "website", Kind: Address, Max: 300}, {Name: "contact", Kind: Email, Max: 254},
		{Name: "security_contact", Kind: Email, Max: 254}, {Name: "complaints_contact", Kind: Email, Max: 254},
	},
	AboutApp: {
		{Name: "name_en", Kind: Text, Max: 60}, {Name: "name_es", Kind: Text, Max: 60}, {Name: "purpose", Kind: Lines, Max: 600},
		{Name: "policy_uri", Kind: Address, Max: 300}, {Name: "logo_uri", Kind: Address, Max: 300, Optional: true},
	},
	Access: {
		{Name: "app_type", Kind: Choice, Choices: []string{"web", "native"}}, {Name: "redirect_uris", Kind: Lines, Max: 2000},
		{Name: "auth", Kind: Choice, Choices: []string{authKeys, authSecret, authNone}},
		{Name: "jwks_uri", Kind: Address, Max: 300, Optional: true}, {Name: "jwks", Kind: Lines, Max: 12000, Optional: true},
	},
	Data: {
		{Name: "profile", Kind: Box}, {Name: "email", Kind: Box}, {Name: "offline_access", Kind: Box}, {Name: "record", Kind: Lines, Max: 1500, Optional: true},
	},
	Promises: { // in words of our own: the subjects of the code of conduct of the CARIN Alliance
		{Name: "ask_first", Kind: Promise}, {Name: "use", Kind: Promise}, {Name: "no_sale", Kind: Promise}, {Name: "security", Kind: Promise},
		{Name: "deletion", Kind: Promise}, {Name: "changes", Kind: Promise}, {Name: "complaints", Kind: Promise},
	},
}

// Fields are those of the step; none for an unknown one.
func (s Step) Fields() []Field { return fields[s] }

// Values are what was filled in, by the names of fields.
type Values map[string]string

// of returns the step's own values, trimmed, with what is not a field of it left out.
func (v Values) of(step Step) Values {
	own := Values{}
	for _, f := range step.Fields() {
		if text := strings.TrimSpace(strings.ReplaceAll(v[f.Name], "\r\n", "\n")); text != "" {
			own[f.Name] = text
		}
	}
	return own
}

// with returns the values with those of a step replaced.
func (v Values) with(step Step, own Values) Values {
	all := Values{}
	for _, s := range Steps() {
		from := v
		if s == step {
			from = own
		}
		for name, text := range from.of(s) {
			all[name] = text
		}
	}
	return all
}

// problems are the faults of a step that need no other look than at the form.
func (v Values) problems(step Step) (found []templates.Problem) {
	for _, f := range step.Fields() {
		if key := f.wrong(v[f.Name]); key != "" {
			found = append(found, templates.Problem{Field: f.Name, Key: key, Args: templates.Args{"n": strconv.Itoa(f.Max)}})
		}
	}
	if step == Access && v["auth"] == authKeys && v["jwks"] == "" && v["jwks_uri"] == "" {
		found = append(found, templates.Problem{Field: "jwks", Key: "partners.wrong.keys"})
	}
	return found
}

// wrong returns the key of what is wrong with a value, or "".
func (f Field) wrong(text string) string {
	switch {
	case f.Kind == Box:
		return ""
	case f.Kind == Promise && text != yes:
		return "partners.wrong.promise"
	case text == "" && f.Optional || f.Kind == Promise:
		return ""
	case text == "" || f.Kind == Choice && !slices.Contains(f.Choices, text):
		return "partners.wrong.missing"
	case f.Max > 0 && utf8.RuneCountInString(text) > f.Max:
		return "partners.wrong.long"
	case f.Kind == Email:
		if _, err := accounts.ParseEmail(text); err != nil {
			return "partners.wrong.email"
		}
	case f.Kind == Address:
		if u, err := url.Parse(text); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(text, " \n\t") {
			return "partners.wrong.address"
		}
	}
	return ""
}

// done reports whether a step is filled in.
func (v Values) done(step Step) bool { return len(v.problems(step)) == 0 }

// complete reports whether all steps are.
func (v Values) complete() bool {
	return !slices.ContainsFunc(Steps(), func(step Step) bool { return !v.done(step) })
}

// app is what the values register. Parts that are not filled in yet have values that break no rule, so that each step is judged by itself.
func (v Values) app() App {
	or := func(name, instead string) string {
		if v[name] == "" {
			return instead
		}
		return v[name]
	}
	a := App{
		Operator: or("operator", "Partner"), NameEN: or("name_en", "App"), NameES: or("name_es", "App"), PolicyURI: v["policy_uri"], LogoURI: v["logo_uri"],
		RedirectURIs: strings.Fields(or("redirect_uris", "https://app.example/callback")), Native: v["app_type"] == "native", Auth: or("auth", authSecret),
		JWKS: v["jwks"], JWKSURI: v["jwks_uri"], Scopes: []string{"openid"},
	}
	if a.Auth != authKeys {
		a.JWKS, a.JWKSURI = "", ""
	}
	if v["contact"] != "" {
		a.Contacts = []string{v["contact"]}
	}
	for _, scope := range []string{"profile", "email", "offline_access"} {
		if v[scope] == yes {
			a.Scopes = append(a.Scopes, scope)
		}
	}
	a.Scopes = append(a.Scopes, strings.Fields(v["record"])...)
	return a
}

// fieldOf is the field that shows what is wrong with a member of the registration; "" for the form as a whole.
func fieldOf(member string) string {
	switch member {
	case "operator_name":
		return "operator"
	case "client_name", "client_name#en":
		return "name_en"
	case "client_name#es":
		return "name_es"
	case "scope", "audience":
		return "record"
	case "token_endpoint_auth_method":
		return "auth"
	case "sector_identifier_uri", "application_type":
		return "redirect_uris"
	case "policy_uri", "logo_uri", "redirect_uris", "jwks", "jwks_uri":
		return member
	case "contacts":
		return "contact"
	}
	return ""
}

// privateMember is a member of a private or symmetric key (RFC 7518 section 6).
var privateMember = regexp.MustCompile(`"(d|p|q|dp|dq|qi|oth|k)"\s*:`)

// scrub drops keys with private members, which are neither kept nor shown again.
func (v Values) scrub() Values {
	if privateMember.MatchString(v["jwks"]) {
		delete(v, "jwks")
	}
	return v
}
