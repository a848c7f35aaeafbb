package provider_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// prompts are the modules that sign in twice.
func (rp relyingParty) prompts(t *testing.T) {
	long := strings.Repeat("aB9-._~x", 16)
	t.Run("prompt-none-not-logged-in", func(t *testing.T) {
		rp := rp.in(t)
		q := rp.ask(rp.browser(), url.Values{"prompt": {"none"}, "state": {long}})
		if q.Get("error") != "login_required" || q.Get("state") != long || q.Has("code") {
			t.Errorf("answer %v", q)
		}
	})
	for name, test := range map[string]struct {
		first, second url.Values
		signIn        bool
	}{
		"prompt-login":          {nil, url.Values{"prompt": {"login"}}, true},
		"max-age-1":             {nil, url.Values{"max_age": {"1"}}, true},
		"max-age-10000":         {url.Values{"max_age": {"15000"}}, url.Values{"max_age": {"10000"}}, false},
		"prompt-none-logged-in": {nil, url.Values{"prompt": {"none"}}, false},
		"id-token-hint":         {nil, url.Values{"prompt": {"none"}, "id_token_hint": {"of the first"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			rp := rp.in(t)
			w := rp.browser()
			tokens := rp.redeem(rp.answer(w.signIn(w.get(rp.address(test.first)))).Get("code"))
			first := rp.idToken(tokens)
			rp.clock.advance(2 * time.Second)
			if test.second.Has("id_token_hint") {
				test.second.Set("id_token_hint", tokens.text("id_token"))
			}
			p := w.get(rp.address(test.second))
			if test.signIn {
				if p.url.Path != "/login" || !strings.Contains(p.body, "login-submit") {
					t.Fatalf("led to %s (%d)", p.url, p.status)
				}
				p = w.signIn(p)
			}
			second := rp.idToken(rp.redeem(rp.answer(p).Get("code")))
			at, again := first["auth_time"].(float64), second["auth_time"].(float64)
			if first["sub"] != second["sub"] || test.signIn && again <= at || !test.signIn && again != at {
				t.Errorf("first %v, second %v", first, second)
			}
		})
	}
}

// refusals are the modules that must fail.
func (rp relyingParty) refusals(t *testing.T, w *browser) {
	for _, test := range []struct {
		name   string
		change url.Values
		code   string // "page" for our own
	}{
		{"response-type-missing", url.Values{"response_type": nil}, "invalid_request"},
		{"ensure-registered-redirect-uri", url.Values{"redirect_uri": {callback + "/random"}}, "page"},
		{"ensure-redirect-uri-in-authorization-request", url.Values{"redirect_uri": nil}, "page"},
		{"redirect-uri-query-mismatch", url.Values{"redirect_uri": {strings.Replace(callback, "keep=1", "foo=bar", 1)}}, "page"},
		{"redirect-uri-query-added", url.Values{"redirect_uri": {callback + "&foo=bar"}}, "page"},
		{"request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", url.Values{"request_uri": {"https://app.example/object#frag"}, "state": nil}, "request_uri_not_supported"},
		{"unsigned-request-object-supported-correctly-or-rejected-as-unsupported", url.Values{"request": {"eyJhbGciOiJub25lIn0.e30."}, "state": nil, "nonce": nil}, "request_not_supported"},
		{"ensure-request-object-with-redirect-uri", url.Values{"request": {"eyJhbGciOiJub25lIn0.e30."}, "redirect_uri": {callback + "_invalid"}}, "page"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rp := rp.in(t)
			if test.code == "page" {
				if p := w.get(rp.address(test.change)); !p.errorPage() {
					t.Errorf("led to %s (%d) %v", p.url, p.status, p.location)
				}
				return
			}
			q := rp.ask(w, test.change)
			_, changed := test.change["state"]
			if q.Get("error") != test.code || q.Has("state") == changed || q.Has("code") {
				t.Errorf("answer %v", q)
			}
		})
	}
}
