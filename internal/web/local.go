package web

import (
	"net/url"
	"path"
	"strings"
)

// LocalPath judges an address that leads to a page of this server: path and query, as we write
// them ourselves. What browsers, proxies or a second decoding could take for anything else is
// none: control characters, also in disguise, which browsers drop; a backslash, which they turn
// round; a doubled slash, which names another host. The address comes back as it was parsed.
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

// unfit are the characters that stand in no address of ours.
func unfit(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }

// localOr is the address if it is local, else the start page.
func localOr(address string) string {
	if local, ok := LocalPath(address); ok {
		return local
	}
	return "/"
}
