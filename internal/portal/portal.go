package portal

import (
	"cmp"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"

	"huskyidp/internal/site"
	"huskyidp/templates"
)

// The paths of the portal. A client registration names the callback, the root (after signing out) and the login
// (initiate_login_uri).
const (
	LoginPath             = "/login"
	CallbackPath          = "/callback"
	MePath                = "/me"
	LogoutPath            = "/logout"
	BackchannelLogoutPath = "/backchannel-logout"
)

// Options configure the portal.
type Options struct {
	Issuer       string
	ClientID     string
	ClientSecret string // "" for a public client
	TryClientID  string // public client of the page /try; "" for no such page
	// HealthClientID is the public client of the page /try/health, which reads at FHIRServer; "" for no such page.
	HealthClientID, FHIRServer string
	BaseURL                    string   // as the browser sees the portal, without a trailing slash
	Scopes                     []string // default openid, profile, email, husky.member; unsupported scopes are omitted
	AccountURL                 string   // target of "my account"; default the issuer's /account
	Key                        []byte   // seals pending sign-ins, at least 32 bytes; default: the client secret, else random
	Templates                  *templates.Set
	Logger                     *slog.Logger
	Client                     *http.Client // default: 5 s, no redirects
	Now                        func() time.Time
}

// Portal is the application. It is safe for concurrent use.
type Portal struct {
	options   Options
	site      *site.Site
	mux       *http.ServeMux
	box       *sealer
	provider  *relyingParty
	sessions  *expirable.LRU[string, session]
	loggedOut *expirable.LRU[string, struct{}] // IDs of handled logout tokens
	mu        sync.Mutex                       // of loggedOut and redeemed
	redeemed  *expirable.LRU[string, struct{}] // states whose code was redeemed
}

// session is a signed-in visitor.
type session struct {
	Name    string
	Claims  []claim
	IDToken string // for signing out
	Subject string
	SID     string // the session at the provider
	CSRF    string
	Leaving string        // state with which the provider sends back who has signed out
	seen    *atomic.Int64 // last use, in Unix seconds
}

const (
	sessionAge  = 12 * time.Hour   // at most; the cookie ends with the browser
	sessionIdle = 15 * time.Minute // as at the provider, so that the next person at the browser finds nothing open
	maxSessions = 10_000
)

// New checks the options. It does not contact the provider yet.
func New(o Options) (*Portal, error) {
	base, err := url.Parse(o.BaseURL)
	switch {
	case o.Templates == nil || o.Logger == nil:
		return nil, errors.New("portal: templates and logger are required")
	case o.Issuer == "" || o.ClientID == "":
		return nil, errors.New("portal: issuer and client_id are required")
	case err != nil || base.Host == "" || base.Path != "":
		return nil, errors.New("portal: the base address must be http(s)://host without path")
	}
	box, err := newSealer(o.Key, o.ClientSecret)
	if err != nil {
		return nil, err
	}
	if len(o.Scopes) == 0 {
		o.Scopes = []string{"openid", "profile", "email", "husky.member"}
	}
	o.AccountURL = cmp.Or(o.AccountURL, strings.TrimSuffix(o.Issuer, "/")+"/account")
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	p := &Portal{
		options: o, box: box, sessions: expirable.NewLRU[string, session](maxSessions, nil, sessionAge),
		loggedOut: expirable.NewLRU[string, struct{}](maxSessions, nil, logoutTokenAge), redeemed: expirable.NewLRU[string, struct{}](maxSessions, nil, tryAge),
		provider: newRelyingParty(o),
		site: &site.Site{
			Templates: o.Templates, Logger: o.Logger, Prefix: "portal_", Secure: base.Scheme == "https", Hosts: []string{strings.ToLower(base.Host)},
		},
		mux: http.NewServeMux(),
	}
	p.mux.HandleFunc("GET /{$}", p.home)
	p.mux.HandleFunc("GET "+LoginPath, p.login)
	p.mux.HandleFunc("POST "+LoginPath, p.login)
	p.mux.HandleFunc("GET "+CallbackPath, p.callback)
	p.mux.HandleFunc("GET "+MePath, p.me)
	p.mux.HandleFunc("POST "+LogoutPath, p.logout)
	p.mux.HandleFunc("POST "+BackchannelLogoutPath, p.backchannelLogout)
	p.mountTry()
	p.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	p.mux.HandleFunc("/", p.lost)
	return p, nil
}

