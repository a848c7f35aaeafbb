package provider_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"huskyidp/accounts"
	"huskyidp/provider"
)

// relyingParty is a client of the basic plans (conformance 4): a shared secret, no PKCE
// unless asked for, and one response mode for all requests.
type relyingParty struct {
	*bench
	id, secret, mode, method string
	types                    string // its response type; "" for code
}

// in lets the helpers speak for a subtest.
func (rp relyingParty) in(t *testing.T) relyingParty {
	b := *rp.bench
	b.t, rp.bench = t, &b
	return rp
}

func (rp relyingParty) address(change url.Values) string {
	q := url.Values{"client_id": {rp.id}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"}, "nonce": {"n"}}
	if rp.types != "" {
		q.Set("response_type", rp.types)
	}
	if rp.mode != "" {
		q.Set("response_mode", rp.mode)
	}
	maps.Copy(q, change)
	maps.DeleteFunc(q, func(_ string, values []string) bool { return values == nil })
	return "/authorize?" + q.Encode()
}

// answer is what reached the app, from the query or from the form, whose page must be the
// answer; nil when the browser is still with us.
func (rp relyingParty) answer(p page) url.Values {
	rp.t.Helper()
	if rp.mode != "form_post" {
		if p.location == nil {
			return nil
		}
		q, err := p.location.Query(), error(nil)
		if p.location.Fragment != "" && len(q) == 1 && rp.types != "" { // conformance 3.3.1: nothing of it in the query
			kept := q.Get("keep")
			if q, err = url.ParseQuery(p.location.EscapedFragment()); err == nil && kept == "1" {
				return q
			}
		} else if p.location.Fragment == "" && q.Get("keep") == "1" {
			return q
		}
		rp.t.Errorf("the answer went to %s", p.location)
		return nil
	}
	if p.location != nil {
		rp.t.Errorf("form_post redirected to %s", p.location)
	}
	if !strings.Contains(p.body, `id="handover"`) {
		return nil
	}
	action, fields := formOf(rp.t, p)
	if action != callback {
		rp.t.Errorf("the form goes to %s", action)
	}
	return fields
}

// ask is a request that must be answered without a page.
func (rp relyingParty) ask(w *browser, change url.Values) url.Values {
	rp.t.Helper()
	p := w.get(rp.address(change))
	q := rp.answer(p)
	if q == nil {
		rp.t.Fatalf("no answer to %v: %s (%d)\n%s", change, p.url, p.status, p.body)
	}
	if q.Get("iss") != rp.issuer {
		rp.t.Errorf("iss %q in %v", q.Get("iss"), q)
	}
	return q
}

func (rp relyingParty) exchange(fields url.Values) answer {
	if rp.method == "client_secret_post" {
		fields.Set("client_id", rp.id)
		fields.Set("client_secret", rp.secret)
		return rp.token("", "", fields)
	}
	return rp.token(rp.id, rp.secret, fields)
}

func (rp relyingParty) redeem(code string) answer {
	rp.t.Helper()
	a := rp.exchange(url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}})
	if a.status != 200 || a.header.Get("Cache-Control") != "no-store" || a.text("token_type") != "Bearer" || a.body["expires_in"].(float64) <= 0 {
		rp.t.Fatalf("tokens: %d %v %v", a.status, a.header, a.body)
	}
	return a
}

// idToken is verified and held to conformance 3.5. asked are claims that may be in it
// beside the usual ones.
func (rp relyingParty) idToken(a answer, asked ...string) map[string]any {
	rp.t.Helper()
	claims, header := rp.verified(a.text("id_token"))
	issued := time.Unix(int64(claims["iat"].(float64)), 0)
	if header.Algorithm != "RS256" || header.KeyID == "" || claims["iss"] != rp.issuer || claims["aud"] != rp.id ||
		claims["exp"].(float64) <= claims["iat"].(float64) || rp.clock.now().Sub(issued).Abs() > 5*time.Minute || claims["acr"] == "" {
		rp.t.Errorf("ID token %v %v", header, claims)
	}
	if amr, ok := claims["amr"].([]any); !ok || len(amr) == 0 {
		rp.t.Errorf("amr %v", claims["amr"])
	}
	for name := range claims {
		if !slices.Contains(append(asked, strings.Fields("iss sub aud exp iat auth_time nonce acr amr at_hash sid")...), name) {
			rp.t.Errorf("the ID token has %s, which nobody asked for", name)
		}
	}
	return claims
}

// TestBasicOP are the modules of conformance 4 for the code flow, in both response
// modes and both ways to send the secret.
func TestBasicOP(t *testing.T) {
	t.Parallel()
	for _, way := range []struct{ mode, method string }{{"", "client_secret_basic"}, {"form_post", "client_secret_basic"}, {"", "client_secret_post"}} {
		t.Run(strings.TrimPrefix(way.mode+" "+way.method, " "), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 4)
			no := false
			rp := relyingParty{bench: b, mode: way.mode, method: way.method}
			rp.id, rp.secret = b.client(func(m *provider.Metadata) { m.RequirePKCE, m.TokenEndpointAuthMethod = &no, way.method })
			w := b.signedIn()
			rp.modules(t, w)
			rp.prompts(t)
			rp.refusals(t, w)
		})
	}
}

