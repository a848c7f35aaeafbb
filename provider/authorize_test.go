package provider_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"huskyidp/provider"
)

// TestAuthorizeErrors: until client and redirect_uri are proven our own page, then the
// app (RFC 6749 4.1.2.1, S-31, S-35, S-36).
func TestAuthorizeErrors(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(nil)
	for _, test := range []struct {
		name   string
		change url.Values
		code   string // of the redirect; "page" for our own
	}{
		{"unknown client", url.Values{"client_id": {"nobody"}}, "page"},
		{"no client", url.Values{"client_id": nil}, "page"},
		{"no redirect_uri", url.Values{"redirect_uri": nil}, "page"},
		{"another redirect_uri", url.Values{"redirect_uri": {"https://evil.example/"}}, "page"},
		{"redirect_uri with a path more", url.Values{"redirect_uri": {callback + "/random"}}, "page"},
		{"redirect_uri with a query more", url.Values{"redirect_uri": {callback + "&foo=bar"}}, "page"},
		{"redirect_uri in other case", url.Values{"redirect_uri": {strings.ToUpper(callback)}}, "page"},
		{"repeated client_id", url.Values{"client_id": {id, id}}, "page"},
		{"no response_type", url.Values{"response_type": nil}, "invalid_request"},
		{"implicit", url.Values{"response_type": {"id_token token"}}, "unsupported_response_type"},
		{"fragment", url.Values{"response_mode": {"fragment"}}, "unsupported_response_mode"},
		{"no challenge", url.Values{"code_challenge": nil, "code_challenge_method": nil}, "invalid_request"},
		{"plain", url.Values{"code_challenge_method": {"plain"}}, "invalid_request"},
		{"challenge of another length", url.Values{"code_challenge": {"abc"}}, "invalid_request"},
		{"request object", url.Values{"request": {"eyJhbGciOiJub25lIn0.e30."}}, "request_not_supported"},
		{"request_uri", url.Values{"request_uri": {"https://app.example/r"}}, "request_uri_not_supported"},
		{"registration", url.Values{"registration": {"{}"}}, "registration_not_supported"},
		{"long state", url.Values{"state": {strings.Repeat("s", 4097)}}, "invalid_request"},
		{"long nonce", url.Values{"nonce": {strings.Repeat("n", 4097)}}, "invalid_request"},
		{"prompt none and login", url.Values{"prompt": {"none login"}}, "invalid_request"},
		{"max_age no number", url.Values{"max_age": {"-1"}}, "invalid_request"},
		{"foreign hint", url.Values{"id_token_hint": {"e30.e30.e30"}}, "invalid_request"},
		{"prompt none without a session", url.Values{"prompt": {"none"}, "state": {strings.Repeat("aB9-._~", 18)}}, "login_required"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address, _ := b.request(id, test.change)
			p := b.browser().get(address)
			if test.code == "page" {
				if p.status != 400 || p.location != nil || !strings.Contains(p.header.Get("Content-Type"), "text/html") {
					t.Errorf("status %d, location %v, want our page", p.status, p.location)
				}
				return
			}
			if p.location == nil {
				t.Fatalf("no redirect: %s (%d)", p.url, p.status)
			}
			q := p.location.Query()
			state := "s"
			if sent := test.change["state"]; sent != nil {
				state = sent[0]
			}
			if q.Get("error") != test.code || q.Get("state") != state || q.Get("iss") != b.issuer || q.Get("keep") != "1" || q.Has("code") {
				t.Errorf("redirect with %v, want %s", q, test.code)
			}
		})
	}
}

