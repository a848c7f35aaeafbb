package web

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/gin-gonic/gin"
)

// Source returns the request's source as a prefix: IPv4 /32 or IPv6 /64.
func Source(c *gin.Context) string { return requestOf(c).source.String() }

// sourceOf returns the peer or, if the peer is a trusted proxy, the right-most untrusted hop of X-Forwarded-For; the
// peer if that is malformed (S-68).
func (w *Web) sourceOf(r *http.Request) netip.Prefix {
	peer := peerOf(r)
	if !w.trusted(peer) {
		return prefixOf(peer)
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return prefixOf(peer)
		}
		if hop = hop.Unmap().WithZone(""); !w.trusted(hop) {
			return prefixOf(hop)
		}
	}
	return prefixOf(peer)
}

// peerOf returns the address of the connection's other end; 0.0.0.0 if it has none, as with a unix socket.
func peerOf(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.IPv4Unspecified()
	}
	return peer.Addr().Unmap().WithZone("")
}

func (w *Web) trusted(addr netip.Addr) bool { return within(addr, w.proxies) }

func within(addr netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

func prefixOf(addr netip.Addr) netip.Prefix {
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return netip.PrefixFrom(netip.IPv4Unspecified(), 32)
	}
	return p
}
