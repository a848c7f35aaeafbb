package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// names is a resolver that answers a list of addresses in turn, the last one for ever.
type names struct {
	answers [][]netip.Addr
	asked   atomic.Int32
}

func (n *names) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	i := min(int(n.asked.Add(1)), len(n.answers)) - 1
	return n.answers[i], nil
}

func resolving(texts ...string) *names {
	n := &names{}
	for _, text := range texts {
		var addrs []netip.Addr
		for part := range strings.FieldsSeq(text) {
			addrs = append(addrs, netip.MustParseAddr(part))
		}
		n.answers = append(n.answers, addrs)
	}
	return n
}

// partner is a server under the name example.com, for which httptest's certificate is
// made, on an address of this machine.
func partner(t *testing.T, handler http.HandlerFunc) (server *httptest.Server, o Options, address string) {
	t.Helper()
	server = httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server, Options{Allow: []string{"example.com:" + port}, RootCAs: roots, Resolver: resolving("127.0.0.1")}, "https://example.com:" + port
}

func TestPublic(t *testing.T) {
	for _, test := range []struct {
		addresses string
		want      bool
	}{
		{"8.8.8.8 1.1.1.1 100.63.255.255 100.128.0.1 172.32.0.1 223.255.255.254 2600:1f18::1 2a00:1450:4001::200e", true},
		{"127.0.0.1 127.9.9.9 ::1", false},                                   // loopback
		{"10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1", false},            // private
		{"169.254.169.254 fe80::1 fe80::1%eth0", false},                      // link-local, cloud metadata
		{"100.64.0.1 100.127.255.255", false},                                // CGNAT
		{"fc00::1 fd00:ec2::254", false},                                     // ULA
		{"224.0.0.1 239.1.1.1 ff02::1", false},                               // multicast
		{"0.0.0.0 0.1.2.3 :: 255.255.255.255 240.0.0.1", false},              // unspecified, broadcast, reserved
		{"::ffff:8.8.8.8 ::ffff:127.0.0.1 ::8.8.8.8", false},                 // mapped, compatible
		{"64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1::1 2001::1", false},       // NAT64, 6to4, Teredo
		{"192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 198.18.0.1", false}, // documentation, benchmarks
		{"fec0::1 2600::1%eth0 4000::1 192.0.0.170 192.88.99.1", false},      // others
	} {
		for text := range strings.FieldsSeq(test.addresses) {
			if got := public(netip.MustParseAddr(text)); got != test.want {
				t.Errorf("public(%s) = %v, want %v", text, got, test.want)
			}
		}
	}
}

func TestAddresses(t *testing.T) {
	c := New(Options{Allow: []string{"test.example:8443", "localhost:8090"}})
	for address, ok := range map[string]bool{
		"https://app.example/jwks":           true,
		"https://app.example:443/jwks?a=1":   true,
		"https://test.example:8443/jwks":     true,
		"https://app.example:8443/jwks":      false,
		"http://app.example/jwks":            false,
		"http://test.example:8443/jwks":      false,
		"http://localhost:8090/bye":          true,
		"http://localhost:8091/bye":          false,
		"http://localhost/bye":               false,
		"http://me@localhost:8090/bye":       false,
		"https://user@app.example/":          false,
		"https://test.example:8443@evil.com": false,
		"https:///jwks":                      false,
		"https:app.example":                  false,
		"file:///etc/passwd":                 false,
		"https://[::ffff:8.8.8.8]/":          false,
		"":                                   false,
	} {
		if _, err := c.parse(address); (err == nil) != ok {
			t.Errorf("parse(%q) = %v, want success %v", address, err, ok)
		}
		if err := c.Check(address); (err == nil) != ok {
			t.Errorf("Check(%q) = %v, want success %v", address, err, ok)
		}
	}
	for _, address := range []string{"https://127.0.0.1/bye", "https://10.0.0.7/bye", "https://[::1]/bye", "https://[fd00::1]/bye", "https://localhost/bye", "https://App.Localhost/bye"} {
		if err := c.Check(address); err == nil {
			t.Errorf("Check(%q) = nil", address)
		}
	}
	if err := c.Check("https://8.8.8.8/bye"); err != nil {
		t.Error(err)
	}
}

