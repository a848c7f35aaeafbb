package provider

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// LanguageMetadata holds the metadata that may be given per language (OpenID Connect Dynamic Client Registration 2.1),
// one field for each language of the catalogs; a value without a language tag is for all others. A new language needs
// its lines here and in fields; TestLanguageMetadata names them.
type LanguageMetadata struct {
	ClientNameES string `json:"client_name#es,omitempty"`
	ClientNameEN string `json:"client_name#en,omitempty"`
	ClientURIES  string `json:"client_uri#es,omitempty"`
	ClientURIEN  string `json:"client_uri#en,omitempty"`
	LogoURIES    string `json:"logo_uri#es,omitempty"`
	LogoURIEN    string `json:"logo_uri#en,omitempty"`
	PolicyURIES  string `json:"policy_uri#es,omitempty"`
	PolicyURIEN  string `json:"policy_uri#en,omitempty"`
	TosURIES     string `json:"tos_uri#es,omitempty"`
	TosURIEN     string `json:"tos_uri#en,omitempty"`
}

// fields returns the values by member name.
func (l *LanguageMetadata) fields() map[string]string {
	return map[string]string{
		"client_name#es": l.ClientNameES, "client_name#en": l.ClientNameEN, "client_uri#es": l.ClientURIES, "client_uri#en": l.ClientURIEN,
		"logo_uri#es": l.LogoURIES, "logo_uri#en": l.LogoURIEN, "policy_uri#es": l.PolicyURIES, "policy_uri#en": l.PolicyURIEN,
		"tos_uri#es": l.TosURIES, "tos_uri#en": l.TosURIEN,
	}
}

// check applies to each the rules of the member without a language.
func (l *LanguageMetadata) check(insecureLocal bool) error {
	fields := l.fields()
	for _, member := range slices.Sorted(maps.Keys(fields)) {
		value := fields[member]
		switch {
		case value == "":
		case strings.HasPrefix(member, "client_name#"):
			if !goodName(value) {
				return &MetadataError{member, nameRule}
			}
		default:
			if rule := redirectURIRule(value, insecureLocal); rule != "" {
				return &MetadataError{member, fmt.Sprintf("%q %s", value, rule)}
			}
		}
	}
	return nil
}

const nameRule = "has 1 to 80 characters, none of them invisible; members see it"

// goodName refuses what makes a name look like another one: direction marks, zero-width and control characters.
func goodName(name string) bool {
	return strings.TrimSpace(name) != "" && len(name) <= 80 && !strings.ContainsFunc(name, func(r rune) bool { return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) })
}

// shown is what members see of an app, in their language.
type shown struct{ Name, ClientURI, PolicyURI, TosURI, LogoPath string }

// in returns what is shown in lang, a language of the catalogs.
func (c *Client) in(lang string) shown {
	m, fields := c.Metadata, c.Metadata.fields()
	logo := c.logos[lang]
	if logo == nil {
		logo = c.logos[""]
	}
	return shown{
		Name:      strings.Join(strings.Fields(cmp.Or(fields["client_name#"+lang], m.ClientName)), " "), // one line, also in a mail
		ClientURI: cmp.Or(fields["client_uri#"+lang], m.ClientURI),
		PolicyURI: cmp.Or(fields["policy_uri#"+lang], m.PolicyURI), TosURI: cmp.Or(fields["tos_uri#"+lang], m.TosURI), LogoPath: logo.path(),
	}
}

// called returns the names of the app for an event of the member's history, which is read in any language.
func (c *Client) called() map[string]string {
	names := map[string]string{"app": c.in("").Name}
	for member := range c.Metadata.fields() {
		if lang, ok := strings.CutPrefix(member, "client_name#"); ok && c.in(lang).Name != names["app"] {
			names["app#"+lang] = c.in(lang).Name
		}
	}
	return names
}