// Site is used by pages that are shown beside the portal's.
func (p *Portal) Site() *site.Site { return p.site }

// Mux takes further pages: the demo shows its mailbox here.
func (p *Portal) Mux() *http.ServeMux { return p.mux }

// ServeHTTP serves the portal.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.site.Handler(p.mux).ServeHTTP(w, r)
}

// accessDenied says that the member went back without signing in, which is not an error.
const accessDenied = "access_denied"

type homePage struct{ SignIn, Error string }

func (p *Portal) home(w http.ResponseWriter, r *http.Request) {
	if state := r.URL.Query().Get("state"); state != "" { // back from the provider, whose logout token may have come first
		if s, ok := p.session(r); ok && subtle.ConstantTimeCompare([]byte(state), []byte(s.Leaving)) == 1 {
			p.endSession(w, r)
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	page := homePage{SignIn: LoginPath, Error: errorCode(r.URL.Query().Get("error"))}
	status := http.StatusOK
	if page.Error != "" && page.Error != accessDenied {
		status = http.StatusBadRequest
	}
	p.site.Page(w, r, status, "portal/home", page, site.PageOptions{})
}

// lost answers unknown addresses with the welcome page.
func (p *Portal) lost(w http.ResponseWriter, r *http.Request) {
	p.site.Page(w, r, http.StatusNotFound, "portal/home", homePage{SignIn: LoginPath}, site.PageOptions{})
}

type mePage struct {
	Name                string
	Claims              []claim
	AccountURL, SignOut string
}

type claim struct{ Name, Value string }

func (p *Portal) me(w http.ResponseWriter, r *http.Request) {
	s, ok := p.session(r)
	if !ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	w.Header().Set("Refresh", fmt.Sprintf("%d; url=%s", int(sessionIdle.Seconds())+1, MePath)) // a page left open goes with the session
	page := mePage{Name: s.Name, Claims: s.Claims, AccountURL: p.options.AccountURL, SignOut: LogoutPath}
	p.site.Page(w, r, http.StatusOK, "portal/me", page, site.PageOptions{CSRF: s.CSRF})
}

// isFirst remembers what is seen, and reports whether it was not seen before.
func (p *Portal) isFirst(seen *expirable.LRU[string, struct{}], id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if seen.Contains(id) {
		return false
	}
	seen.Add(id, struct{}{})
	return true
}

func (p *Portal) session(r *http.Request) (session, bool) {
	s, ok := p.sessions.Get(p.site.Cookie(r, "session"))
	if !ok {
		return s, false
	}
	now := p.options.Now().Unix()
	if now-s.seen.Load() >= int64(sessionIdle.Seconds()) {
		p.sessions.Remove(p.site.Cookie(r, "session"))
		return session{}, false
	}
	s.seen.Store(now)
	return s, true
}

// fail leads to the welcome page with a code, and logs the cause.
func (p *Portal) fail(w http.ResponseWriter, r *http.Request, code string, cause error) {
	p.options.Logger.WarnContext(r.Context(), "a sign-in failed", "code", code, "cause", cause)
	http.Redirect(w, r, "/?"+url.Values{"error": {code}}.Encode(), http.StatusSeeOther)
}

// errorCode restricts what is shown to the characters of error codes (RFC 6749 4.1.2.1).
func errorCode(s string) string {
	isOther := func(c rune) bool { return (c < 'a' || c > 'z') && c != '_' }
	if s == "" || len(s) <= 50 && !strings.ContainsFunc(s, isOther) {
		return s
	}
	return "login_failed"
}

// local reports whether an address belongs to the portal, and returns its path and query.
func (p *Portal) local(address string) (path string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Scheme+"://"+u.Host != p.options.BaseURL || strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, `\`) {
		return "", false
	}
	return cmp.Or(u.RequestURI(), "/"), slices.Contains([]string{"/", MePath}, u.Path)
}
