package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
	"huskyidp/internal/visitor"
	"huskyidp/sandbox"
)

const sandboxIssuer = "https://sandbox.example"

// sandboxVars are those of a sandbox; what a production instance of startInstance has and a sandbox must not is empty.
func sandboxVars() map[string]string {
	return map[string]string{"IDP_SANDBOX": "true", "IDP_ISSUER": sandboxIssuer, "IDP_SMTP": "", "IDP_MAIL_FROM": "", "IDP_KEK": seal.GenerateKEK(), "IDP_REGISTRATION_TOKEN": strings.Repeat("t", 32)}
}

// ask sends a request to an instance by its name; header is name, value, …
func (i *instance) ask(method, address string, body io.Reader, header ...string) (int, http.Header, map[string]any) {
	i.t.Helper()
	u, err := url.Parse(address)
	must(i.t, err)
	r, err := http.NewRequestWithContext(i.t.Context(), method, "http://"+i.address+u.RequestURI(), body)
	must(i.t, err)
	r.Host = u.Host
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	response, err := ownClient.Do(r)
	must(i.t, err)
	defer response.Body.Close()
	var got map[string]any
	_ = json.NewDecoder(response.Body).Decode(&got) // not all answers are JSON
	return response.StatusCode, response.Header, got
}

const formType = "application/x-www-form-urlencoded"

// tokens signs an invented member in with an app that registers itself, and returns the app and its tokens.
func (i *instance) tokens(t *testing.T) (id, secret string, tokens map[string]any) {
	t.Helper()
	status, _, made := i.ask(http.MethodPost, sandboxIssuer+"/connect/register", strings.NewReader(`{"client_name":"Diary","redirect_uris":["https://app.example/callback"],"scope":"openid profile offline_access","grant_types":["authorization_code","refresh_token"]}`),
		"Content-Type", "application/json", "Authorization", "Bearer "+strings.Repeat("t", 32))
	if status != http.StatusCreated {
		t.Fatalf("registration: %d %v", status, made)
	}
	id, secret = made["client_id"].(string), made["client_secret"].(string)
	verifier := oauth2.GenerateVerifier()
	b := visitor.New("http://"+i.address, "sandbox.example")
	must(t, b.Get(t.Context(), "/authorize?"+url.Values{"client_id": {id}, "response_type": {"code"}, "redirect_uri": {"https://app.example/callback"}, "scope": {"openid profile offline_access"},
		"state": {"s"}, "code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"}}.Encode()))
	if !strings.Contains(b.Body, "entorno de prueba con personas inventadas") {
		t.Errorf("the sign-in page does not say that this is a test environment")
	}
	must(t, b.Submit(t.Context(), url.Values{"username": {"prueba.juan"}, "password": {sandbox.Password}}))
	typed := url.Values{"act": {"accept"}, "duration": {"90d"}}
	for _, box := range consentBox.FindAllStringSubmatch(b.Body, -1) {
		typed.Set(box[1], "yes")
	}
	must(t, b.Submit(t.Context(), typed))
	if b.Away == nil || b.Away.Query().Get("code") == "" {
		t.Fatalf("no code: %s %v\n%s", b.At, b.Away, b.Body)
	}
	status, _, tokens = i.post(sandboxIssuer+"/token", id, secret, url.Values{"grant_type": {"authorization_code"}, "code": {b.Away.Query().Get("code")}, "redirect_uri": {"https://app.example/callback"}, "code_verifier": {verifier}})
	if status != http.StatusOK {
		t.Fatalf("no tokens: %d %v", status, tokens)
	}
	return id, secret, tokens
}

func (i *instance) post(address, id, secret string, form url.Values) (int, http.Header, map[string]any) {
	i.t.Helper()
	r := httptest.NewRequest(http.MethodPost, address, nil)
	r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	return i.ask(http.MethodPost, address, strings.NewReader(form.Encode()), "Content-Type", formType, "Authorization", r.Header.Get("Authorization"))
}

