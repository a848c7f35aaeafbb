package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// S-31: an address that two programs may read differently is refused wherever a registration has one, by its value; what the
// specifications allow is not.
func TestSpellingOfAddresses(t *testing.T) {
	t.Parallel()
	const good = "https://app.example/cb"
	members := []string{"redirect_uris", "post_logout_redirect_uris", "initiate_login_uri", "client_uri", "logo_uri", "policy_uri", "tos_uri", "jwks_uri",
		"backchannel_logout_uri", "frontchannel_logout_uri", "sector_identifier_uri", "client_uri#es"}
	registered := func(member, uri string) error {
		document := map[string]any{"client_name": "x", "redirect_uris": []string{good}, member: uri}
		if strings.HasSuffix(member, "_uris") {
			document[member] = []string{uri}
		}
		text, err := json.Marshal(document)
		if err != nil {
			return err
		}
		var m Metadata
		if err := ReadMetadata(text, &m); err != nil {
			return err
		}
		return m.complete(Rules{})
	}
	for uri, says := range map[string]string{
		"https://app.example/%zz":                    "well-formed",
		"https://app.example/cb?a=%zz":               "%25",
		"https://app.example/cb?a=100%":              "%25",
		"https://app.example/a/../cb":                "/../",
		"https://app.example/a/..":                   "/../",
		"https://app.example/./cb":                   "/../",
		"https://app.example/%2e%2E/cb":              "/../",
		"https://app.example/a/.%2e":                 "/../",
		"https://app.example\\@b.example/cb":         "well-formed",
		"https://app.example/a\\cb":                  "backslash",
		"https://user@app.example/cb":                "user information",
		"https://user:secret@app.example/cb":         "user information",
		"https://@app.example/cb":                    "user information",
		"https://app.example/cb?":                    "empty query",
		"https://app.example/cb#":                    "fragment",
		"https://app.example/cb#a":                   "fragment",
		"https://app.example:/cb":                    "without a port",
		"https://app.example/c\u200bb":               "beyond ASCII",
		"https://app.example/ca\u00f1a":              "beyond ASCII",
		"https://app.example/cb?next=\u202ehttps://": "beyond ASCII",
	} {
		for _, member := range members {
			err := registered(member, uri)
			if fault, ok := errors.AsType[*MetadataError](err); !ok || fault.Member != member || !strings.Contains(fault.Rule, says) || !strings.Contains(fault.Rule, fmt.Sprintf("%q", uri)) {
				t.Errorf("%s %q: %v, want %q", member, uri, err, says)
			}
		}
	}
	for _, uri := range []string{
		good, "https://app.example", "https://app.example/", "https://app.example/a%20b", "https://app.example/a%2Fb", "https://app.example/.well-known/cb", "https://app.example/a..b/...",
		"https://app.example/cb?tenant=a&x=%C3%B1", "https://app.example/cb?next=/a/../b", "https://app.example:8443/cb", "https://[2001:db8::1]/cb", "https://app.example//cb", "https://xn--caa-8ma.example/cb;v=1",
	} {
		for _, member := range []string{"redirect_uris", "post_logout_redirect_uris", "initiate_login_uri", "backchannel_logout_uri"} {
			if err := registered(member, uri); err != nil {
				t.Errorf("%s %q: %v, want it registered", member, uri, err)
			}
		}
	}
	for uri, want := range map[string]string{
		"com.example.app:/callback": "", "com.example.app:/oauth2redirect/cb?x=1": "", "http://127.0.0.1/cb": "", "http://[::1]:4000/": "",
		"com.example.app:/a/../cb": "/../", "com.example.app:/cb?a=%": "%25", "com.example.app:/cb?": "empty query", "http://127.0.0.1/%2e%2e/cb": "/../", "http://127.0.0.1:/cb": "without a port",
	} {
		m := Metadata{ClientName: "x", ApplicationType: typeNative, TokenEndpointAuthMethod: "none", RedirectURIs: []string{uri}}
		err := m.complete(Rules{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("a native app's %q: %v, want %q", uri, err, want)
		}
	}
	for _, member := range []string{"redirect_uris", "post_logout_redirect_uris"} {
		m := Metadata{ClientName: "x", RedirectURIs: []string{good}}
		list := &m.RedirectURIs
		if member != "redirect_uris" {
			list = &m.PostLogoutRedirectURIs
		}
		*list = []string{good, good + "2", good}
		if err := m.complete(Rules{}); err == nil || err.Error() != member+`: "https://app.example/cb" is listed twice` {
			t.Errorf("%s with one twice: %v", member, err)
		}
	}
}
