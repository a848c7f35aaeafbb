package conformance

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
)

// errRequest is for an authorization request that cannot be answered at the app.
var errRequest = errors.New("conformance: the authorization request cannot be answered")

// authorize answers a sign-in: the address in the app that the browser goes to. The error is ErrNotFound, errRequest with the
// parameter at fault, or the database's.
func (s *Service) authorize(ctx context.Context, id string, query url.Values) (to *url.URL, check string, fault string, err error) {
	now := s.Now()
	err = s.change(ctx, id, func(r *Run) error {
		if fault = r.requestFault(query); fault != "" {
			r.set("request", now, Failed, "parameter", fault+"="+query.Get(fault))
			return nil
		}
		r.set("request", now, Passed, "", "")
		r.begin(now)
		f := &r.Flow
		f.RedirectURI, f.Nonce, f.Challenge = query.Get("redirect_uri"), query.Get("nonce"), query.Get("code_challenge")
		r.judgeFresh("state", "state", query.Get("state"), now)
		r.judgeFresh("nonce", "nonce", f.Nonce, now)
		if r.judgeFresh("pkce", "code_challenge", f.Challenge, now); f.Challenge != "" && query.Get("code_challenge_method") != "S256" {
			r.set("pkce", now, Failed, "plain", "")
		}
		check = f.Check
		to = s.answer(f, id, query.Get("state"))
		return nil
	})
	if err == nil && fault != "" {
		err = errRequest
	}
	return to, check, fault, err
}

// requestFault is the parameter for which a request cannot be answered, or "".
func (r *Run) requestFault(query url.Values) string {
	for name, values := range query {
		if len(values) > 1 && name != "resource" { // RFC 6749, 3.1
			return name
		}
	}
	switch {
	case query.Get("client_id") != r.ID:
		return "client_id"
	case !slices.ContainsFunc(r.RedirectURIs, func(known string) bool { return sameRedirect(known, query.Get("redirect_uri")) }):
		return "redirect_uri"
	case query.Get("response_type") != "code":
		return "response_type"
	case !slices.Contains(strings.Fields(query.Get("scope")), "openid"):
		return "scope"
	case query.Get("response_mode") != "" && query.Get("response_mode") != "query":
		return "response_mode"
	}
	return ""
}

// sameRedirect compares redirect URIs: exactly, but for the port of the own machine (RFC 8252, 7.3).
func sameRedirect(known, sent string) bool {
	if known == sent {
		return true
	}
	a, errA := url.Parse(known)
	b, errB := url.Parse(sent)
	if errA != nil || errB != nil || !isLoopback(a) || a.Port() != "" || b.Hostname() != a.Hostname() {
		return false
	}
	b.Host = a.Host
	return b.String() == known
}

// judgeFresh notes whether a value is there and was not sent before.
func (r *Run) judgeFresh(check, parameter, value string, now time.Time) {
	switch {
	case value == "":
		r.set(check, now, Failed, "missing", parameter)
	case r.repeated(parameter, value):
		r.set(check, now, Failed, "repeated", parameter)
	default:
		r.set(check, now, Passed, "", "")
	}
}

// answer is the authorization response (RFC 6749, 4.1.2) with the fault of the sign-in's check.
func (s *Service) answer(f *flow, id, state string) *url.URL {
	q := url.Values{"iss": {s.issuer(id)}, "code": {f.Code}}
	if state != "" {
		q.Set("state", state)
	}
	switch f.Check {
	case "other_iss":
		q.Set("iss", s.issuer("other"))
	case "no_iss":
		q.Del("iss")
	case "other_state":
		q.Set("state", rand.Text())
	case "denied":
		q.Del("code")
		q.Set("error", "access_denied")
	case "unavailable":
		q.Del("code")
		q.Set("error", "temporarily_unavailable")
		q.Set("error_description", "A check of your app: nothing is wrong here.")
	}
	to, err := url.Parse(f.RedirectURI)
	if err != nil { // it was judged when the run began
		return &url.URL{Path: "/"}
	}
	if to.RawQuery != "" {
		to.RawQuery += "&"
	}
	to.RawQuery += q.Encode()
	return to
}