func (rp relyingParty) modules(t *testing.T, w *browser) {
	long := strings.Repeat("aB9-._~x", 16) // 128 characters
	for name, change := range map[string]url.Values{
		"server": nil,
		"ensure-request-without-nonce-succeeds-for-code-flow": {"nonce": nil},
		"alternate-happy-flow":                                {"scope": {"email openid profile"}},
		"display-page":                                        {"display": {"page"}},
		"display-popup":                                       {"display": {"popup"}},
		"ensure-request-with-unknown-parameter-succeeds":      {"extra": {"foobar"}},
		"login-hint":                                          {"login_hint": {"buffy@example.org"}},
		"ui-locales":                                          {"ui_locales": {"se"}},
		"claims-locales":                                      {"claims_locales": {"se"}},
		"ensure-request-with-acr-values-succeeds":             {"acr_values": {accounts.ACRPassword}},
		"prompt-none-logged-in with a long state":             {"prompt": {"none"}, "state": {long}},
	} {
		t.Run(name, func(t *testing.T) {
			rp := rp.in(t)
			q := rp.ask(w, change)
			state, nonce := "s", any("n")
			if sent, changed := change["state"]; changed {
				state = sent[0]
			}
			if _, changed := change["nonce"]; changed {
				nonce = nil
			}
			if q.Get("state") != state || len(q.Get("code")) < 43 {
				t.Errorf("answer %v", q)
			}
			tokens := rp.redeem(q.Get("code"))
			claims := rp.idToken(tokens)
			info := rp.userinfo(tokens.text("access_token"))
			if claims["nonce"] != nonce || claims["sub"] != info.text("sub") || claims["at_hash"] == nil || claims["acr"] != accounts.ACRPassword {
				t.Errorf("ID token %v, userinfo %v", claims, info.body)
			}
		})
	}
	t.Run("userinfo-post-header, userinfo-post-body", func(t *testing.T) {
		rp := rp.in(t)
		token := rp.redeem(rp.ask(w, nil).Get("code")).text("access_token")
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, rp.issuer+"/userinfo", nil)
		must(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer "+token)
		if p := rp.browser().do(r); p.status != 200 || !strings.Contains(p.body, rp.account.Subject) {
			t.Errorf("header: %d %s", p.status, p.body)
		}
		if p := rp.browser().get("/userinfo?access_token=" + token); p.status != 401 {
			t.Errorf("query: %d %s", p.status, p.body)
		}
		// S-41: in the body only from clients of the profile certification.
		if a := rp.send(rp.server.Client(), http.MethodPost, "/userinfo", url.Values{"access_token": {token}}, nil); a.status != 401 {
			t.Errorf("body: %d %v", a.status, a.body)
		}
	})
	t.Run("scope-profile, scope-email, scope-all", func(t *testing.T) {
		rp := rp.in(t)
		for scope, want := range map[string]string{
			"openid":                             "sub",
			"openid profile":                     "sub name given_name family_name birthdate preferred_username profile locale zoneinfo updated_at",
			"openid email":                       "sub email email_verified",
			"openid profile email address phone": "sub name given_name family_name birthdate preferred_username profile locale zoneinfo updated_at email email_verified",
		} {
			tokens := rp.redeem(rp.ask(w, url.Values{"scope": {scope}}).Get("code"))
			rp.idToken(tokens) // nothing of it there
			info := rp.userinfo(tokens.text("access_token"))
			for name, value := range info.body {
				if !slices.Contains(strings.Fields(want), name) || value == nil || value == "" {
					t.Errorf("%s: userinfo has %s = %v", scope, name, value)
				}
			}
			if len(info.body) != len(strings.Fields(want)) {
				t.Errorf("%s: userinfo %v, want %s", scope, info.body, want)
			}
		}
	})
	t.Run("claims-essential", func(t *testing.T) {
		rp := rp.in(t)
		tokens := rp.redeem(rp.ask(w, url.Values{"claims": {`{"userinfo":{"name":{"essential":true}}}`}}).Get("code"))
		rp.idToken(tokens)
		if info := rp.userinfo(tokens.text("access_token")); info.text("name") == "" || info.text("given_name") != "" {
			t.Errorf("userinfo %v", info.body)
		}
	})
	t.Run("ensure-request-with-valid-pkce-succeeds", func(t *testing.T) {
		rp := rp.in(t)
		verifier := oauth2.GenerateVerifier()
		q := rp.ask(w, url.Values{"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"}})
		rp.exchange(url.Values{"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {callback}, "code_verifier": {verifier}}).want(t, 200, "")
	})
	t.Run("codereuse, codereuse-30seconds", func(t *testing.T) {
		rp := rp.in(t)
		for _, later := range []time.Duration{0, 30 * time.Second} {
			code := rp.ask(w, nil).Get("code")
			first := rp.redeem(code)
			rp.clock.advance(later)
			rp.exchange(url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}).want(t, 400, "invalid_grant")
			rp.userinfo(first.text("access_token")).want(t, 401, "invalid_token")
		}
	})
	t.Run("ensure-post-request-succeeds", func(t *testing.T) {
		rp := rp.in(t)
		u, err := url.Parse(rp.address(nil))
		must(t, err)
		if q := rp.answer(w.post(rp.issuer+"/authorize", u.Query())); q.Get("code") == "" {
			t.Errorf("answer %v", q)
		}
	})
	t.Run("refresh-token", func(t *testing.T) { rp.in(t).refreshToken(t, w) })
}

