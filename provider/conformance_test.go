package provider_test

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/net/html"

	"huskyidp/provider"
)

// entropy is what the certification tests measure of a text: Shannon's, in bits.
func entropy(text string) float64 {
	counts := map[rune]float64{}
	for _, r := range text {
		counts[r]++
	}
	bits, n := 0.0, float64(len([]rune(text)))
	for _, count := range counts {
		bits -= count * math.Log2(count/n)
	}
	return bits
}

// TestEntropy is conformance 3.3.6 and 3.4.3: codes, tokens and request_uris hold 128 bits,
// measured above 96, in visible ASCII.
func TestEntropy(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	w := b.signedIn()
	seen := map[string]bool{}
	for _, format := range []string{"jwt", "opaque"} {
		id, secret := b.client(func(m *provider.Metadata) { m.AccessTokenFormat = format })
		for range 20 {
			code, verifier := b.code(w, id)
			tokens := b.redeem(id, secret, code, verifier)
			again := b.refresh(id, secret, tokens.text("refresh_token"))
			for name, text := range map[string]string{"code": code, "access_token": tokens.text("access_token"), "refresh_token": tokens.text("refresh_token"),
				"next access_token": again.text("access_token"), "next refresh_token": again.text("refresh_token")} {
				if len(text) < 22 || entropy(text) <= 96 || strings.ContainsFunc(text, func(r rune) bool { return r < 0x21 || r > 0x7e }) || seen[text] {
					t.Errorf("%s %s: %d characters, %.0f bits", format, name, len(text), entropy(text))
				}
				seen[text] = true
			}
		}
	}
	p := b.party(callback, nil)
	uri, _ := p.pushed(nil)
	if handle := uri[strings.LastIndex(uri, ":")+1:]; len(handle) < 22 || entropy(handle) <= 96 {
		t.Errorf("request_uri %s", uri)
	}
}

// TestEncodedBasic is conformance 3.4.5: client_id and secret are form-encoded before they
// become Basic credentials (RFC 6749 2.3.1).
func TestEncodedBasic(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	const id = "app:1+2%3A/é?"
	if _, _, err := b.clients.Create(t.Context(), id, provider.Metadata{ClientName: "x", RedirectURIs: []string{callback}}); err == nil {
		t.Error("a client_id beyond ASCII was taken")
	}
	const odd = "app:1+2%3A/&=?"
	_, secret, err := b.clients.Create(t.Context(), odd, provider.Metadata{ClientName: "x", RedirectURIs: []string{callback}})
	must(t, err)
	code, verifier := b.code(b.signedIn(), odd)
	b.redeem(odd, secret, code, verifier).want(t, 200, "")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.issuer+"/token", strings.NewReader("grant_type=refresh_token&refresh_token=x"))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(odd, secret) // its colon ends the name early
	if p := b.browser().do(r); p.status != 401 && p.status != 400 || !strings.Contains(p.body, "invalid_client") && !strings.Contains(p.body, "invalid_request") {
		t.Errorf("plain credentials: %d %s", p.status, p.body)
	}
}

// registered are the members of the IANA registry "OAuth Authorization Server Metadata" and
// of OpenID Connect Discovery and its companions that a document of ours may have.
var registered = strings.Fields(`issuer authorization_endpoint token_endpoint userinfo_endpoint jwks_uri registration_endpoint end_session_endpoint
	introspection_endpoint revocation_endpoint device_authorization_endpoint pushed_authorization_request_endpoint mtls_endpoint_aliases
	scopes_supported response_types_supported response_modes_supported grant_types_supported acr_values_supported subject_types_supported
	id_token_signing_alg_values_supported id_token_encryption_alg_values_supported id_token_encryption_enc_values_supported
	userinfo_signing_alg_values_supported userinfo_encryption_alg_values_supported userinfo_encryption_enc_values_supported
	request_object_signing_alg_values_supported authorization_signing_alg_values_supported dpop_signing_alg_values_supported
	token_endpoint_auth_methods_supported token_endpoint_auth_signing_alg_values_supported
	introspection_endpoint_auth_methods_supported introspection_endpoint_auth_signing_alg_values_supported
	revocation_endpoint_auth_methods_supported revocation_endpoint_auth_signing_alg_values_supported
	claim_types_supported claims_supported claims_parameter_supported ui_locales_supported service_documentation op_policy_uri op_tos_uri
	code_challenge_methods_supported prompt_values_supported request_parameter_supported request_uri_parameter_supported require_request_uri_registration
	require_pushed_authorization_requests require_signed_request_object tls_client_certificate_bound_access_tokens
	authorization_response_iss_parameter_supported frontchannel_logout_supported frontchannel_logout_session_supported
	backchannel_logout_supported backchannel_logout_session_supported`)

