package portal

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
)

// pending is a sign-in on its way, kept by the browser.
type pending struct {
	State, Nonce, Verifier string
	Target                 string // path after the sign-in
	At                     int64  // Unix seconds
	Launch                 string // of an app that a FHIR server launched
}

const (
	pendingAge = 24 * time.Hour // a registration may take its time
	maxPending = 6              // tabs; each has a cookie of some 300 bytes
)

// pendingCookie names the cookie of a sign-in: one per state, so that tabs do not overwrite each other.
func pendingCookie(state string) string { return "login_" + state[:min(8, len(state))] }

// login starts a sign-in: for the red button, and for others (OpenID Connect Core 4), who may name the issuer, a hint
// and the page to go to. A foreign issuer or target gets no say.
func (p *Portal) login(w http.ResponseWriter, r *http.Request) {
	if iss := r.FormValue("iss"); iss != "" && iss != p.options.Issuer {
		p.fail(w, r, "login_failed", errors.New("the sign-in was started for another issuer"))
		return
	}
	target, ok := p.local(r.FormValue("target_link_uri"))
	if !ok {
		target = MePath
	}
	extra := url.Values{}
	if hint := r.FormValue("login_hint"); hint != "" && len(hint) <= 255 {
		extra.Set("login_hint", hint)
	}
	if prompt := r.FormValue("prompt"); prompt == "create" || prompt == "login" {
		extra.Set("prompt", prompt)
	}
	p.start(w, r, target, extra)
}

// start sends the browser to the provider.
func (p *Portal) start(w http.ResponseWriter, r *http.Request, target string, extra url.Values) {
	provider, err := p.provider.discover(r.Context())
	if err != nil {
		p.fail(w, r, "provider_unavailable", err)
		return
	}
	entry := pending{
		State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Target: target, At: time.Now().Unix(),
	}
	name := pendingCookie(entry.State)
	sealed, err := p.box.seal(name, entry)
	if err != nil {
		p.fail(w, r, "login_failed", err)
		return
	}
	p.dropOldPending(w, r)
	p.site.SetCookie(w, name, sealed, pendingAge)
	options := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(entry.Verifier),
		oauth2.SetAuthURLParam("nonce", entry.Nonce),
		oauth2.SetAuthURLParam("ui_locales", p.site.Lang(r)),
	}
	for name := range extra {
		options = append(options, oauth2.SetAuthURLParam(name, extra.Get(name)))
	}
	http.Redirect(w, r, provider.config.AuthCodeURL(entry.State, options...), http.StatusSeeOther)
}

// dropOldPending keeps the cookies of abandoned sign-ins from piling up.
func (p *Portal) dropOldPending(w http.ResponseWriter, r *http.Request) {
	type aged struct {
		name string
		at   int64
	}
	var all []aged
	for _, cookie := range r.Cookies() {
		name, ours := strings.CutPrefix(cookie.Name, p.site.Prefix)
		if !ours || !strings.HasPrefix(name, pendingCookie("")) {
			continue
		}
		var entry pending // what does not open has age 0 and goes first
		if err := p.box.open(name, cookie.Value, &entry); err != nil {
			entry.At = 0
		}
		all = append(all, aged{name, entry.At})
	}
	slices.SortFunc(all, func(a, b aged) int { return int(b.at - a.at) })
	for _, old := range all[min(len(all), maxPending-1):] {
		p.site.SetCookie(w, old.name, "", -time.Second)
	}
}

// takePending finds the sign-in that a callback answers, and forgets it: a state is good once.
func (p *Portal) takePending(w http.ResponseWriter, r *http.Request, state string) (pending, bool) {
	name := pendingCookie(state)
	var entry pending
	if err := p.box.open(name, p.site.Cookie(r, name), &entry); err != nil {
		return pending{}, false
	}
	fresh := time.Since(time.Unix(entry.At, 0)) < pendingAge
	if state == "" || entry.State != state || !fresh {
		return pending{}, false
	}
	p.site.SetCookie(w, name, "", -time.Second)
	return entry, true
}

// redeemedBefore reports whether the code of a sign-in was redeemed already: the browser lost the answer and asks again. A code
// is good once, so the sign-in begins again by itself; it needs no password, as the member is signed in at the provider.
func (p *Portal) redeemedBefore(entry pending) bool {
	return !p.isFirst(p.redeemed, entry.State)
}

func (p *Portal) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	entry, ok := p.takePending(w, r, query.Get("state"))
	if !ok {
		if _, signedIn := p.session(r); signedIn { // back, or reload, after it worked
			http.Redirect(w, r, MePath, http.StatusSeeOther)
			return
		}
		p.fail(w, r, "login_expired", errors.New("no pending sign-in for this state"))
		return
	}
	provider, err := p.provider.discover(r.Context())
	if err != nil {
		p.fail(w, r, "provider_unavailable", err)
		return
	}
	if err := provider.checkIssuer(query); err != nil {
		p.fail(w, r, "login_failed", err)
		return
	}
	if code := query.Get("error"); code != "" {
		p.fail(w, r, errorCode(code), errors.New("the provider answered with an error"))
		return
	}
	if p.redeemedBefore(entry) {
		p.start(w, r, entry.Target, url.Values{})
		return
	}
	s, err := provider.redeem(r.Context(), query.Get("code"), entry)
	if err != nil {
		p.fail(w, r, "login_failed", err)
		return
	}
	p.sessions.Remove(p.site.Cookie(r, "session"))
	id := rand.Text()
	s.CSRF, s.Leaving, s.seen = rand.Text(), rand.Text(), &atomic.Int64{}
	s.seen.Store(p.options.Now().Unix())
	p.sessions.Add(id, s)
	p.site.SetCookie(w, "session", id, 0) // families share browsers
	http.Redirect(w, r, entry.Target, http.StatusSeeOther)
}
