package web

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"go.opentelemetry.io/otel/trace"

	"huskyidp/internal/seal"
	"huskyidp/templates"
)

// Options configure a Web. Templates, Keyring, Issuer, Logger and Now are required.
type Options struct {
	Templates      *templates.Set
	Keyring        *seal.Keyring
	Issuer         string         // https://host[:port]; http only for the demo on localhost
	Hosts          []string       // accepted in addition to the issuer's host
	Language       string         // default language; default: the catalogs' first
	TrustedProxies []netip.Prefix // proxies whose X-Forwarded-For is read; default none
	Kiosks         []netip.Prefix // networks of browsers that the public shares, see Kiosk
	Logger         *slog.Logger
	Now            func() time.Time
	Limits         Limits
	Sandbox        bool                                                       // a test environment, which each page says
	Strict         bool                                                       // the staff surface: SameSite=Strict cookies (S-24)
	Problems       string                                                     // path prefix of an API with problem+json errors (RFC 9457); "" for none
	ErrorPage      string                                                     // template of error pages; default web/error
	SessionIdle    time.Duration                                              // shown on signed-in pages; default 15 min
	Tracer         trace.Tracer                                               // OpenTelemetry; nil: no spans
	Observe        func(method, route string, status int, took time.Duration) // metrics; may be nil
	Refused        func(reason string)                                        // metrics of refused requests; may be nil
}

// Limits are the sizes, rates and times of S-09, S-69 and R-06. Zero fields mean the default.
type Limits struct {
	HeaderBytes int            // default 16 KiB
	URLBytes    int            // default 16 KiB: room for state and nonce of 4 KiB each (S-36)
	BodyBytes   int64          // default 64 KiB
	Parameters  int            // in query or form; default 100
	Requests    int            // page requests per source and Window; default 300
	Window      time.Duration  // default 5 min
	Wide        []netip.Prefix // clinics and call centres: many people behind one address
	WideFactor  int            // factor for their limits; default 20
	Answer      time.Duration  // per handler, once the request is read; default 2 s
}

func (l Limits) withDefaults() Limits {
	orDefault(&l.HeaderBytes, 16<<10)
	orDefault(&l.URLBytes, 16<<10)
	orDefault(&l.BodyBytes, 64<<10)
	orDefault(&l.Parameters, 100)
	orDefault(&l.Requests, 300)
	orDefault(&l.Window, 5*time.Minute)
	orDefault(&l.WideFactor, 20)
	orDefault(&l.Answer, 2*time.Second)
	return l
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Web creates engines and answers requests. It is safe for concurrent use.
type Web struct {
	templates   *templates.Set
	keyring     *seal.Keyring
	logger      *slog.Logger
	now         func() time.Time
	tracer      trace.Tracer
	observe     func(method, route string, status int, took time.Duration)
	refused     func(reason string)
	limits      Limits
	proxies     []netip.Prefix
	kiosks      []netip.Prefix
	hosts       map[string]bool
	phone       *templates.Phone // for pages at a kiosk
	origin      string           // scheme://host[:port] of the issuer
	sandbox     bool             // a test environment
	secure      bool             // the issuer is https
	strict      bool
	problems    string
	errorPage   string
	language    string // for who asks for none
	sessionIdle time.Duration
	pages       *Meter[netip.Prefix]
	exits       *Meter[netip.Prefix]
	guard       func(*gin.Context) error
	programs    map[string]Readers // by address; see Programs
	engine      atomic.Pointer[gin.Engine]
	shown       func() map[string]bool // route patterns that are pages
}

// New validates the options. The error names what is missing or wrong.
func New(o Options) (*Web, error) {
	if o.Templates == nil || o.Keyring == nil || o.Logger == nil || o.Now == nil {
		return nil, errors.New("web: Templates, Keyring, Logger and Now are required")
	}
	issuer, err := url.Parse(o.Issuer)
	if err != nil || issuer.Host == "" || (issuer.Scheme != "https" && issuer.Scheme != "http") {
		return nil, fmt.Errorf("web: the issuer is not an http(s) URL: %q", o.Issuer)
	}
	orDefault(&o.SessionIdle, 15*time.Minute)
	w := &Web{
		templates: o.Templates, keyring: o.Keyring, logger: o.Logger, now: o.Now, tracer: o.Tracer, observe: o.Observe, refused: o.Refused,
		limits: o.Limits.withDefaults(), proxies: o.TrustedProxies, kiosks: o.Kiosks, language: o.Templates.Match(o.Language), sessionIdle: o.SessionIdle,
		origin: issuer.Scheme + "://" + strings.ToLower(issuer.Host), secure: issuer.Scheme == "https", sandbox: o.Sandbox,
		strict: o.Strict, problems: o.Problems, errorPage: cmp.Or(o.ErrorPage, "web/error"),
		hosts: map[string]bool{}, programs: map[string]Readers{},
	}
	for _, host := range append(o.Hosts, issuer.Host) {
		w.hosts[w.canonicalHost(host)] = true
	}
	if len(w.kiosks) > 0 {
		w.phone = &templates.Phone{Address: w.origin + "/"}
		if w.phone.QR, err = NewQR(w.phone.Address); err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
	}
	w.shown = sync.OnceValue(w.pagePatterns)
	w.pages = NewMeter[netip.Prefix](w.limits.Requests, w.limits.Window)
	w.exits = NewMeter[netip.Prefix](w.limits.Requests, w.limits.Window)
	return w, nil
}
