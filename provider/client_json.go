package provider

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"huskyidp/internal/jws"
)

// ReadMetadata reads a registration from a file into m. The error is a *MetadataError in words of our own; an unknown
// or repeated member is an error.
func ReadMetadata(text []byte, m *Metadata) error { return readMembers(text, m, false) }

// ReadRegistration is ReadMetadata for one client of an import.
func ReadRegistration(text []byte, r *Registration) error { return readMembers(text, r, false) }

// readMembers fills in the members of a document. encoding/json would accept repeated names and any case, and its
// errors name Go types. An app that registers itself may send unknown members (RFC 7591 2).
func readMembers(text []byte, into any, unknownToo bool) error {
	sent, names, err := membersOf(bytes.TrimPrefix(text, []byte("\ufeff")))
	if err != nil {
		return err
	}
	fields := map[string]reflect.Value{}
	jsonFields(reflect.ValueOf(into).Elem(), fields)
	for _, name := range names {
		field, known := fields[name]
		if !known {
			if unknownToo {
				continue
			}
			return &MetadataError{name, unknownMember(name, fields)}
		}
		if json.Unmarshal(sent[name], field.Addr().Interface()) != nil {
			return &MetadataError{name, kindOf(field)}
		}
	}
	return nil
}

// membersOf splits an object into its members; names has them in order.
func membersOf(text []byte) (all map[string]json.RawMessage, names []string, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	malformed := func() error {
		rest := bytes.TrimLeft(text[d.InputOffset():], ", \t\r\n") // the error is after what was read
		return &MetadataError{"", fmt.Sprintf("the JSON is not well-formed at line %d", 1+bytes.Count(text[:len(text)-len(rest)], []byte("\n")))}
	}
	if !utf8.Valid(text) {
		return nil, nil, &MetadataError{"", "the JSON is not UTF-8"}
	}
	if !jws.Shallow(text) {
		return nil, nil, &MetadataError{"", "the JSON is nested too deep"}
	}
	open, err := d.Token()
	if err != nil {
		return nil, nil, malformed()
	}
	if open != json.Delim('{') {
		return nil, nil, &MetadataError{"", "the JSON is not an object of client metadata (RFC 7591 section 2)"}
	}
	all = map[string]json.RawMessage{}
	for d.More() {
		token, err := d.Token()
		name, _ := token.(string)
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return nil, nil, malformed()
		}
		if all[name] != nil || repeats(value) {
			return nil, nil, &MetadataError{name, "appears twice, or has a member that does"}
		}
		all[name], names = value, append(names, name)
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, malformed()
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, &MetadataError{"", "there is data after the JSON object"}
	}
	return all, names, nil
}

// repeats reports whether an object anywhere in a well-formed value has a name twice.
func repeats(value json.RawMessage) bool {
	d := json.NewDecoder(bytes.NewReader(value))
	var walk func() bool
	walk = func() bool {
		open, _ := d.Token()
		seen := map[any]bool{}
		if _, composite := open.(json.Delim); !composite {
			return false
		}
		for d.More() {
			if open == json.Delim('{') {
				name, _ := d.Token()
				if seen[name] {
					return true
				}
				seen[name] = true
			}
			if walk() {
				return true
			}
		}
		_, _ = d.Token()
		return false
	}
	return walk()
}

// jsonFields collects the fields of a struct by member name.
func jsonFields(of reflect.Value, fields map[string]reflect.Value) {
	for field, value := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" {
			jsonFields(value, fields)
		} else {
			fields[name] = value
		}
	}
}

// kindOf describes the type of a member, for an error.
func kindOf(field reflect.Value) string {
	if _, text := field.Addr().Interface().(encoding.TextUnmarshaler); text {
		return "is one string of names with spaces between them"
	}
	kind := field.Type()
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch kind.Kind() {
	case reflect.String:
		return "is a string"
	case reflect.Slice:
		return "is an array of strings"
	case reflect.Bool:
		return "is true or false, without quotes"
	case reflect.Int:
		return "is a whole number, without quotes"
	}
	return "is a JSON object"
}

// unknownMember is the error for an unknown name, with the most similar known one.
func unknownMember(name string, fields map[string]reflect.Value) string {
	switch name {
	case "client_secret":
		return "is drawn here, and printed once: leave it out"
	case "client_id":
		return "is not part of the registration: the command names it"
	}
	member, lang, tagged := strings.Cut(name, "#")
	if tagged {
		var langs []string
		for known := range fields {
			if of, other, ok := strings.Cut(known, "#"); ok && of == member {
				langs = append(langs, other)
			}
		}
		slices.Sort(langs)
		if langs == nil {
			return "is not given by language: only client_name, client_uri, logo_uri, policy_uri and tos_uri are"
		}
		return fmt.Sprintf("is in a language (%q) that our pages do not have: they have %s; %s without a language is for all others", lang, strings.Join(langs, " and "), member)
	}
	var known []string
	for one := range fields {
		known = append(known, one)
	}
	if near := Nearest(name, known); near != "" {
		return "is not a member of a registration: did you mean " + near + "?"
	}
	return "is not a member of a registration"
}

// Nearest returns the known word that was most likely meant, "" if none is similar.
func Nearest(word string, known []string) string {
	known = slices.Sorted(slices.Values(known))
	best, near := 1+len(word)/4, ""
	for _, one := range known {
		d := distance(strings.ToLower(word), one)
		if strings.HasPrefix(one, word) && len(word) > 3 {
			d = min(d, 1)
		}
		if d <= best && (near == "" || d < best) {
			best, near = d, one
		}
	}
	return near
}

// distance counts the letters to add, drop or change between two words (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
