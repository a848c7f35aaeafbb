package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"
	"github.com/caarlos0/env/v11"

	"huskyidp/members"
	"huskyidp/provider"
)

// mistakes collects everything that is wrong with the settings: one error per variable and cause, and one that gives
// the value of IDP_ACCEPT that would allow all the weaker settings.
type mistakes struct {
	all      []error
	unread   map[string]bool   // variables that could not be read: their values are not judged
	files    map[string]string // NAME_FILE and its path by NAME
	accepted []string          // by IDP_ACCEPT
	weaker   []string          // that IDP_ACCEPT would have to name
}

func (m *mistakes) add(err error) {
	if err != nil {
		m.all = append(m.all, err)
	}
}

func (m *mistakes) wrong(name, format string, args ...any) {
	if !m.unread[name] {
		m.add(fmt.Errorf("IDP_"+name+": "+format, args...))
	}
}

// weak is wrong unless IDP_ACCEPT names accept.
func (m *mistakes) weak(name, accept, what string) {
	m.wrong(name, "%s", what)
	m.weaker = append(m.weaker, accept)
}

func (m *mistakes) err() error {
	all := m.all
	if len(m.weaker) > 0 {
		names := slices.DeleteFunc(append(m.accepted, m.weaker...), func(name string) bool { return !slices.Contains(weaker, name) })
		all = append(all, fmt.Errorf("what is weaker can be accepted by name: IDP_ACCEPT=%s", strings.Join(names, ",")))
	}
	return errors.Join(all...)
}

// readEnvironment reads and checks all settings and reports all mistakes together.
func readEnvironment(vars map[string]string) (environment, settings, error) {
	e, m := parse(vars)
	s := e.check(m)
	return e, s, m.err()
}

// readAdminEnvironment reads what the management commands need: database and keys.
func readAdminEnvironment(vars map[string]string) (environment, settings, error) {
	e, m := parse(vars)
	s := settings{dsn: e.DatabaseURL, pooled: e.DatabasePooler != ""}
	e.checkDatabase(m)
	s.keks = e.checkKEKs(m)
	s.outbound = e.checkOutbound(m)
	s.clientRules.Certification, s.clientRules.Sandbox = e.checkCertification(m), e.Sandbox
	s.agreementDir = e.agreementDir()
	s.templates = e.checkLooks(m)
	var err error
	if s.numbers, err = members.NewNumberFormat(e.MemberNumber); err != nil {
		m.wrong("MEMBER_NUMBER_PATTERN", "%v", err)
	}
	return e, s, m.err()
}

// kinds describe the values of a type in an operator's words.
var kinds = map[reflect.Type]string{
	reflect.TypeFor[time.Duration]():     "a duration such as 5s, or 168h for seven days",
	reflect.TypeFor[bool]():              "true or false",
	reflect.TypeFor[int]():               "a whole number",
	reflect.TypeFor[int32]():             "a whole number",
	reflect.TypeFor[map[string]string](): "name=value, comma-separated",
}

// parse fills in the table.
func parse(vars map[string]string) (e environment, m *mistakes) {
	m = &mistakes{unread: map[string]bool{}, files: map[string]string{}}
	for name, path := range vars {
		if plain, isFile := strings.CutSuffix(name, "_FILE"); isFile {
			m.files[plain] = name + ": " + path
		}
	}
	vars, unread, err := withFiles(vars)
	m.add(err)
	for _, name := range unread {
		m.unread[name] = true
	}
	err = env.ParseWithOptions(&e, env.Options{Prefix: "IDP_", Environment: vars})
	all, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		m.add(err)
	}
	for _, mistake := range all.Errors {
		wrong, ok := errors.AsType[env.ParseError](mistake)
		field, known := reflect.TypeFor[environment]().FieldByName(wrong.Name)
		if !ok || !known {
			m.add(mistake)
			continue
		}
		name := field.Tag.Get("env")
		m.wrong(name, "must be %s", kinds[field.Type])
		m.unread[name] = true
	}
	m.accepted = e.Accept
	return e, m
}

// withFiles replaces each IDP_…_FILE by the content of the file, and refuses unknown names. unread are the settings,
// without prefix, that could not be read.
func withFiles(vars map[string]string) (all map[string]string, unread []string, err error) {
	all = make(map[string]string, len(vars))
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		value := vars[name]
		if err := unknownName(name, value); err != nil {
			wrong = append(wrong, err)
			continue
		}
		plain, isFile := strings.CutSuffix(name, "_FILE")
		if !isFile || !strings.HasPrefix(name, "IDP_") {
			all[name] = value
			continue
		}
		if _, both := vars[plain]; both {
			wrong = append(wrong, fmt.Errorf("%s and %s are both set: keep one", plain, name))
			continue
		}
		content, err := os.ReadFile(value)
		if err != nil {
			wrong, unread = append(wrong, fmt.Errorf("%s: %w", name, fileError(value, err))), append(unread, strings.TrimPrefix(plain, "IDP_"))
			continue
		}
		all[plain] = strings.TrimSpace(string(content))
		if all[plain] == "" && isNeededSecret(plain) {
			why := fmt.Errorf("%s: %s is empty: was the disk full, or is a mount missing? Fetch the copy of what it held", name, value)
			if plain == "IDP_KEK" {
				why = fmt.Errorf("%w. A new key is for a new database alone: with another key nothing in this one can be read", why)
			}
			wrong, unread = append(wrong, why), append(unread, strings.TrimPrefix(plain, "IDP_"))
		}
	}
	return all, unread, errors.Join(wrong...)
}