// TestKnownMetadata is conformance 5.12: the document has no member that nobody registered.
func TestKnownMetadata(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]*bench{"plain": newBench(t, 4), "certification": certifying(t, 4)} {
		var doc map[string]any
		must(t, json.Unmarshal([]byte(b.browser().get("/.well-known/openid-configuration").body), &doc))
		for member := range doc {
			if !slices.Contains(registered, member) {
				t.Errorf("%s: %s is registered nowhere", name, member)
			}
		}
	}
}

// TestHintForAnother is conformance 8.2's last row: a hint for another member than the one
// signed in asks, and says so.
func TestHintForAnother(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(nil)
	signer, err := b.keys.Current().Signer("RS256", "JWT")
	must(t, err)
	hint, err := jwt.Signed(signer).Claims(map[string]any{"iss": b.issuer, "sub": "somebody-else", "aud": id, "exp": 1}).Serialize()
	must(t, err)
	w := b.signedIn()
	q := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {afterLogout}, "state": {"st"}}
	confirm := w.get("/logout?" + q.Encode())
	if !strings.Contains(confirm.body, "pide cerrar la sesión de otra persona. Aquí está abierta la de "+username) || !strings.Contains(confirm.body, `id="logout-confirm"`) {
		t.Fatalf("led to %s (%d)\n%s", confirm.url, confirm.status, confirm.body)
	}
	if home := w.get("/account"); home.url.Path != "/account" {
		t.Error("the session of the member who is here has ended unasked")
	}
	if p := w.submit(confirm, url.Values{"act": {"confirm"}}); p.location == nil || p.location.String() != afterLogout+"?state=st" {
		t.Errorf("confirming led to %s (%d) %v", p.url, p.status, p.location)
	}
}

// TestRobots is conformance 12.1, 12.2 and 12.5: one plain form a page, stable ids and
// headings, and nothing that waits for script, hover or focus.
func TestRobots(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.partner(nil)
	address, _ := b.request(id, url.Values{"ui_locales": {"en"}})
	w := b.browser()
	login := w.get(address)
	consent := w.signIn(login)
	logout := w.get("/logout")
	done := w.submit(logout, url.Values{"act": {"confirm"}})
	for _, test := range []struct {
		page          page
		path, heading string
		ids           string
	}{
		{login, "/login", "Sign in", "username password login-submit login-cancel"},
		{consent, "/consent", "Allow access", "consent-accept consent-deny"},
		{logout, "/logout", "", "logout-confirm logout-cancel"},
		{done, "/logout/done", "You are signed out", ""},
	} {
		root, err := html.Parse(strings.NewReader(test.page.body))
		must(t, err)
		forms, headings, found := 0, []string{}, map[string]bool{}
		for n := range root.Descendants() {
			attrs := map[string]string{}
			for _, a := range n.Attr {
				attrs[a.Key] = a.Val
			}
			_, hidden := attrs["hidden"]
			_, disabled := attrs["disabled"]
			switch n.Data {
			case "form":
				forms++
			case "h1", "h2":
				headings = append(headings, strings.TrimSpace(n.FirstChild.Data))
			case "a":
				found[attrs["id"]] = attrs["href"] != ""
			case "button", "input":
				found[attrs["id"]] = true
				waits := attrs["id"] == "passkey" || inside(n, "dialog") // for script, and shown by it
				if !waits && (disabled || hidden || inside(n, "details", "template", "noscript")) {
					t.Errorf("%s: %s %q cannot be used at once", test.path, n.Data, attrs["id"])
				}
			}
		}
		if test.page.url.Path != test.path || test.heading != "" && !slices.Contains(headings, test.heading) || forms > 1 {
			t.Errorf("at %s with headings %q and %d forms, want %s, %q and one", test.page.url, headings, forms, test.path, test.heading)
		}
		for id := range strings.FieldsSeq(test.ids) {
			if !found[id] {
				t.Errorf("%s lacks %s", test.path, id)
			}
		}
	}
}