// TestAuthorizeVariants are requests that succeed with a session, without any page.
func TestAuthorizeVariants(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	w := b.signedIn()
	for name, change := range map[string]url.Values{
		"no state":          {"state": nil},
		"no nonce":          {"nonce": nil},
		"longest state":     {"state": {strings.Repeat("s", 512)}},
		"unknown parameter": {"extra": {"foobar"}},
		"unknown scope":     {"scope": {"openid offline_access unknown"}},
		"display":           {"display": {"popup"}},
		"ui_locales":        {"ui_locales": {"se"}},
		"claims_locales":    {"claims_locales": {"se"}},
		"login_hint":        {"login_hint": {"buffy@example.org"}},
		"acr_values":        {"acr_values": {"1 2"}},
		"prompt none":       {"prompt": {"none"}},
		"unknown prompt":    {"prompt": {"later"}},
		"prompt consent":    {"prompt": {"consent"}},
		"large max_age":     {"max_age": {"15000"}},
	} {
		t.Run(name, func(t *testing.T) {
			address, verifier := b.request(id, change)
			p := w.get(address)
			if p.location == nil {
				t.Fatalf("no redirect: %s (%d)", p.url, p.status)
			}
			q := p.location.Query()
			want := "s"
			if values, sent := change["state"]; sent {
				want = strings.Join(values, "")
			}
			if q.Get("state") != want || q.Has("state") != (want != "") || q.Get("iss") != b.issuer {
				t.Errorf("answer %v", q)
			}
			b.redeem(id, secret, q.Get("code"), verifier).want(t, 200, "")
		})
	}
}

// TestFreshSignIn: prompt=login and max_age ask for a new sign-in although there is a
// session, and auth_time tells of it.
func TestFreshSignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	for name, change := range map[string]url.Values{"prompt=login": {"prompt": {"login"}}, "max_age=1": {"max_age": {"1"}}, "max_age=0": {"max_age": {"0"}}} {
		t.Run(name, func(t *testing.T) {
			w := b.signedIn()
			b.clock.advance(2 * time.Second)
			address, verifier := b.request(id, change)
			p := w.get(address)
			if p.url.Path != "/login" {
				t.Fatalf("led to %s (%d)", p.url, p.status)
			}
			began := b.clock.now()
			back := w.signIn(p)
			if back.location == nil {
				t.Fatalf("sign-in led to %s (%d)\n%s", back.url, back.status, back.body)
			}
			a := b.redeem(id, secret, back.location.Query().Get("code"), verifier)
			a.want(t, 200, "")
			if at := claim(t, a.text("id_token"), "auth_time"); int64(at.(float64)) < began.Unix() {
				t.Errorf("auth_time %v is before %d", at, began.Unix())
			}
			// Back to the sign-in page of a request that has been answered.
			again := w.get(p.url.String())
			if again.location == nil || again.location.Query().Get("code") == "" || again.location.Query().Get("code") == back.location.Query().Get("code") {
				t.Errorf("the answered request leads to %s (%d) %v", again.url, again.status, again.location)
			}
		})
	}
}

// TestPendingRequest: it survives wrong passwords, other tabs and a new handler, works
// only in the browser that began it, and ends.
func TestPendingRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(nil)
	w := b.browser()
	one, _ := b.request(id, url.Values{"state": {"tab1"}})
	two, _ := b.request(id, url.Values{"state": {"tab2"}})
	first, second := w.get(one), w.get(two)
	wrong := w.submit(first, url.Values{"username": {username}, "password": {"not the password at all"}})
	if wrong.status != 422 || !strings.Contains(wrong.body, "login-submit") || strings.Contains(wrong.body, "not the password") {
		t.Fatalf("a wrong password led to %s (%d)", wrong.url, wrong.status)
	}
	start := "https://app.example/start?iss=" + url.QueryEscape(b.issuer)
	elsewhere := b.browser()
	stranger := elsewhere.get(first.url.String())
	if !strings.Contains(stranger.body, "Este ingreso ya terminó") || strings.Contains(stranger.body, "login-cancel") {
		t.Errorf("another browser opened the pending request: %d", stranger.status)
	}
	if on := elsewhere.signIn(stranger); on.location == nil || on.location.String() != start {
		t.Errorf("there a sign-in leads to %s (%d) %v", on.url, on.status, on.location)
	}
	if back := w.signIn(wrong); back.location == nil || back.location.Query().Get("state") != "tab1" {
		t.Fatalf("first tab: %s (%d) %v", back.url, back.status, back.location)
	}
	if back := w.signIn(second); back.location == nil || back.location.Query().Get("state") != "tab2" {
		t.Errorf("second tab: %s (%d) %v", back.url, back.status, back.location)
	}
	three, _ := b.request(id, url.Values{"prompt": {"login"}})
	third := w.get(three)
	b.clock.advance(49 * time.Hour)
	stale := w.get(third.url.String())
	if stale.url.Path != "/login" || !strings.Contains(stale.body, "Este ingreso ya terminó") {
		t.Errorf("a stale request shows %s (%d)", stale.url, stale.status)
	}
	if on := w.signIn(stale); on.location == nil || on.location.String() != start {
		t.Errorf("and a sign-in leads to %s (%d) %v", on.url, on.status, on.location)
	}
}

