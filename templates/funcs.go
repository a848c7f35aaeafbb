package templates

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
)

// funcs are the template functions of a language.
func (s *Set) funcs(c *catalog) template.FuncMap {
	return template.FuncMap{
		"t": func(key string, pairs ...any) (string, error) {
			args, err := toArgs(pairs)
			if err != nil {
				return "", err
			}
			return c.text(key, args)
		},
		"rich": func(key string, pairs ...any) (template.HTML, error) {
			args, err := toArgs(pairs)
			if err != nil {
				return "", err
			}
			return c.rich(key, args)
		},
		"paragraphs": func(key string, pairs ...any) ([]string, error) {
			args, err := toArgs(pairs)
			if err != nil {
				return nil, err
			}
			text, err := c.text(key, args)
			return strings.Split(text, "\n\n"), err
		},
		"brand":      func() (string, error) { return c.text("web.layout.brand", nil) },
		"official":   func() string { return c.options.Brand.Official[c.lang] },
		"hours":      c.hours,
		"privacy":    func() []string { return c.options.Brand.privacy[c.lang] },
		"notice":     func() []string { return c.options.Brand.notice[c.lang] },
		"taglines":   func() []Tagline { return c.options.Brand.taglines },
		"lang":       func() string { return c.lang },
		"others":     func() []Language { return s.others(c.lang) },
		"language":   s.languageName,
		"asset":      s.Asset,
		"args":       toArgs,
		"list":       func(names []string) string { return strings.Join(names, ", ") },
		"months":     c.months,
		"birthParts": func() []string { return []string{"birth_month", "birth_day", "birth_year"} },
		"reached":    reached,
		"wait":       c.wait,
		"lasted":     c.lasted,
		"moment":     c.dateTime,
		"when":       c.when,
		"day":        c.date,
		"device":     c.device,
		"sections":   func() []Section { return sections },
		"zone":       func(at time.Time) string { return at.In(c.options.TimeZone).Format("MST") },
		"iso":        func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
		"seconds":    func(d time.Duration) int { return int(d / time.Second) },
		"minutes": func(d time.Duration) (string, error) {
			return c.text("web.wait.minutes", Args{"n": int(d / time.Minute)})
		},
		"mailAbout":  c.mailLink,
		"phone":      c.phoneLink,
		"contacts":   c.contacts,
		"code":       codeHTML,
		"strong":     strongHTML,
		"address":    addressHTML,
		"addressed":  func(s string) template.HTML { return "<strong>" + addressHTML(s) + "</strong>" },
		"nowrap":     nowrapHTML,
		"personName": PersonName,
		"textIn":     func(lang, key string) string { return s.Text(lang, key, nil) },
		"legal":      legalHTML,
		"maskEmail":  MaskEmail,
		"first":      func(s string) string { return string([]rune(s)[:min(1, len([]rune(s)))]) },
		"domain":     func(s string) string { return s[strings.LastIndex(s, "@")+1:] },
		"tail":       func(s string) string { return s[max(0, len(s)-3):] },
		"spell":      spell,
		"plain":      strconv.Itoa,
		"accountURL": func() string { return c.options.AccountPath },
	}
}

// Section is a page of the account with its name.
type Section struct{ Path, Key string }

var sections = []Section{
	{"/account", "accounts.nav.home"}, {"/account/password", "accounts.nav.password"}, {"/account/factors", "accounts.nav.factors"},
	{"/account/question", "accounts.nav.question"}, {"/account/language", "accounts.nav.language"}, {"/account/sessions", "accounts.nav.sessions"},
	{"/account/apps", "accounts.nav.apps"}, {"/account/history", "accounts.nav.history"},
}

// device names a browser and its system, "" if unknown.
func (c *catalog) device(browser, system string) (string, error) {
	switch {
	case browser != "" && system != "":
		return c.text("accounts.sessions.device", Args{"browser": browser, "system": system})
	case browser+system != "":
		return browser + system, nil
	}
	return c.text("accounts.sessions.unknown", nil)
}

// toArgs takes one Args, or alternating names and values.
func toArgs(pairs ...any) (Args, error) {
	if len(pairs) == 1 {
		switch given := pairs[0].(type) {
		case Args:
			return given, nil
		case []any:
			return toArgs(given...)
		}
	}
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("a name without a value")
	}
	args := make(Args, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("the name of a place must be a string, got %T", pairs[i])
		}
		args[name] = pairs[i+1]
	}
	return args, nil
}

