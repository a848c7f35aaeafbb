package provider

import (
	"net/netip"
	"net/url"
	"slices"
)

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