// A sandbox shows its cards and its mails; it refuses what belongs to production, and production refuses its database.
func TestSandboxService(t *testing.T) {
	t.Parallel()
	vars := sandboxVars()
	i := startInstance(t, "0s", vars)
	read := func(path string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+i.address+path, nil)
		must(t, err)
		r.Host = "sandbox.example"
		response, err := ownClient.Do(r)
		must(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		must(t, err)
		if response.StatusCode != http.StatusOK {
			t.Errorf("GET %s = %d", path, response.StatusCode)
		}
		return string(body)
	}
	if page := read("/sandbox?lang=en"); !strings.Contains(page, sandbox.Password) || !strings.Contains(page, "prueba.siobhan") || !strings.Contains(page, "004123789") {
		t.Errorf("the page lacks cards or passwords:\n%s", page)
	}
	i.tokens(t)
	within(t, 20e9, "a mail kept", func() bool { return strings.Contains(read("/mailbox"), "[Prueba]") })

	admin := map[string]string{"IDP_DATABASE_URL": i.dsn, "IDP_KEK": vars["IDP_KEK"], "IDP_ACCEPT": "database-without-verified-tls"}
	roster := writeFile(t, sampleRoster)
	accounts := writeFile(t, "member_number,username,email\n004123789,maria,maria@example.org\n")
	for _, args := range [][]string{{"roster", "import", roster}, {"accounts", "import", accounts}} {
		if code, _, stderr := call(t, admin, args...); code != 1 || !strings.Contains(stderr, "this database is a sandbox's, whose members are invented") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v = %d: %s", args, code, stderr)
		}
	}
	production := runnable(t, i.dsn)
	production["IDP_KEK"] = vars["IDP_KEK"]
	if code, _, stderr := call(t, production, "serve"); code != 1 || !strings.Contains(stderr, "IDP_DATABASE_URL: this database is a sandbox's, with invented members and known passwords: production needs one of its own") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("production on a sandbox's database = %d: %s", code, stderr)
	}
	if code, stdout, _ := call(t, production, "config", "check"); code != 1 || !strings.Contains(stdout, "failed  sandbox: IDP_DATABASE_URL: this database is a sandbox's") {
		t.Errorf("config check = %d: %s", code, stdout)
	}
	if code, stdout, stderr := call(t, admin, "sandbox", "reset"); code != 0 || stdout != "The sandbox is in its first state.\n" {
		t.Errorf("sandbox reset = %d: %s%s", code, stdout, stderr)
	}
	if strings.Contains(read("/mailbox"), "[Prueba]") {
		t.Error("the mails survive a reset")
	}
	i.tokens(t) // the known account is there again
}

// A production's database never gets known passwords: neither a start as a sandbox nor a reset touches it.
func TestProductionIsNoSandbox(t *testing.T) {
	t.Parallel()
	kek := seal.GenerateKEK()
	i := startInstance(t, "0s", map[string]string{"IDP_KEK": kek})
	admin := map[string]string{"IDP_DATABASE_URL": i.dsn, "IDP_KEK": kek, "IDP_ACCEPT": "database-without-verified-tls"}
	const refused = "IDP_DATABASE_URL: this database is a production service's: a sandbox needs one of its own"
	if code, _, stderr := call(t, admin, "sandbox", "reset"); code != 1 || !strings.Contains(stderr, refused) || strings.Count(stderr, "\n") != 1 {
		t.Errorf("sandbox reset = %d: %s", code, stderr)
	}
	asSandbox := runnable(t, i.dsn)
	for name, value := range sandboxVars() {
		asSandbox[name] = value
	}
	asSandbox["IDP_KEK"] = kek
	if code, _, stderr := call(t, asSandbox, "serve"); code != 1 || !strings.Contains(stderr, refused) || strings.Count(stderr, "\n") != 1 {
		t.Errorf("a sandbox on production's database = %d: %s", code, stderr)
	}
	if status, _, _ := i.get("/sandbox"); status != http.StatusNotFound {
		t.Errorf("production's /sandbox = %d", status)
	}
	if status, _, _ := i.get("/mailbox"); status != http.StatusNotFound {
		t.Errorf("production's /mailbox = %d", status)
	}
	fresh := map[string]string{"IDP_DATABASE_URL": postgrestest.DSN(t), "IDP_KEK": kek, "IDP_ACCEPT": "database-without-verified-tls"}
	if code, _, stderr := call(t, fresh, "sandbox", "reset"); code != 1 || !strings.Contains(stderr, "no sandbox has started on this database yet") {
		t.Errorf("a reset of what nobody has started on = %d: %s", code, stderr)
	}
	roster := writeFile(t, sampleRoster)
	if code, _, stderr := call(t, fresh, "roster", "import", roster); code != 0 {
		t.Fatalf("roster import = %d: %s", code, stderr)
	}
	asSandbox["IDP_DATABASE_URL"] = fresh["IDP_DATABASE_URL"]
	if code, _, stderr := call(t, asSandbox, "serve"); code != 1 || !strings.Contains(stderr, "holds accounts, a roster or clients that no sandbox made") {
		t.Errorf("a sandbox on a roster = %d: %s", code, stderr)
	}
}

