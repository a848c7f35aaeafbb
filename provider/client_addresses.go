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
	return ""
}

// webReturnRule is returnURIRule for http and https: addresses are compared exactly, except for the port of a native app
// on this machine.
func (m *Metadata) webReturnRule(uri string, insecureLocal bool) string {
	if rule := redirectURIRule(uri, insecureLocal); rule != "" {
		return rule
	}
	before, _, _ := strings.Cut(uri, "?")
	if strings.ContainsAny(before, "*{}") {
		return "has a pattern: addresses are compared exactly, so register each one"
	}
	if u, err := url.Parse(uri); err == nil && m.ApplicationType != typeNative && u.Scheme == "http" && isLoopback(u.Hostname()) && u.Port() == "" {
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
	case u.Scheme == "https":
		return ""
	case u.Scheme == "http" && (isLoopback(u.Hostname()) || insecureLocal && u.Hostname() == "localhost"):
		return ""
	}
	if u.Scheme == "http" && isLocalhost(u.Hostname()) {
		return "is not https, and localhost may be another machine: take http://127.0.0.1 or http://[::1], with application_type native any port will do (RFC 8252 section 8.3)"
	}
	return "is not https"
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