// S-66: a name that leads into our network is not called, whichever of its addresses does.
func TestRefusesOurNetwork(t *testing.T) {
	called := false
	_, o, address := partner(t, func(http.ResponseWriter, *http.Request) { called = true })
	o.Allow = nil
	for _, addresses := range []string{"127.0.0.1", "::1", "10.0.0.1", "::ffff:127.0.0.1", "93.184.215.14 127.0.0.1", "169.254.169.254"} {
		o.Resolver = resolving(addresses)
		if _, err := New(o).Get(t.Context(), "https://example.com/", "*/*"); !errors.Is(err, ErrUnavailable) {
			t.Errorf("a host at %s: %v", addresses, err)
		}
	}
	if _, err := New(o).Get(t.Context(), address, "*/*"); err == nil || called {
		t.Errorf("a port that is not 443: %v", err)
	}
}

// DNS rebinding: the name is looked up once, and what was checked is what is dialled.
func TestResolvesOnce(t *testing.T) {
	rebinding := resolving("198.51.100.1", "127.0.0.1")
	c := New(Options{Resolver: rebinding})
	if _, err := c.Get(t.Context(), "https://example.com/", "*/*"); err == nil || rebinding.asked.Load() != 1 {
		t.Errorf("first answer not public: %v after %d look-ups, want a failure after one", err, rebinding.asked.Load())
	}
	_, o, address := partner(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("{}")) })
	once := resolving("127.0.0.1", "127.0.0.2")
	o.Resolver = once
	if _, err := New(o).Get(t.Context(), address, "*/*"); err != nil || once.asked.Load() != 1 {
		t.Errorf("a call took %d look-ups (%v), want one", once.asked.Load(), err)
	}
}

func TestAnswers(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1") // is not used
	_, o, address := partner(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/fits":
			w.Write(make([]byte, maxBody))
		case "/long":
			w.Write(make([]byte, maxBody+1))
		case "/moved":
			http.Redirect(w, r, "/fits", http.StatusFound)
		case "/refused":
			w.WriteHeader(http.StatusBadRequest)
		case "/headers":
			w.Header().Set("X-Long", strings.Repeat("x", 20<<10))
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1024)); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				time.Sleep(time.Millisecond)
			}
		}
	})
	c := New(o)
	for path, ok := range map[string]bool{"/fits": true, "/long": false, "/moved": false, "/refused": false, "/headers": false, "/endless": false} {
		_, err := c.Get(t.Context(), address+path, "*/*")
		if (err == nil) != ok || err != nil && err.Error() != ErrUnavailable.Error() {
			t.Errorf("Get(%s) = %v, want success %v and the one error text", path, err, ok)
		}
	}
	a, err := c.PostForm(t.Context(), address+"/refused", url.Values{"logout_token": {"x"}})
	if err != nil || a.Status != http.StatusBadRequest {
		t.Errorf("PostForm = %d, %v; want the status", a.Status, err)
	}
	o.RootCAs = x509.NewCertPool()
	if _, err := New(o).Get(t.Context(), address+"/fits", "*/*"); err == nil {
		t.Error("a certificate of an unknown authority was taken")
	}
}

// Conformance 8.4: our calls are TLS 1.2 with AEAD suites, or 1.3 (RFC 9325).
func TestTLSOfOurCalls(t *testing.T) {
	for _, test := range []struct {
		name     string
		min, max uint16
		suites   []uint16
		ok       bool
	}{
		{"1.3", tls.VersionTLS13, tls.VersionTLS13, nil, true},
		{"1.2 with GCM", tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, true},
		{"1.2 with ChaCha20", tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256}, true},
		{"1.2 with CBC", tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA}, false},
		{"1.2 with RSA", tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}, false},
		{"1.1", tls.VersionTLS11, tls.VersionTLS11, nil, false},
		{"1.0", tls.VersionTLS10, tls.VersionTLS10, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			server.TLS = &tls.Config{MinVersion: test.min, MaxVersion: test.max, CipherSuites: test.suites}
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			t.Cleanup(server.Close)
			roots := x509.NewCertPool()
			roots.AddCert(server.Certificate())
			_, port, err := net.SplitHostPort(server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			c := New(Options{Allow: []string{"example.com:" + port}, RootCAs: roots, Resolver: resolving("127.0.0.1")})
			if _, err := c.PostForm(t.Context(), "https://example.com:"+port+"/", url.Values{"logout_token": {"x"}}); (err == nil) != test.ok {
				t.Errorf("PostForm = %v, want success %v", err, test.ok)
			}
		})
	}
}
