package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	connectTime = 2 * time.Second
	totalTime   = 5 * time.Second
	maxBody     = 64 << 10 // bytes
)

// ErrUnavailable is returned for every failure of a call.
var ErrUnavailable = errors.New("outbound: the address did not give a usable answer")

// failure is ErrUnavailable with a cause that only logs may show.
type failure struct{ cause error }

func (f *failure) Error() string        { return ErrUnavailable.Error() }
func (f *failure) Is(target error) bool { return target == ErrUnavailable }
func (f *failure) Unwrap() error        { return f.cause }

// Cause returns why a call failed, for logs and for whoever owns the address.
func Cause(err error) string {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.cause.Error()
	}
	return err.Error()
}

// LogValue returns the cause, for slog.
func (f *failure) LogValue() slog.Value { return slog.StringValue(f.Error() + ": " + f.cause.Error()) }

// Resolver is the part of net.Resolver that is used.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Options of a Client. The zero value is for production.
type Options struct {
	Allow    []string                                 // "host:port" that may be called at any address, localhost also without TLS; for test deployments
	RootCAs  *x509.CertPool                           // nil: the system's
	Resolver Resolver                                 // nil: the system's
	Observe  func(outcome string, took time.Duration) // metrics: answered or failed; may be nil
}

// Client makes calls that cannot reach our own network. It is safe for concurrent use.
type Client struct {
	allow    []string
	resolver Resolver
	observe  func(outcome string, took time.Duration)
	http     *http.Client
}

// New returns a client.
func New(o Options) *Client {
	c := &Client{allow: o.Allow, resolver: o.Resolver, observe: o.Observe}
	if c.resolver == nil {
		c.resolver = net.DefaultResolver
	}
	c.http = &http.Client{
		Timeout:       totalTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  nil, // the environment is ignored
			DialContext:            c.dial,
			TLSHandshakeTimeout:    connectTime,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: suites, RootCAs: o.RootCAs},
			DisableCompression:     true, // the limit of 64 KiB applies to bytes received
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: 16 << 10,
		},
	}
	return c
}

// suites of TLS 1.2 are those of RFC 9325 section 4.2.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// Answer is the response to a call.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // at most 64 KiB
}

// Get fetches a document; any status but 200 is a failure.
func (c *Client) Get(ctx context.Context, address, accept string) (Answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Answer{}, &failure{err}
	}
	r.Header.Set("Accept", accept)
	a, err := c.do(r)
	if err == nil && a.Status != http.StatusOK {
		return Answer{}, &failure{fmt.Errorf("status %d", a.Status)}
	}
	return a, err
}

// PostForm sends fields as a form. Every status is an answer.
func (c *Client) PostForm(ctx context.Context, address string, fields url.Values) (Answer, error) {
	return c.Post(ctx, address, "application/x-www-form-urlencoded", fields.Encode())
}

// Post sends a body of a media type. Every status is an answer.
func (c *Client) Post(ctx context.Context, address, mediaType, body string) (Answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return Answer{}, &failure{err}
	}
	r.Header.Set("Content-Type", mediaType)
	r.Header.Set("Accept", "application/json")
	return c.do(r)
}

// Do makes any call. Every status is an answer.
func (c *Client) Do(r *http.Request) (Answer, error) { return c.do(r) }

// do makes a call and counts it by outcome only, since addresses are chosen by whoever registered them.
func (c *Client) do(r *http.Request) (Answer, error) {
	began := time.Now()
	answer, err := c.call(r)
	if c.observe != nil {
		outcome := "answered"
		if err != nil {
			outcome = "failed"
		}
		c.observe(outcome, time.Since(began))
	}
	return answer, err
}

func (c *Client) call(r *http.Request) (Answer, error) {
	if _, err := c.parse(r.URL.String()); err != nil {
		return Answer{}, &failure{err}
	}
	response, err := c.http.Do(r)
	if err != nil {
		return Answer{}, &failure{err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return Answer{}, &failure{err}
	}
	if len(body) > maxBody {
		return Answer{}, &failure{errors.New("the answer is longer than 64 KiB")}
	}
	return Answer{response.StatusCode, response.Header, body}, nil
}

func (c *Client) allowed(host, port string) bool {
	return slices.Contains(c.allow, net.JoinHostPort(host, port))
}

// dial resolves the host, refuses it if any of its addresses is not public, and connects to the address that it
// checked.
func (c *Client) dial(ctx context.Context, network, target string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	addrs, err := c.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	for i, addr := range addrs {
		// The system's resolver returns IPv4 as mapped addresses.
		if addrs[i] = addr.Unmap(); !c.allowed(host, port) && !public(addrs[i]) {
			return nil, fmt.Errorf("%s is at %s, which is not public", host, addr)
		}
	}
	err = errors.New("the host has no addresses")
	var dialer net.Dialer
	for _, addr := range addrs {
		conn, failed := dialer.DialContext(ctx, network, net.JoinHostPort(addr.String(), port))
		if failed == nil {
			return conn, nil
		}
		err = failed
	}
	return nil, err
}
