package templates

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Args are the values for the places of a message.
type Args = map[string]any

// Key, as a value, is replaced by the catalog text with that key, in the language of the message.
type Key string

// catalog is one language: its messages, and the operator's options in it.
type catalog struct {
	lang     string
	tag      language.Tag
	messages map[string]message
	options  Options
	draft    string // why it is not to be relied on; "" if it is
}

// draftKey marks a catalog as a draft, which is shown only where an operator names its language.
const draftKey = "_draft"

// message has one form of text per plural category; a message without plurals has only the form Other.
type message struct {
	plural bool
	forms  map[plural.Form][]piece
}

// piece is literal text or, if place is set, a place to fill.
type piece struct{ text, place string }

// pluralForms are the categories allowed in a catalog, by their CLDR names.
var pluralForms = map[string]plural.Form{
	"zero": plural.Zero, "one": plural.One, "two": plural.Two, "few": plural.Few, "many": plural.Many, "other": plural.Other,
}

// parseCatalog reads the JSON of one language.
func parseCatalog(lang string, data []byte, options Options) (*catalog, error) {
	tag, err := language.Parse(lang)
	if err != nil {
		return nil, fmt.Errorf("language %q: %w", lang, err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("catalog %s: %w", lang, err)
	}
	c := &catalog{lang: lang, tag: tag, messages: make(map[string]message, len(raw)), options: options}
	if draft, ok := raw[draftKey]; ok {
		if err := json.Unmarshal(draft, &c.draft); err != nil || c.draft == "" {
			return nil, fmt.Errorf("catalog %s: %s: must be a text that says who has yet to read it", lang, draftKey)
		}
		delete(raw, draftKey)
	}
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		m, err := parseMessage(raw[key])
		if err != nil {
			return nil, fmt.Errorf("catalog %s: %s: %w", lang, key, err)
		}
		c.messages[key] = m
	}
	for key, text := range options.Brand.messages(lang) {
		c.messages[key] = message{forms: map[plural.Form][]piece{plural.Other: {{text: text}}}}
	}
	return c, nil
}

// isDraft reports whether a catalog is one, without parsing its messages.
func isDraft(data []byte) (bool, error) {
	var c struct {
		Draft json.RawMessage `json:"_draft"`
	}
	err := json.Unmarshal(data, &c)
	return c.Draft != nil, err
}

func parseMessage(raw json.RawMessage) (message, error) {
	var text string
	if err := json.Unmarshal(raw, &text); err == nil {
		pieces, err := parsePieces(text)
		return message{forms: map[plural.Form][]piece{plural.Other: pieces}}, err
	}
	var texts map[string]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		return message{}, fmt.Errorf("neither a text nor plural forms")
	}
	m := message{plural: true, forms: make(map[plural.Form][]piece, len(texts))}
	for name, text := range texts {
		form, ok := pluralForms[name]
		if !ok {
			return message{}, fmt.Errorf("%q is not a plural category", name)
		}
		pieces, err := parsePieces(text)
		if err != nil {
			return message{}, err
		}
		m.forms[form] = pieces
	}
	if _, ok := m.forms[plural.Other]; !ok {
		return message{}, fmt.Errorf("the plural category other is missing")
	}
	return m, nil
}

func parsePieces(text string) ([]piece, error) {
	var pieces []piece
	for text != "" {
		literal, rest, open := strings.Cut(text, "{")
		if strings.Contains(literal, "}") {
			return nil, fmt.Errorf("a } without its {")
		}
		if literal != "" {
			pieces = append(pieces, piece{text: literal})
		}
		if !open {
			break
		}
		place, after, closed := strings.Cut(rest, "}")
		if !closed || place == "" {
			return nil, fmt.Errorf("a { without a name and its }")
		}
		pieces = append(pieces, piece{place: place})
		text = after
	}
	return pieces, nil
}

// pick returns the pieces of the form for the place n.
func (c *catalog) pick(key string, args Args) ([]piece, error) {
	m, ok := c.messages[key]
	if !ok {
		return nil, fmt.Errorf("no text %q in language %s", key, c.lang)
	}
	if !m.plural {
		return m.forms[plural.Other], nil
	}
	n, ok := args["n"].(int)
	if !ok {
		return nil, fmt.Errorf("text %q: n must be an int, got %T", key, args["n"])
	}
	if pieces, ok := m.forms[plural.Cardinal.MatchPlural(c.tag, max(n, -n), 0, 0, 0, 0)]; ok {
		return pieces, nil
	}
	return m.forms[plural.Other], nil
}

// text returns the message as plain text.
func (c *catalog) text(key string, args Args) (string, error) {
	pieces, err := c.pick(key, args)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i, p := range pieces {
		if p.place == "" {
			b.WriteString(p.text)
			continue
		}
		value, err := c.value(p.place, args)
		if err != nil {
			return "", fmt.Errorf("text %q: %w", key, err)
		}
		b.WriteString(oneStop(value, pieces[i+1:]))
	}
	return b.String(), nil
}

// oneStop drops the full stop of a value such as "3:05 p. m." at the end of a sentence that has its own.
func oneStop(value string, after []piece) string {
	if len(after) > 0 && strings.HasPrefix(after[0].text, ".") {
		return strings.TrimSuffix(value, ".")
	}
	return value
}

// has reports whether the catalog has the key.
func (c *catalog) has(key string) bool {
	_, ok := c.messages[key]
	return ok
}
