package web

import (
	"net/url"
	"path"
	"strings"
)

// LocalPath accepts addresses of pages on this server: path and query in the form that we write ourselves. It refuses
// whatever browsers, proxies or a second decoding could take for something else: control characters, encoded ones
// included, which browsers drop; backslashes, which they turn into slashes; doubled slashes, which begin a host. It
// returns the address re-serialised.
func LocalPath(address string) (local string, ok bool) {
	if !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") || strings.ContainsFunc(address, unfit) {
		return "", false
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || u.Fragment != "" {
		return "", false
	}
	if strings.ContainsFunc(u.Path, unfit) || strings.Contains(u.Path, "%") || strings.Contains(u.Path, "//") ||
		path.Clean(u.Path) != u.Path && path.Clean(u.Path)+"/" != u.Path {
		return "", false
	}
	if u.RawQuery != "" {
		return u.EscapedPath() + "?" + u.RawQuery, true
	}
	return u.EscapedPath(), true
}

// unfit reports characters that never occur in our addresses.
func unfit(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }

// localOr returns the address if it is local, otherwise the start page.
func localOr(address string) string {
	if local, ok := LocalPath(address); ok {
		return local
	}
	return "/"
}
