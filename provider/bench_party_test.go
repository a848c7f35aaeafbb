package provider_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"

	"huskyidp/provider"
)

// party is a client of conformance section 9: it pushes its requests, signs its
// assertions and proves possession of its DPoP key.
type party struct {
	*holder
	redirect string
}

// dummy is registered with client 2's redirect URI and comes back in every answer.
const dummy = "https://two.example/callback?dummy1=lorem&dummy2=ipsum"

// parties are the two clients of a FAPI plan.
func (b *bench) parties(change func(*provider.Metadata)) (one, two party) {
	b.t.Helper()
	return b.party(callback, change), b.party(dummy, change)
}

func (b *bench) party(redirect string, change func(*provider.Metadata)) party {
	b.t.Helper()
	return party{b.holder("ES256", func(m *provider.Metadata) {
		m.RedirectURIs = []string{redirect}
		if change != nil {
			change(m)
		}
	}), redirect}
}

// connect makes an OpenID Connect client of one that would be FAPI's, with its keys.
func connect(m *provider.Metadata) {
	m.Profile, m.TokenEndpointAuthMethod, m.IDTokenSignedResponseAlg = provider.ProfileOwn, "private_key_jwt", "ES256"
}

// request is the good one of conformance 9.2.
func (p party) request(change url.Values) (fields url.Values, verifier string) {
	verifier = oauth2.GenerateVerifier()
	fields = url.Values{"client_id": {p.id}, "redirect_uri": {p.redirect}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"}}
	maps.Copy(fields, change)
	maps.DeleteFunc(fields, func(_ string, values []string) bool { return values == nil })
	return fields, verifier
}

func (p party) push(fields url.Values) answer {
	p.b.t.Helper()
	return p.post("/par", fields)
}

// pushed is the request_uri of a request that must be taken.
func (p party) pushed(change url.Values) (uri, verifier string) {
	p.b.t.Helper()
	fields, verifier := p.request(change)
	a := p.push(fields)
	if a.status != http.StatusCreated {
		p.b.t.Fatalf("the push was refused: %d %v", a.status, a.body)
	}
	return a.text("request_uri"), verifier
}

// open brings a request_uri to the authorization endpoint.
func (p party) open(w *browser, uri string, more url.Values) page {
	q := url.Values{"client_id": {p.id}, "request_uri": {uri}}
	maps.Copy(q, more)
	return w.get("/authorize?" + q.Encode())
}

func (p party) redeem(code, verifier string) answer {
	p.b.t.Helper()
	return p.post("/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {p.redirect},
		"code_verifier": {verifier}}, p.proof("POST", "/token", ""))
}

func (p party) refresh(token string) answer {
	p.b.t.Helper()
	return p.post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, p.proof("POST", "/token", ""))
}

func (p party) userinfo(token string) answer {
	p.b.t.Helper()
	return p.holder.userinfo(token, p.proof("GET", "/userinfo", token))
}

// verified reads a JWT of ours with the published keys, and its header.
func (b *bench) verified(compact string) (claims map[string]any, header jose.Header) {
	b.t.Helper()
	parsed, err := jwt.ParseSigned(compact, []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA})
	if err != nil {
		b.t.Fatalf("%v: %q", err, compact)
	}
	key, ok := b.keys.Current().Key(parsed.Headers[0].KeyID)
	if !ok {
		b.t.Fatalf("the kid %q is not published", parsed.Headers[0].KeyID)
	}
	must(b.t, parsed.Claims(key.Key, &claims))
	return claims, parsed.Headers[0]
}

// answered is the app's view of the answer; the redirect URI's own parameters must have
// come back.
func (p party) answered(back page) url.Values {
	p.b.t.Helper()
	if back.location == nil {
		p.b.t.Fatalf("no answer: %s (%d)\n%s", back.url, back.status, back.body)
	}
	q := back.location.Query()
	registered, err := url.Parse(p.redirect)
	must(p.b.t, err)
	for name, values := range registered.Query() {
		if q.Get(name) != values[0] {
			p.b.t.Errorf("the parameter %s of the redirect URI is %q", name, q.Get(name))
		}
		q.Del(name)
	}
	if back.location.Fragment != "" || !strings.HasPrefix(back.location.String(), p.redirect) {
		p.b.t.Errorf("the answer went to %s", back.location)
	}
	return q
}

// errorPage tells whether the browser stays on our page of a 4xx.
func (p page) errorPage() bool {
	return p.location == nil && p.status >= 400 && p.status < 500 && strings.Contains(p.header.Get("Content-Type"), "text/html")
}
