package provider

import (
	"errors"
	"strings"
	"testing"
)

// TestNonsenseIsNotRegistered: what could never work is refused with the member's name and the nearest right thing, in our own
// words, by the command and by an app that registers itself alike.
func TestNonsenseIsNotRegistered(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ document, member, says string }{
		{`{"redirect_uris": ["https://*.app.example/cb"]}`, "redirect_uris", "register each host"},
		{`{"redirect_uris": ["https://app.example/*"]}`, "redirect_uris", "register each one"},
		{`{"redirect_uris": ["https://app.example/{tenant}/cb"]}`, "redirect_uris", "register each one"},
		{`{"redirect_uris": ["https://aplicación.example/cb"]}`, "redirect_uris", "xn--"},
		{`{"redirect_uris": ["https://app..example/cb"]}`, "redirect_uris", "DNS name"},
		{`{"redirect_uris": ["https://app.example:99999/cb"]}`, "redirect_uris", "1 to 65535"},
		{`{"redirect_uris": ["https://app.example:port/cb"]}`, "redirect_uris", "not well-formed"},
		{`{"redirect_uris": ["app.example/cb"]}`, "redirect_uris", "https://app.example/callback"},
		{`{"redirect_uris": ["http://127.0.0.1/cb"]}`, "redirect_uris", `"application_type": "native"`},
		{`{"redirect_uris": ["https://app.example/cb"], "post_logout_redirect_uris": ["https://*.app.example/"]}`, "post_logout_redirect_uris", "register each host"},
		{`{"redirect_uris": ["https://app.example/cb"], "backchannel_logout_uri": "https://*.app.example/"}`, "backchannel_logout_uri", "register each host"},
		{`{"redirect_uris": "https://app.example/cb"}`, "redirect_uris", "is an array of strings"},
		{`{"redirect_uris": [1]}`, "redirect_uris", "is an array of strings"},
		{`{"redirect_uris": ["https://app.example/cb"], "redirect_uris": ["https://b.example/cb"]}`, "redirect_uris", "appears twice"},
		{`{"redirect_uris": ["https://app.example/cb"], "jwks": {"keys": [], "keys": []}}`, "jwks", "appears twice"},
		{`{"redirect_uris": ["https://app.example/cb"], "scope": ["openid"]}`, "scope", "one string"},
		{`{"redirect_uris": ["https://app.example/cb"], "require_pkce": "yes"}`, "require_pkce", "true or false"},
		{`{"redirect_uris": ["https://app.example/cb"], "default_max_age": "1h"}`, "default_max_age", "whole number"},
		{`{"redirect_uris": ["https://app.example/cb"], "jwks": "x"}`, "jwks", "JWK Set"},
		{`{"redirect_uris": ["https://app.example/cb"], "scope": "openid offline"}`, "scope", "did you mean offline_access?"},
		{`{"redirect_uris": ["https://app.example/cb"], "scope": "openid e-mail"}`, "scope", "did you mean email?"},
		{`{"redirect_uris": ["https://app.example/cb"], "scope": "openid phone"}`, "scope", "is not one of openid, profile"},
		{`{"redirect_uris": ["https://app.example/cb"], "scope": "openid offline", "audience": ["https://api.example"]}`, "scope", "did you mean offline_access?"},
		{`{"redirect_uris": ["https://app.example/cb"], "scope": "openid offline_access", "grant_types": ["authorization_code"]}`, "scope", "add refresh_token to grant_types"},
		{`{"redirect_uris": ["https://app.example/cb"], "profile": "partner", "operator_name": "O", "scope": "openid offline_access", "grant_types": ["authorization_code"]}`, "scope", "add refresh_token to grant_types"},
		{`{"redirect_uris": ["https://app.example/cb"], "audience": ["api"]}`, "audience", "https://api.example"},
		{`{"redirect_uris": ["https://app.example/cb"], "audience": ["https://api.example/#x"]}`, "audience", "without a fragment"},
		{`{"redirect_uris": ["https://app.example/cb"], "resource_server": ["api"]}`, "resource_server", "https://api.example"},
		{"{\n\"redirect_uris\": [],\n]", "", "not well-formed at line 3"},
		{`{"redirect_uris": [}`, "", "not well-formed"},
		{`["https://app.example/cb"]`, "", "is not an object"},
		{``, "", "not well-formed"},
		{`{} {}`, "", "data after"},
		{"{\"client_name\": \"\xff\"}", "", "UTF-8"},
	} {
		for _, unknownToo := range []bool{false, true} {
			m := Metadata{ClientName: "x"}
			err := readMembers([]byte(test.document), &m, unknownToo)
			if err == nil {
				err = m.complete(Rules{})
			}
			fault, ok := errors.AsType[*MetadataError](err)
			if !ok || fault.Member != test.member || !strings.Contains(fault.Rule, test.says) {
				t.Errorf("%s: %v, want %q at %q", test.document, err, test.says, test.member)
			}
		}
	}
	for document, says := range map[string]string{
		`{"redirect_uri": "https://app.example/cb"}`: "redirect_uri: is not a member of a registration: did you mean redirect_uris?",
		`{"redirectUris": []}`:                       "did you mean redirect_uris?",
		`{"Client_Name": "x"}`:                       "did you mean client_name?",
		`{"client_secret": "x"}`:                     "client_secret: is drawn here",
		`{"client_id": "x"}`:                         "the command names it",
		`{"client_name#fr": "x"}`:                    `(\"fr\") that our pages do not have: they have en and es`,
		`{"client_name#es-MX": "x"}`:                 "they have en and es",
		`{"contacts#es": []}`:                        "is not given by language",
		`{"favourite_colour": "red"}`:                "favourite_colour: is not a member of a registration",
	} {
		says = strings.ReplaceAll(says, `\"`, `"`)
		if err := ReadMetadata([]byte(document), &Metadata{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", document, err, says)
		}
		var m Metadata
		if err := readMembers([]byte(document), &m, true); err != nil { // RFC 7591 2: ignored
			t.Errorf("%s of an app that registers itself: %v", document, err)
		}
	}
	for _, document := range []string{
		`{"redirect_uris": ["https://app.example/cb?a=*&b=%2A", "https://xn--caf-dma.example:8443/cb", "http://127.0.0.1:9000/cb", "https://[2001:db8::1]/cb"]}`,
		`{"redirect_uris": ["http://127.0.0.1/cb"], "application_type": "native", "token_endpoint_auth_method": "none"}`,
		`{"redirect_uris": ["https://app.example/cb"], "scope": "openid reports.read", "audience": ["https://api.example", "urn:example:api"]}`,
		`{"redirect_uris": ["https://app.example/cb"], "scope": "openid admin", "audience": ["https://desk.example/admin/v1"]}`,
		"\ufeff" + `{"redirect_uris": ["https://app.example/cb"], "jwks": null}`,
	} {
		m := Metadata{ClientName: "x"}
		if err := errors.Join(ReadMetadata([]byte(document), &m), m.complete(Rules{})); err != nil {
			t.Errorf("%s: %v", document, err)
		}
	}
	m := Metadata{ClientName: "x", RedirectURIs: []string{"https://app.example/cb"}, GrantTypes: []string{"authorization_code"}}
	if err := m.complete(Rules{}); err != nil || joinScopes(m.Scope) != "openid profile email husky.member" {
		t.Errorf("without the refresh grant: %q, %v", m.Scope, err)
	}
}
