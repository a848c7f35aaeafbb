package outbound

import (
	"cmp"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// hidden are the IPv4 networks that are not publicly reachable (RFC 6890 and its registry).
var hidden = prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4")

// global contains the public IPv6 addresses; mapped, translated (NAT64), unique local, link-local and multicast ones
// are outside. hidden6 are the parts of it that embed IPv4 addresses (Teredo, 6to4) or are for documentation.
var (
	global  = netip.MustParsePrefix("2000::/3")
	hidden6 = prefixes("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

// public reports whether an address is a public unicast address.
func public(addr netip.Addr) bool {
	contains := func(p netip.Prefix) bool { return p.Contains(addr) }
	if addr.Is4() {
		return !slices.ContainsFunc(hidden, contains)
	}
	return addr.Zone() == "" && global.Contains(addr) && !slices.ContainsFunc(hidden6, contains)
}

// Check returns why an address is never called, whoever answers there; names are not looked up.
func (c *Client) Check(address string) error {
	u, err := c.parse(address)
	if err != nil {
		return err
	}
	host := strings.ToLower(u.Hostname())
	if c.allowed(u.Hostname(), cmp.Or(u.Port(), "443")) {
		return nil
	}
	ip, err := netip.ParseAddr(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && !public(ip) {
		return errors.New("it is not on the public network")
	}
	return nil
}

// parse checks the form of an address to call.
func (c *Client) parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("it is not a URL")
	case u.User != nil:
		return nil, errors.New("it has user information")
	case u.Scheme == "http" && u.Opaque == "" && u.Hostname() == "localhost" && u.Port() != "" && c.allowed(u.Hostname(), u.Port()):
	case u.Scheme != "https" || u.Opaque != "" || u.Hostname() == "":
		return nil, errors.New("it is not an https address")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && ip.Is4In6() {
		return nil, errors.New("it is an IPv4 address in disguise")
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	if port != "443" && !c.allowed(u.Hostname(), port) {
		return nil, errors.New("its port is not 443")
	}
	return u, nil
}
