package provider

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
)

// returnsTo reports whether the client registered this redirect URI: byte for byte, but for
// the port of a native app's loopback address, which the system chooses (RFC 6749 3.1.2.3,
// RFC 8252 7.3). fosite would also take user information, and a host or query written otherwise.
func (c *Client) returnsTo(uri string) bool {
	if slices.Contains(c.Metadata.RedirectURIs, uri) {
		return true
	}
	bare, ok := withoutLoopbackPort(uri)
	return ok && c.anyPort() && slices.ContainsFunc(c.Metadata.RedirectURIs, func(registered string) bool {
		other, ok := withoutLoopbackPort(registered)
		return ok && other == bare
	})
}

// anyPort: a native app gets its port from the system; a web app has one of its own.
func (c *Client) anyPort() bool { return c.Metadata.ApplicationType == typeNative }

// withoutLoopbackPort is an http address of this machine without its port; false for another.
func withoutLoopbackPort(uri string) (string, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "http" || u.User != nil || u.String() != uri {
		return "", false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil || !ip.IsLoopback() {
		return "", false
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", false
		}
	}
	u.Host = ip.String()
	return u.String(), true
}
