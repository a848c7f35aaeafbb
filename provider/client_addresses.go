package provider

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// returnURIRule returns the rule that an address to which the browser returns breaks, or "". A native app may have a
// private-use scheme: a domain of its maker reversed, so that no two apps choose the same (RFC 8252 7.1).
func (m *Metadata) returnURIRule(uri string, insecureLocal bool) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" || u.Scheme == "http" || u.Scheme == "https" {
		return m.webReturnRule(uri, insecureLocal)
	}
	switch {
	case m.ApplicationType != typeNative:
		return `is not https; a scheme of an app's own needs application_type "native"`
	case !strings.Contains(u.Scheme, "."):
		return "has a scheme without a dot: take a domain of yours reversed, as in com.example.app:/callback (RFC 8252 section 7.1)"
	case u.Host != "" || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(uri, " \t\r\n\\"):
		return "must have the form scheme:/path (RFC 8252 section 7.1)"
	case strings.Contains(uri, "#"):
		return "has a fragment"
	}
	return spellingRule(uri, u)
}

// webReturnRule is returnURIRule for http and https: addresses are compared exactly, except for the port of a native app
// on this machine.
func (m *Metadata) webReturnRule(uri string, insecureLocal bool) string {
	u, err := url.Parse(uri)
	switch rule := redirectURIRule(uri, insecureLocal); {
	case rule == notHTTPS && u.Scheme == "http" && isLocalhost(u.Hostname()):
		return rule + ", and localhost may be another machine: take http://127.0.0.1 or http://[::1], with application_type native any port will do (RFC 8252 section 8.3)"
	case rule != "":
		return rule
	}
	before, _, _ := strings.Cut(uri, "?")
	if strings.ContainsAny(before, "*{}") {
		return "has a pattern: addresses are compared exactly, so register each one"
	}
	if err == nil && m.ApplicationType != typeNative && u.Scheme == "http" && isLoopback(u.Hostname()) && u.Port() == "" {
		return `has no port: name the one that your app listens on; an app that takes any is registered with "application_type": "native" (RFC 8252 section 7.3)`
	}
	return ""
}

// hostName matches names as in DNS; other letters are written as xn--.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$`)

// redirectURIRule returns the rule that the URI breaks, or "" (S-31): https, or
// http on a loopback address for native apps; no fragment, no user information.
func redirectURIRule(uri string, insecureLocal bool) string {
	u, err := url.Parse(uri)
	switch {
	case err != nil && strings.HasPrefix(uri, "http") && strings.Contains(uri, "://"):
		return "is not well-formed: host, port or a %XX cannot be read"
	case strings.Contains(uri, "\\"):
		return "has a backslash, which browsers read as /: write %5C or /"
	case err != nil || u.Host == "" || strings.ContainsAny(uri, " \t\r\n\\"):
		return "is not an absolute address, as in https://app.example/callback"
	case u.Fragment != "" || strings.Contains(uri, "#"):
		return "has a fragment"
	case u.User != nil:
		return "has user information"
	case strings.Contains(u.Hostname(), "*"):
		return "has a * in its host: addresses are compared exactly, so register each host by itself"
	case net.ParseIP(u.Hostname()) == nil && !hostName.MatchString(u.Hostname()):
		return "has a host that is neither a DNS name nor an IP address: write letters beyond ASCII as xn--"
	case !goodPort(u.Port()):
		return "has a port that is not 1 to 65535"
	case spellingRule(uri, u) != "":
		return spellingRule(uri, u)
	case u.Scheme == "https":
		return ""
	case u.Scheme == "http" && (isLoopback(u.Hostname()) || insecureLocal && u.Hostname() == "localhost"):
		return ""
	}
	return notHTTPS
}

const notHTTPS = "is not https"

// sameOrigin reports whether scheme, host and port are the same, with the default port named or not.
func sameOrigin(one, other string) bool {
	a, b := strings.ToLower(origin(one)), strings.ToLower(origin(other))
	for scheme, port := range map[string]string{"http:": ":80", "https:": ":443"} {
		if strings.HasPrefix(a, scheme) {
			return strings.TrimSuffix(a, port) == strings.TrimSuffix(b, port)
		}
	}
	return false
}

// dotSegment matches a part of a path that leads elsewhere, as browsers read it (WHATWG URL 4.4: also %2e).
var dotSegment = regexp.MustCompile(`(?i)/(\.|%2e){1,2}(/|$)`)

// badEscape matches a % that no two hexadecimal digits follow.
var badEscape = regexp.MustCompile(`%($|[^0-9A-Fa-f]|[0-9A-Fa-f]($|[^0-9A-Fa-f]))`)

// spellingRule returns what makes two programs read a well-formed address differently, or "". Addresses are compared byte
// for byte, so an app would never send what a browser or library normalises.
func spellingRule(uri string, u *url.URL) string {
	before, _, _ := strings.Cut(uri, "?")
	switch {
	case badEscape.MatchString(uri):
		return "is not well-formed: a % must be followed by two hexadecimal digits, and itself is written %25"
	case strings.ContainsFunc(uri, func(r rune) bool { return r > '~' }):
		return "has characters beyond ASCII, some of which cannot be seen: write them as %XX"
	case dotSegment.MatchString(before):
		return "has a /./ or /../ in its path, also as %2e: browsers take it out, so register the path that it leads to"
	case u.ForceQuery:
		return "has an empty query: leave out the ? at its end"
	case strings.HasSuffix(u.Host, ":"):
		return "has a : without a port: leave it out"
	}
	return ""
}

// twice returns the first value that is listed more than once, or "".
func twice(values []string) string {
	for i, value := range values {
		if slices.Contains(values[:i], value) {
			return value
		}
	}
	return ""
}

func goodPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

func isLocalhost(host string) bool {
	return strings.EqualFold(host, "localhost") || strings.HasSuffix(strings.ToLower(host), ".localhost")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// returnsTo reports whether the client registered this redirect URI. fosite would also accept user information, and a
// host or query in another spelling.
func (c *Client) returnsTo(uri string) bool { return c.isOneOf(c.Metadata.RedirectURIs, uri) }

// isOneOf compares byte for byte, except for the port of a native app's loopback address, which the system chooses (RFC
// 6749 3.1.2.3, RFC 8252 7.3); a web app's port is fixed.
func (c *Client) isOneOf(registered []string, uri string) bool {
	if slices.Contains(registered, uri) {
		return true
	}
	bare, ok := withoutLoopbackPort(uri)
	return ok && c.Metadata.ApplicationType == typeNative && slices.ContainsFunc(registered, func(one string) bool {
		other, ok := withoutLoopbackPort(one)
		return ok && other == bare
	})
}

// withoutLoopbackPort returns an http address of this machine without its port; false for any other.
func withoutLoopbackPort(uri string) (string, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "http" || u.User != nil || !goodPort(u.Port()) || u.String() != uri {
		return "", false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil || !ip.IsLoopback() {
		return "", false
	}
	u.Host = ip.String()
	return u.String(), true
}