// TestNewAgreement: a version published since is asked at the next sign-in; who does not
// agree is signed out and keeps the account (design.md section 2).
func TestNewAgreement(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(nil)
	b.agreement = "2026-06-01"
	w := b.browser()
	address, _ := b.request(id, nil)
	p := w.signIn(w.get(address))
	if p.url.Path != "/login/agreement" || !strings.Contains(p.body, say("accounts.agreement.title")) {
		t.Fatalf("sign-in led to %s (%d)", p.url, p.status)
	}
	no := w.submit(p, url.Values{"act": {"disagree"}})
	if no.url.Path != "/login" || !strings.Contains(no.body, "no aceptó la versión nueva") {
		t.Fatalf("disagreeing led to %s (%d)", no.url, no.status)
	}
	again := w.signIn(no)
	if again.url.Path != "/login/agreement" {
		t.Fatalf("the second sign-in led to %s (%d)", again.url, again.status)
	}
	if back := w.submit(again, url.Values{"act": {"agree"}}); back.location == nil || back.location.Query().Get("code") == "" {
		t.Fatalf("agreeing led to %s (%d)", back.url, back.status)
	}
	if back := b.browser(); back.signIn(back.get("/login")).url.Path != "/account" {
		t.Error("it is asked again")
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(nil)
	w := b.browser()
	address, _ := b.request(id, nil)
	login := w.get(address)
	action, fields := formOf(t, login)
	p := w.post(strings.Replace(action, "/login", "/login/cancel", 1), fields)
	if p.location == nil || p.location.Query().Get("error") != "access_denied" || p.location.Query().Get("state") != "s" {
		t.Errorf("cancel led to %s (%d) %v", p.url, p.status, p.location)
	}
	if csp := login.header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "form-action 'self'") {
		t.Errorf("the sign-in page's policy names more than ourselves: %s", csp)
	}
}

func TestFormPost(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	address, verifier := b.request(id, url.Values{"response_mode": {"form_post"}, "state": {`"><script>`}})
	p := b.signedIn().get(address)
	action, fields := formOf(t, p)
	if p.status != 200 || action != callback || fields.Get("state") != `"><script>` || fields.Get("iss") != b.issuer || strings.Contains(p.body, "<script>") {
		t.Fatalf("form to %s with %v\n%s", action, fields, p.body)
	}
	if csp := p.header.Get("Content-Security-Policy"); strings.Contains(csp, "form-action") || strings.Contains(csp, "app.example") {
		t.Errorf("the form may not end wherever the app leads: %s", csp)
	}
	b.redeem(id, secret, fields.Get("code"), verifier).want(t, 200, "")
	refused, _ := b.request(id, url.Values{"response_mode": {"form_post"}, "prompt": {"none"}})
	if _, fields := formOf(t, b.browser().get(refused)); fields.Get("error") != "login_required" {
		t.Errorf("the error came as %v", fields)
	}
}

// TestCrossSitePost: the authorization endpoint takes a form of another site, whose
// request has no cookies (conformance 12.7).
func TestCrossSitePost(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(nil)
	address, _ := b.request(id, nil)
	u, err := url.Parse(address)
	must(t, err)
	w := b.signedIn()
	p := w.post(b.issuer+"/authorize", u.Query())
	if p.location == nil || p.location.Query().Get("code") == "" {
		t.Errorf("POST led to %s (%d) %v", p.url, p.status, p.location)
	}
}