// isNeededSecret reports whether a setting holds a secret without which nothing starts. The file of another one may rightly be empty.
func isNeededSecret(name string) bool {
	for _, field := range fields() {
		if "IDP_"+field.Tag.Get("env") == name {
			return field.Tag.Get("secret") != "" && field.Tag.Get("must") != ""
		}
	}
	return name == "IDP_PORTAL_SECRET" || name == "IDP_PORTAL_KEY"
}

// names are the variables of all commands: the table's, those of the commands' flags, and the sample portal's.
var names = sync.OnceValue(func() []string {
	all := []string{"IDP_PORTAL_SECRET", "IDP_PORTAL_KEY"}
	for _, field := range fields() {
		all = append(all, "IDP_"+field.Tag.Get("env"))
	}
	_ = kong.Visit(kong.Must(&commands{}, kongOptions()...).Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			all = append(all, flag.Envs...)
		}
		return next(nil)
	})
	return all
})

// orchestrated are the variables that Kubernetes and Docker set for a service named idp.
var orchestrated = regexp.MustCompile(`^IDP_(\w+_)?(SERVICE_(HOST|PORT\w*)=|PORT(_\d+_(TCP|UDP|SCTP)\w*)?=(tcp|udp|sctp)://|PORT_\d+_(TCP|UDP|SCTP)_\w+=)`)

// unknownName is a mistake, because a misspelled setting would have no effect.
func unknownName(name, value string) error {
	short, ours := strings.CutPrefix(name, "IDP_")
	if !ours || orchestrated.MatchString(name+"="+value) {
		return nil
	}
	plain, isFile := strings.CutSuffix(short, "_FILE")
	if slices.Contains(names(), "IDP_"+plain) {
		return nil
	}
	var known []string
	for _, one := range names() {
		known = append(known, strings.TrimPrefix(one, "IDP_"))
	}
	near := didYouMean(plain, known)
	if isFile && near != "" {
		near = strings.TrimSuffix(near, "?") + "_FILE?"
	}
	return fmt.Errorf("%s%s", name, cmp.Or(strings.Replace(near, "did you mean ", "did you mean IDP_", 1), ": no command reads it"))
}

// didYouMean is ": did you mean …?" with the nearest of the words, or "".
func didYouMean(word string, known []string) string {
	byLower := map[string]string{}
	for _, one := range known {
		byLower[strings.ToLower(one)] = one
	}
	if near := provider.Nearest(word, slices.Collect(maps.Keys(byLower))); near != "" {
		return ": did you mean " + byLower[near] + "?"
	}
	return ""
}

// fields are the rows of the table.
func fields() []reflect.StructField { return reflect.VisibleFields(reflect.TypeFor[environment]()) }

// maxConfigFile in bytes.
const maxConfigFile = 1 << 20

// readConfigFile reads lines NAME=VALUE with the names of the environment. Empty lines and those that begin with # are
// ignored. Quotes around a value are removed; nothing else in it is special, so that passwords stay intact.
func readConfigFile(in io.Reader, path string) (map[string]string, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxConfigFile))
	if err != nil {
		return nil, err
	}
	vars := map[string]string{}
	var wrong []error
	for i, line := range strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			value = value[1 : n-1]
		}
		_, twice := vars[name]
		switch {
		case !ok || !strings.HasPrefix(name, "IDP_"):
			wrong = append(wrong, fmt.Errorf("%s: line %d: must be IDP_NAME=VALUE", path, i+1))
		case twice:
			wrong = append(wrong, fmt.Errorf("%s: line %d: %s appears twice", path, i+1, name))
		default:
			vars[name] = value
		}
	}
	return vars, errors.Join(wrong...)
}

// configure adds the file's settings to those of the environment, which take precedence.
func (p *process) configure(in io.Reader, path string) error {
	file, err := readConfigFile(in, path)
	if err != nil {
		return err
	}
	vars := maps.Clone(p.vars)
	if vars == nil {
		vars = map[string]string{}
	}
	p.origin = map[string]string{}
	for name, value := range file {
		plain := strings.TrimSuffix(name, "_FILE")
		_, set := p.vars[plain]
		_, setByFile := p.vars[plain+"_FILE"]
		_, sameSet := p.vars[name]
		if !set && !setByFile || plain == "IDP_KEK" && !sameSet { // two keys are a mistake, which is told
			vars[name], p.origin[name] = value, path
		}
	}
	p.vars = vars
	return nil
}
