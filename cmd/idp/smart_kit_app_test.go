package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"

	"huskyidp/internal/visitor"
)

// smartApp is a client as the kit knows it: by its id alone, with a secret, or with a key.
type smartApp struct {
	k          *smartKit
	id, secret string
	name       string
	alg        jose.SignatureAlgorithm
	key        crypto.Signer
	posts      bool // sends its authorization requests as forms
	browser    *visitor.Browser
}

// register makes a client by the command.
func (k *smartKit) register(t *testing.T, metadata map[string]any) smartApp {
	t.Helper()
	text, err := json.Marshal(metadata)
	must(t, err)
	code, stdout, stderr := call(t, k.vars, "clients", "create", writeFile(t, string(text)))
	var made struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if code != 0 || json.Unmarshal([]byte(stdout), &made) != nil || made.ID == "" {
		t.Fatalf("clients create = %d: %s%s", code, stdout, stderr)
	}
	return smartApp{k: k, id: made.ID, secret: made.Secret}
}

// app registers an app of a kind: public, symmetric or asymmetric.
func (k *smartKit) app(t *testing.T, kind, scope string, change ...func(map[string]any)) smartApp {
	t.Helper()
	name := "App " + rand.Text()[:8]
	m := map[string]any{"client_name": name, "profile": "smart", "operator_name": "Pruebas, S. A.", "audience": []string{kitFHIR}, "redirect_uris": []string{kitReturn}, "scope": scope}
	var key crypto.Signer
	switch kind {
	case "public":
		m["token_endpoint_auth_method"] = "none"
	case "asymmetric":
		key = newKey(t, jose.ES384)
		m["token_endpoint_auth_method"], m["jwks"] = "private_key_jwt", keySet(key)
	}
	for _, apply := range change {
		apply(m)
	}
	app := k.register(t, m)
	app.name, app.alg, app.key = name, jose.ES384, key
	return app
}

func newKey(t *testing.T, alg jose.SignatureAlgorithm) (key crypto.Signer) {
	t.Helper()
	var err error
	if alg == jose.RS384 {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	}
	must(t, err)
	return key
}

func keySet(key crypto.Signer) jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "one", Use: "sig"}}}
}

// assertion proves the app by its key (SMART App Launch 2.2, "Client Authentication: Asymmetric").
func (a smartApp) assertion(t *testing.T, key crypto.Signer, change map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: a.alg, Key: jose.JSONWebKey{Key: key, KeyID: "one"}}, (&jose.SignerOptions{}).WithType("JWT"))
	must(t, err)
	claims := map[string]any{"iss": a.id, "sub": a.id, "aud": kitIssuer + "/token", "exp": time.Now().Add(5 * time.Minute).Unix(), "jti": rand.Text()}
	maps.Copy(claims, change)
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	must(t, err)
	return text
}

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// token asks the token endpoint, authenticated as the app is. What change has without a value is left out.
func (a smartApp) token(t *testing.T, form, change url.Values) reply {
	t.Helper()
	fields, header := maps.Clone(form), []string{"Origin", kitOrigin}
	switch {
	case a.key != nil:
		fields.Set("client_assertion_type", jwtBearer)
		fields.Set("client_assertion", a.assertion(t, a.key, nil))
	case a.secret != "":
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(url.QueryEscape(a.id), url.QueryEscape(a.secret))
		header = append(header, "Authorization", r.Header.Get("Authorization"))
	default:
		fields.Set("client_id", a.id)
	}
	maps.Copy(fields, change)
	maps.DeleteFunc(fields, func(_ string, values []string) bool { return values == nil })
	return a.k.send(t, http.MethodPost, kitIssuer+"/token", fields, header...)
}

// authorize opens the authorization request in the member's browser, allows all that the app asks for but the groups
// named, and returns what the app is called back with.
func (a *smartApp) authorize(t *testing.T, parameters url.Values, refuse ...string) (back url.Values, verifier string) {
	t.Helper()
	ctx := t.Context()
	if a.browser == nil {
		a.browser = visitor.New(kitIssuer, "idp.example")
		a.browser.Send = a.k.client.Transport.RoundTrip
	}
	b := a.browser
	verifier = oauth2.GenerateVerifier()
	query := url.Values{"client_id": {a.id}, "response_type": {"code"}, "redirect_uri": {kitReturn}, "state": {"state"}, "nonce": {"nonce"}, "aud": {kitFHIR},
		"code_challenge_method": {"S256"}, "code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}}
	maps.Copy(query, parameters)
	if a.posts {
		b.At, b.Body = "/authorize", "" // no form there: what is submitted goes to the address itself
		must(t, b.Submit(ctx, query))
	} else {
		must(t, b.Get(ctx, "/authorize?"+query.Encode()))
	}
	if strings.HasPrefix(b.At, "/login") {
		must(t, b.Submit(ctx, url.Values{"username": {"maria.nunez"}, "password": {drillPassword}}))
	}
	if strings.HasPrefix(b.At, "/consent") && b.Away == nil {
		typed := url.Values{"act": {"accept"}, "duration": {"90d"}}
		for _, box := range consentBox.FindAllStringSubmatch(b.Body, -1) {
			typed.Set(box[1], "yes")
		}
		for _, group := range refuse {
			typed.Del(group)
		}
		must(t, b.Submit(ctx, typed))
	}
	if b.Away == nil || !strings.HasPrefix(b.Away.String(), kitReturn) {
		t.Fatalf("the app is not called back: %s (%d) %v\n%s", b.At, b.Status, b.Away, b.Body)
	}
	return b.Away.Query(), verifier
}

// redeem exchanges a code.
func (a smartApp) redeem(t *testing.T, code, verifier string, change url.Values) reply {
	t.Helper()
	return a.token(t, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {kitReturn}, "code_verifier": {verifier}}, change)
}

// launch is a whole launch; it returns the token response.
func (a *smartApp) launch(t *testing.T, parameters url.Values, refuse ...string) reply {
	t.Helper()
	back, verifier := a.authorize(t, parameters, refuse...)
	got := a.redeem(t, back.Get("code"), verifier, nil)
	if got.status != http.StatusOK {
		t.Fatalf("no tokens: %v, %d %s", back, got.status, got.raw)
	}
	return got
}

// handle lets the FHIR server launch the app.
func (a smartApp) handle(t *testing.T, context url.Values) reply {
	t.Helper()
	fields := url.Values{"app": {a.id}, "patient": {a.k.member.String()}}
	maps.Copy(fields, context)
	return a.k.server.post(t, "/smart/launch", fields)
}

// post asks an endpoint, authenticated by the secret.
// heard takes the Security Event Tokens that wait for the app, and returns how many.
func (a smartApp) heard(t *testing.T) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, kitIssuer+"/signals/poll", strings.NewReader("{}"))
	must(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(url.QueryEscape(a.id), url.QueryEscape(a.secret))
	response, err := a.k.client.Do(r)
	must(t, err)
	defer response.Body.Close()
	var got struct{ Sets map[string]string }
	must(t, json.NewDecoder(response.Body).Decode(&got))
	return len(got.Sets)
}

func (a smartApp) post(t *testing.T, path string, fields url.Values) reply {
	t.Helper()
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(url.QueryEscape(a.id), url.QueryEscape(a.secret))
	return a.k.send(t, http.MethodPost, kitIssuer+path, fields, "Authorization", r.Header.Get("Authorization"))
}
