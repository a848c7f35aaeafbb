package provider_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

// send makes one request of a program. A body that is no JSON is left out.
func (b *bench) send(client *http.Client, method, path string, fields url.Values, header http.Header) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.issuer+path, strings.NewReader(fields.Encode()))
	must(b.t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	maps.Copy(r.Header, header)
	response, err := client.Do(r)
	must(b.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(b.t, err)
	a := answer{status: response.StatusCode, header: response.Header}
	_ = json.Unmarshal(body, &a.body)
	return a
}

// post is a form with a good assertion, unless it has one, and the given proofs.
func (p *holder) post(path string, fields url.Values, proofs ...string) answer {
	p.b.t.Helper()
	all := url.Values{"client_id": {p.id}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion": {p.assertion()}}
	for name, values := range fields {
		if all[name] = values; values == nil {
			delete(all, name)
		}
	}
	return p.b.send(p.b.server.Client(), http.MethodPost, path, all, http.Header{"Dpop": proofs})
}

// push sends the common authorization request, and returns the answer with the verifier.
func (p *holder) push(fields url.Values, proofs ...string) (answer, string) {
	p.b.t.Helper()
	verifier := oauth2.GenerateVerifier()
	all := url.Values{"redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid offline_access"}, "state": {"s"},
		"nonce": {"n"}, "code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"}}
	maps.Copy(all, fields)
	return p.post("/par", all, proofs...), verifier
}

// code pushes a request and lets the signed-in member answer it.
func (p *holder) code(w *browser, fields url.Values, proofs ...string) (code, verifier string) {
	p.b.t.Helper()
	pushed, verifier := p.push(fields, proofs...)
	pushed.want(p.b.t, 201, "")
	page := w.get("/authorize?" + url.Values{"client_id": {p.id}, "request_uri": {pushed.text("request_uri")}}.Encode())
	if page.location == nil || page.location.Query().Get("code") == "" {
		p.b.t.Fatalf("no code: %s (%d) %v\n%s", page.url, page.status, page.location, page.body)
	}
	return page.location.Query().Get("code"), verifier
}

// redeem exchanges a code with a good assertion and the given proofs.
func (p *holder) redeem(code, verifier string, proofs ...string) answer {
	p.b.t.Helper()
	return p.post("/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier},
		"redirect_uri": {callback}}, proofs...)
}

// tokens is the whole of conformance 9.2.
func (p *holder) tokens(w *browser) answer {
	p.b.t.Helper()
	code, verifier := p.code(w, nil)
	a := p.redeem(code, verifier, p.proof("POST", "/token", ""))
	a.want(p.b.t, 200, "")
	return a
}

// userinfo asks with a token of the scheme DPoP and the given proofs.
func (p *holder) userinfo(accessToken string, proofs ...string) answer {
	p.b.t.Helper()
	return p.b.send(p.b.server.Client(), http.MethodGet, "/userinfo", nil,
		http.Header{"Authorization": {"DPoP " + accessToken}, "Dpop": proofs})
}