// rich returns the message as HTML: its text and plain values are escaped, {email} and {phone} are links.
func (c *catalog) rich(key string, args Args) (template.HTML, error) {
	pieces, err := c.pick(key, args)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i, p := range pieces {
		_, given := args[p.place]
		switch {
		case p.place == "":
			b.WriteString(template.HTMLEscapeString(p.text))
			continue
		case p.place == "email" && !given:
			b.WriteString(string(c.mailLink("")))
			continue
		case p.place == "phone" && !given:
			b.WriteString(string(c.phoneLink()))
			continue
		}
		value, err := c.value(p.place, args)
		if err != nil {
			return "", fmt.Errorf("text %q: %w", key, err)
		}
		if _, safe := args[p.place].(template.HTML); !safe {
			value = template.HTMLEscapeString(value)
		}
		b.WriteString(oneStop(value, pieces[i+1:]))
	}
	return template.HTML(b.String()), nil
}

// mailLink is the support address as a link; a subject, if any, contains a reference number and nothing else.
func (c *catalog) mailLink(subject string) template.HTML {
	address := template.HTMLEscapeString(c.options.SupportEmail)
	href := "mailto:" + address
	if subject != "" {
		href += "?subject=" + template.URLQueryEscaper(subject)
	}
	return template.HTML(`<a href="` + href + `">` + address + `</a>`)
}

// hours is the first key if the hours of support are known, otherwise the second.
func (c *catalog) hours(with, without string) string {
	if c.options.Brand.Hours[c.lang] != "" {
		return with
	}
	return without
}

// Month is an option of the select of months.
type Month struct {
	Value string
	Label string
}

func (c *catalog) months() ([]Month, error) {
	months := make([]Month, 12)
	for i := range months {
		name, err := c.month(i + 1)
		if err != nil {
			return nil, err
		}
		label, err := c.text("registration.personal.month_option", Args{"n": i + 1, "month": name})
		if err != nil {
			return nil, err
		}
		months[i] = Month{strconv.Itoa(i + 1), label}
	}
	return months, nil
}

// phoneLink is the support telephone as a link. A line for the deaf ("TTY 711") is a link of its own.
func (c *catalog) phoneLink() template.HTML { return phoneHTML(c.options.SupportPhone) }

func phoneHTML(phone string) template.HTML {
	number, tty, has := strings.Cut(phone, ", TTY")
	link := func(read string) string {
		return `<a href="` + template.HTMLEscapeString(telephone(read)) + `">` + template.HTMLEscapeString(read) + `</a>`
	}
	if !has {
		return template.HTML(link(phone))
	}
	return template.HTML(link(number) + ", " + link("TTY"+tty))
}

// contacts is a text in which the telephone and the address of support are links, so that no line ends inside a number.
func (c *catalog) contacts(text string) template.HTML {
	phone, email := template.HTMLEscapeString(c.options.SupportPhone), template.HTMLEscapeString(c.options.SupportEmail)
	return template.HTML(strings.NewReplacer(phone, string(c.phoneLink()), email, string(c.mailLink(""))).Replace(template.HTMLEscapeString(text)))
}

// MaskEmail shows enough of an address to recognize one's own: m•••@example.com.
func MaskEmail(address string) string {
	at := strings.LastIndex(address, "@")
	if at < 1 {
		return "•••"
	}
	return string([]rune(address)[:1]) + "•••" + address[at:]
}

// spell separates the characters of a code or number so that a screen reader reads them one by one.
func spell(s string) string { return strings.Join(strings.Split(s, ""), " ") }

// codeHTML shows a reference number in the typeface of codes, and has it read character by character.
func codeHTML(s string) template.HTML {
	return template.HTML(`<span class="code" aria-hidden="true">` + template.HTMLEscapeString(s) +
		`</span><span class="hidden">` + template.HTMLEscapeString(spell(s)) + `</span>`)
}

func strongHTML(s string) template.HTML {
	return template.HTML("<strong>" + template.HTMLEscapeString(s) + "</strong>")
}

// addressHTML lets a line end inside an address after the @ sign, rather than anywhere: it is compared letter by letter.
func addressHTML(s string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(s), "@", "@<wbr>"))
}

func nowrapHTML(s string) template.HTML {
	return template.HTML(`<span class="nowrap">` + template.HTMLEscapeString(s) + "</span>")
}

// reached reports for each of the five steps of a registration whether it is the nth or an earlier one.
func reached(n int) []bool {
	steps := make([]bool, 5)
	for i := range steps {
		steps[i] = i < n
	}
	return steps
}