// TestLongPost: a request longer than an address may be is taken as a form, and is no
// pushed one for that.
func TestLongPost(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	claims := `{"userinfo":{"name":null,"x":{"value":"` + strings.Repeat("x", 8000) + `"}}}`
	address, verifier := b.request(id, url.Values{"claims": {claims}, "login_hint": {strings.Repeat("h", 9000)}})
	u, err := url.Parse(address)
	must(t, err)
	post := func(w *browser, form url.Values) page { return w.post(b.issuer+"/authorize", form) }
	if p := b.browser().get(address); p.status < 400 { // as an address it is refused (S-69)
		t.Errorf("GET led to %s (%d)", p.url, p.status)
	}
	for name, w := range map[string]*browser{"signed in": b.signedIn(), "not yet": b.browser()} {
		p := post(w, u.Query())
		if p.url.Path == "/login" {
			p = w.signIn(p)
		}
		if p.location == nil {
			t.Fatalf("%s: POST led to %s (%d)\n%s", name, p.url, p.status, p.body)
		}
		a := b.redeem(id, secret, p.location.Query().Get("code"), verifier)
		if info := b.userinfo(a.text("access_token")); info.text("name") == "" {
			t.Errorf("%s: userinfo %v", name, info.body)
		}
	}
	w := b.signedIn()
	long := u.Query()
	long["state"] = []string{"a", "b"}
	if p := post(w, long); !p.errorPage() || !strings.Contains(p.body, "state") {
		t.Errorf("a repeated parameter led to %s (%d) %v", p.url, p.status, p.location)
	}
	long = u.Query()
	long.Set("client_id", "nobody")
	if p := post(w, long); !p.errorPage() {
		t.Errorf("an unknown client led to %s (%d)", p.url, p.status)
	}
	pusher, _ := b.client(func(m *provider.Metadata) { m.RequirePAR = true })
	long.Set("client_id", pusher)
	p := post(w, long)
	if p.location == nil || p.location.Query().Get("error") != "invalid_request" {
		t.Errorf("a client that must push led to %s (%d) %v", p.url, p.status, p.location)
	}
	handle := p.url.Query().Get("posted")
	proven := b.party(callback, connect)
	uri, _ := proven.pushed(nil)
	for name, change := range map[string]url.Values{"as a request_uri": {"client_id": {pusher}, "request_uri": {handle}}, "of another client": {"client_id": {id}, "posted": {handle}},
		"of a pushed request": {"client_id": {proven.id}, "posted": {uri}}} {
		if p := w.get("/authorize?" + change.Encode()); handle == "" || p.location != nil && p.location.Query().Has("code") || p.status < 400 {
			t.Errorf("%s the handle led to %s (%d) %v", name, p.url, p.status, p.location)
		}
	}
}

func TestSelectAccount(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(nil)
	w := b.signedIn()
	address, _ := b.request(id, url.Values{"prompt": {"select_account"}})
	p := w.get(address)
	if p.url.Path != "/login/accounts" || !strings.Contains(p.body, username) {
		t.Fatalf("led to %s (%d)", p.url, p.status)
	}
	if back := w.submit(p, url.Values{"act": {"continue"}}); back.location == nil || back.location.Query().Get("code") == "" {
		t.Errorf("continue led to %s (%d)", back.url, back.status)
	}
	p = w.get(address)
	if other := w.submit(p, url.Values{"act": {"other"}}); other.url.Path != "/login" || !strings.Contains(other.body, "login-submit") {
		t.Errorf("another account led to %s (%d)", other.url, other.status)
	}
}

func TestPublicClientAndNoPKCE(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	w := b.signedIn()
	public, _ := b.client(func(m *provider.Metadata) { m.TokenEndpointAuthMethod = "none" })
	code, verifier := b.code(w, public)
	b.token("", "", url.Values{"grant_type": {"authorization_code"}, "client_id": {public}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}).want(t, 200, "")

	no := false
	id, secret := b.client(func(m *provider.Metadata) { m.RequirePKCE = &no })
	address, _ := b.request(id, url.Values{"code_challenge": nil, "code_challenge_method": nil})
	plain := w.get(address).location.Query().Get("code")
	b.redeem(id, secret, plain, oauth2.GenerateVerifier()).want(t, 400, "invalid_grant") // a verifier without a challenge
	plain = w.get(address).location.Query().Get("code")
	b.redeem(id, secret, plain, "").want(t, 200, "")
	code, _ = b.code(w, id) // it sent a challenge after all
	b.redeem(id, secret, code, "").want(t, 400, "invalid_grant")
}