// What a sandbox has issued is nothing at production: each endpoint answers with its specification's error, and production's own tokens and
// clients go on.
func TestSandboxTokensAtProduction(t *testing.T) {
	t.Parallel()
	tried := startInstance(t, "0s", sandboxVars())
	kek := seal.GenerateKEK()
	i := startInstance(t, "0s", map[string]string{"IDP_KEK": kek, "IDP_REGISTRATION_TOKEN": strings.Repeat("p", 32)})
	id, secret, tokens := tried.tokens(t)
	access, idToken, refresh := tokens["access_token"].(string), tokens["id_token"].(string), tokens["refresh_token"].(string)
	const issuer = "https://idp.example"
	status, _, own := i.ask(http.MethodPost, issuer+"/connect/register", strings.NewReader(`{"client_name":"Diary","redirect_uris":["https://app.example/callback"],"scope":"openid offline_access","grant_types":["authorization_code","refresh_token"]}`),
		"Content-Type", "application/json", "Authorization", "Bearer "+strings.Repeat("p", 32))
	if status != http.StatusCreated {
		t.Fatalf("registration: %d %v", status, own)
	}
	ownID, ownSecret := own["client_id"].(string), own["client_secret"].(string)

	if status, _, _ := tried.ask(http.MethodGet, sandboxIssuer+"/userinfo", nil, "Authorization", "Bearer "+access); status != http.StatusOK {
		t.Errorf("at the sandbox itself, userinfo = %d", status)
	}
	if status, header, got := i.ask(http.MethodGet, issuer+"/userinfo", nil, "Authorization", "Bearer "+access); status != http.StatusUnauthorized || !strings.Contains(header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("userinfo = %d %v %v", status, header, got)
	}
	if status, _, got := i.post(issuer+"/introspect", ownID, ownSecret, url.Values{"token": {access}}); status != http.StatusOK || got["active"] != false || len(got) != 1 {
		t.Errorf("introspection = %d %v", status, got)
	}
	if status, _, got := i.post(issuer+"/token", ownID, ownSecret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}); status != http.StatusBadRequest || got["error"] != "invalid_grant" {
		t.Errorf("its refresh token = %d %v", status, got)
	}
	if status, _, got := i.post(issuer+"/token", id, secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}); status != http.StatusUnauthorized || got["error"] != "invalid_client" {
		t.Errorf("its client = %d %v", status, got)
	}
	assertion := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {access}}
	if status, _, got := i.post(issuer+"/token", ownID, ownSecret, assertion); status != http.StatusBadRequest || got["error"] == nil {
		t.Errorf("its token as an assertion = %d %v", status, got)
	}
	if status, _, _ := i.post(issuer+"/revoke", ownID, ownSecret, url.Values{"token": {refresh}}); status != http.StatusOK { // RFC 7009 2.2
		t.Errorf("revocation = %d", status)
	}
	authorize := issuer + "/authorize?" + url.Values{"client_id": {ownID}, "response_type": {"code"}, "redirect_uri": {"https://app.example/callback"}, "scope": {"openid"}, "prompt": {"none"},
		"id_token_hint": {idToken}, "state": {"s"}, "code_challenge": {oauth2.S256ChallengeFromVerifier(oauth2.GenerateVerifier())}, "code_challenge_method": {"S256"}}.Encode()
	b := visitor.New("http://"+i.address, "idp.example")
	must(t, b.Get(t.Context(), strings.TrimPrefix(authorize, issuer)))
	if b.Away == nil || b.Away.Query().Get("error") == "" || b.Away.Query().Get("code") != "" {
		t.Errorf("its id_token_hint leads to %s %v", b.At, b.Away)
	}
	db := postgrestest.Open(t, postgres.Options{DSN: i.dsn, MaxConns: 1})
	var noted, apps int
	must(t, db.From(t.Context()).QueryRow(t.Context(), `select count(*), count(nullif(client_id, '')) from audit_events where kind = 'token.foreign' and reason = 'other_issuer' and not success`).Scan(&noted, &apps))
	if noted != 2 || apps != 1 {
		t.Errorf("recorded %d times, %d with who asked, want userinfo and introspection", noted, apps)
	}
	for range 20 { // whoever has no token may make any number
		i.ask(http.MethodGet, issuer+"/userinfo", nil, "Authorization", "Bearer "+access)
	}
	must(t, db.From(t.Context()).QueryRow(t.Context(), `select count(*) from audit_events where kind = 'token.foreign'`).Scan(&noted))
	if noted > 5 {
		t.Errorf("one source fills %d rows", noted)
	}
	// nothing is lost: the sandbox's refresh token still works where it belongs
	if status, _, got := tried.post(sandboxIssuer+"/token", id, secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}); status != http.StatusOK {
		t.Errorf("at the sandbox the refresh token = %d %v", status, got)
	}
}