// inside tells whether an element is in one of those named, or in one that is hidden.
func inside(n *html.Node, names ...string) bool {
	for p := range n.Ancestors() {
		if slices.Contains(names, p.Data) || slices.ContainsFunc(p.Attr, func(a html.Attribute) bool { return a.Key == "hidden" }) {
			return true
		}
	}
	return false
}

// TestUnregisteredMode: form_post, like every mode, is for clients that registered it.
func TestUnregisteredMode(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, _ := b.client(func(m *provider.Metadata) { m.ResponseModes = []string{"query"} })
	w := b.signedIn()
	for _, mode := range []string{"form_post", "fragment", "jwt", "form_post.jwt", "fragment.jwt", "web_message"} {
		address, _ := b.request(id, url.Values{"response_mode": {mode}})
		p := w.get(address)
		if p.location == nil || p.location.Query().Get("error") != "unsupported_response_mode" || p.location.Query().Has("code") {
			t.Errorf("%s led to %s (%d) %v", mode, p.url, p.status, p.location)
		}
	}
}

// TestEveryAlgorithm reads the metadata and uses each algorithm of signatures that they
// name (conformance 14); those of encryption are TestEncryption's.
func TestEveryAlgorithm(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	var doc struct {
		IDToken   []string `json:"id_token_signing_alg_values_supported"`
		Userinfo  []string `json:"userinfo_signing_alg_values_supported"`
		Answer    []string `json:"authorization_signing_alg_values_supported"`
		Object    []string `json:"request_object_signing_alg_values_supported"`
		Assertion []string `json:"token_endpoint_auth_signing_alg_values_supported"`
		DPoP      []string `json:"dpop_signing_alg_values_supported"`
	}
	must(t, json.Unmarshal([]byte(b.browser().get("/.well-known/openid-configuration").body), &doc))
	for name, algs := range map[string][]string{"id_token": doc.IDToken, "userinfo": doc.Userinfo, "authorization": doc.Answer, "request_object": doc.Object,
		"token_endpoint_auth": doc.Assertion, "dpop": doc.DPoP} {
		if len(algs) < 3 || slices.Contains(algs, "none") || slices.ContainsFunc(algs, func(alg string) bool { return strings.HasPrefix(alg, "HS") }) { // S-44
			t.Errorf("%s: %v", name, algs)
		}
	}
	w := b.signedIn()
	for _, alg := range doc.IDToken {
		if !slices.Contains(doc.Userinfo, alg) || !slices.Contains(doc.Answer, alg) {
			t.Errorf("%s is not listed for userinfo and answers: %v, %v", alg, doc.Userinfo, doc.Answer)
		}
		id, secret := b.client(func(m *provider.Metadata) {
			m.IDTokenSignedResponseAlg, m.UserinfoSignedResponseAlg, m.AuthorizationSignedResponseAlg, m.ResponseModes = alg, alg, alg, []string{"jwt"}
		})
		must(t, b.keys.Reload(t.Context()))
		address, verifier := b.request(id, url.Values{"response_mode": {"jwt"}})
		answer, answered := b.verified(w.get(address).location.Query().Get("response"))
		code, _ := answer["code"].(string)
		tokens := b.redeem(id, secret, code, verifier)
		_, idToken := b.verified(tokens.text("id_token"))
		_, userinfo := b.verified(w.bearer("/userinfo", tokens.text("access_token")).body)
		if answered.Algorithm != alg || idToken.Algorithm != alg || userinfo.Algorithm != alg {
			t.Errorf("%s: answer %s, ID token %s, userinfo %s", alg, answered.Algorithm, idToken.Algorithm, userinfo.Algorithm)
		}
	}
	for _, alg := range doc.Assertion {
		p := b.holder(alg, connect)
		p.post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}).want(t, 400, "invalid_grant") // authenticated
	}
	for _, alg := range doc.Object {
		p := party{b.holder(alg, func(m *provider.Metadata) { connect(m); m.RequestObjectSigningAlg = alg }), callback}
		if a := p.push(url.Values{"request": {p.object()}}); a.status != 201 {
			t.Errorf("request object by %s: %d %v", alg, a.status, a.body)
		}
	}
	for _, alg := range doc.DPoP {
		p := b.party(callback, nil)
		p.dpop = newKeyPair(t, alg)
		uri, verifier := p.pushed(nil)
		tokens := p.redeem(p.answered(p.open(w, uri, nil)).Get("code"), verifier)
		p.userinfo(tokens.text("access_token")).want(t, 200, "")
	}
}