// refreshToken is table 4.1 of conformance.
func (rp relyingParty) refreshToken(t *testing.T, w *browser) {
	no := false
	second := rp
	second.id, second.secret = rp.client(func(m *provider.Metadata) { m.RequirePKCE, m.TokenEndpointAuthMethod = &no, rp.method })
	other, otherSecret := second.id, second.secret
	if second.method == "client_secret_post" {
		other, otherSecret = rp.client(nil)
	}
	theirs := second.redeem(second.ask(w, url.Values{"scope": {"openid offline_access"}, "nonce": {strings.Repeat("n", 43)}}).Get("code"))
	if nonce := second.idToken(theirs)["nonce"]; nonce != strings.Repeat("n", 43) {
		t.Errorf("the second client's nonce is %v", nonce)
	}
	second.exchange(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {theirs.text("refresh_token")}}).want(t, 200, "")
	first := rp.redeem(rp.ask(w, url.Values{"scope": {"openid offline_access"}, "prompt": {"consent"}}).Get("code"))
	before := rp.idToken(first)
	for _, scope := range []string{"openid offline_access", ""} {
		fields := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.text("refresh_token")}}
		if scope != "" {
			fields.Set("scope", scope)
		}
		next := rp.exchange(fields)
		next.want(t, 200, "")
		if next.header.Get("Cache-Control") != "no-store" || next.text("scope") != "" && next.text("scope") != "openid offline_access" {
			t.Errorf("refresh answered %v %v", next.header, next.body)
		}
		after := rp.idToken(next)
		if after["sub"] != before["sub"] || after["auth_time"] != before["auth_time"] || after["azp"] != before["azp"] || after["nonce"] != nil {
			t.Errorf("ID token %v, before %v", after, before)
		}
		rp.userinfo(next.text("access_token")).want(t, 200, "")
		first = next
	}
	rp.refresh(other, otherSecret, first.text("refresh_token")).want(t, 400, "invalid_grant")
}

// TestSignInHints: the page speaks the app's language and knows whom it expects,
// however the request came (Core 3.1.2.1).
func TestSignInHints(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	p := b.party(callback, connect)
	hints := url.Values{"ui_locales": {"se en-US"}, "login_hint": {"maria.nunez"}}
	fields, _ := p.request(hints)
	direct := func(w *browser) page { return w.get("/authorize?" + fields.Encode()) }
	pushed := func(w *browser) page {
		uri, _ := p.pushed(hints)
		return p.open(w, uri, nil)
	}
	posted := func(w *browser) page { return w.post(b.issuer+"/authorize", fields) }
	for name, way := range map[string]func(*browser) page{"direct": direct, "pushed": pushed, "posted": posted} {
		t.Run(name, func(t *testing.T) {
			w := b.browser()
			login := way(w)
			if login.url.Path != "/login" || !strings.Contains(login.body, `<html lang="en"`) || !strings.Contains(login.body, `value="maria.nunez"`) {
				t.Fatalf("led to %s (%d)\n%s", login.url, login.status, login.body)
			}
			wrong := w.submit(login, url.Values{"username": {"somebody"}, "password": {"not the password at all"}})
			if !strings.Contains(wrong.body, `<html lang="en"`) || !strings.Contains(wrong.body, `value="somebody"`) {
				t.Errorf("the next page of the flow is\n%s", wrong.body)
			}
		})
	}
	spanish, _ := p.request(nil)
	if login := b.browser().get("/authorize?" + spanish.Encode()); !strings.Contains(login.body, `<html lang="es"`) || !strings.Contains(login.body, `name="username" type="text" value=""`) {
		t.Errorf("without hints the page is\n%s", login.body)
	}
}

// TestDefaultMaxAge: a client's default_max_age counts where a request has no max_age.
func TestDefaultMaxAge(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	ten := 10
	id, _ := b.client(func(m *provider.Metadata) { m.DefaultMaxAge, m.RequireAuthTime = &ten, true })
	w := b.signedIn()
	b.clock.advance(11 * time.Second)
	address, _ := b.request(id, nil)
	if p := w.get(address); p.url.Path != "/login" {
		t.Errorf("an old sign-in led to %s (%d) %v", p.url, p.status, p.location)
	}
	address, _ = b.request(id, url.Values{"max_age": {"3600"}})
	if p := w.get(address); p.location == nil || p.location.Query().Get("code") == "" {
		t.Errorf("max_age=3600 led to %s (%d) %v", p.url, p.status, p.location)
	}
}
