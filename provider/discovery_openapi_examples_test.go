package provider_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/internal/openapi/openapitest"
	"huskyidp/provider"
)

// sample is the example request of an operation, with real values in place of the example's. It may not add any.
type sample struct {
	operation string
	form      string // name of the form's example
	media     string // of the answer; "" for what the document has alone
	real      map[string]string
	header    http.Header
	basic     []string // client_id and client_secret
	by        *browser
	status    int
}

// try sends a sample and compares the answer with the document.
func (s sample) try(b *bench, d *openapitest.Document) (body map[string]any, header http.Header) {
	b.t.Helper()
	var method, path string
	for route := range d.Routes() {
		if m, p, _ := strings.Cut(route, " "); d.Operation(m, p)["operationId"] == s.operation {
			method, path = m, p
		}
	}
	op := d.Operation(method, path)
	used := map[string]bool{}
	value := func(name string, example any) string {
		used[name] = true
		if real, ok := s.real[name]; ok {
			return real
		}
		text, ok := example.(string)
		if !ok {
			b.t.Fatalf("%s: the example of %s is %v", s.operation, name, example)
		}
		return text
	}
	address, query := path, url.Values{}
	parameters, _ := op["parameters"].([]any)
	for _, p := range parameters {
		p := p.(map[string]any)
		name := p["name"].(string)
		switch {
		case p["example"] == nil:
		case p["in"] == "path":
			address = strings.ReplaceAll(address, "{"+name+"}", url.PathEscape(value(name, p["example"])))
		case p["in"] == "query":
			query.Set(name, value(name, p["example"]))
		}
	}
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	sent, media := "", ""
	if requestBody, ok := op["requestBody"].(map[string]any); ok {
		for kind, content := range requestBody["content"].(map[string]any) {
			media = kind
			content := content.(map[string]any)
			if media == "application/json" {
				document := maps.Clone(content["example"].(map[string]any))
				for name := range document {
					if real, ok := s.real[name]; ok {
						document[name], used[name] = real, true
					}
				}
				text, err := json.Marshal(document)
				must(b.t, err)
				sent = string(text)
				continue
			}
			form := url.Values{}
			for name, example := range content["examples"].(map[string]any)[s.form].(map[string]any)["value"].(map[string]any) {
				form.Set(name, value(name, example))
			}
			sent = form.Encode()
			fields := map[string]any{}
			for name := range form {
				fields[name] = form.Get(name)
			}
			if err := d.Body(method, path, media, fields); err != nil {
				b.t.Errorf("%s: what is sent: %v", s.operation, err)
			}
		}
	}
	for name := range s.real {
		if !used[name] {
			b.t.Errorf("%s %s: the example lacks %s", s.operation, s.form, name)
		}
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.issuer+address, strings.NewReader(sent))
	must(b.t, err)
	for name, values := range s.header {
		r.Header[name] = values
	}
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	if s.basic != nil {
		r.SetBasicAuth(url.QueryEscape(s.basic[0]), url.QueryEscape(s.basic[1]))
	}
	client := &http.Client{Transport: b.server.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if s.by != nil {
		client.Jar = s.by.client.Jar
	}
	response, err := client.Do(r)
	must(b.t, err)
	defer response.Body.Close()
	var text bytes.Buffer
	_, err = text.ReadFrom(response.Body)
	must(b.t, err)
	if err := d.Answer(method, path, response.StatusCode, response.Header, text.Bytes()); err != nil {
		b.t.Errorf("%s %s: %d: %v\n%s", method, address, response.StatusCode, err, text.String())
	}
	got, _, _ := strings.Cut(response.Header.Get("Content-Type"), ";")
	if response.StatusCode != s.status || s.media != "" && got != s.media {
		b.t.Errorf("%s %s %s: %d %s, want %d %s\n%s", method, address, s.form, response.StatusCode, got, s.status, s.media, text.String())
	}
	_ = json.Unmarshal(text.Bytes(), &body)
	return body, response.Header
}

func text(body map[string]any, name string) string { s, _ := body[name].(string); return s }

// TestOpenAPIExamples sends each example request to the provider as a real client would, and compares the answers with the
// document: statuses, media types, members and their types.
func TestOpenAPIExamples(t *testing.T) {
	t.Parallel()
	shelf := newShelf(t)
	b := shelf.reaching(t, provider.Rules{})
	d := b.document()
	tried := map[string]bool{}
	try := func(s sample) (map[string]any, http.Header) {
		t.Helper()
		tried[s.operation+" "+s.form] = true
		return s.try(b, d)
	}
	const redirect = "https://app.example/callback"
	app := func(change func(*provider.Metadata)) []string {
		id, secret := b.client(func(m *provider.Metadata) {
			m.RedirectURIs = []string{redirect}
			if change != nil {
				change(m)
			}
		})
		return []string{id, secret}
	}
	var picture bytes.Buffer
	must(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))))
	own := app(func(m *provider.Metadata) { m.LogoURI = shelf.put("/logo", picture.Bytes()) })
	server, serverSecret := b.fhirServer("records", nil)

	for _, operation := range []string{"openIDConfiguration", "authorizationServerMetadata", "smartConfiguration", "fhirServerConfiguration", "signalsConfiguration", "jwks", "openAPI"} {
		_, header := try(sample{operation: operation, status: 200})
		if tag := header.Get("ETag"); tag != "" {
			try(sample{operation: operation, header: http.Header{"If-None-Match": {tag}}, status: 304})
		}
	}
	try(sample{operation: "fhirServerConfiguration", real: map[string]string{"name": "nobody"}, status: 404})
	page := b.browser().get(b.issuer + "/authorize?" + url.Values{"client_id": {own[0]}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid"},
		"code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"}}.Encode())
	_, digest, _ := strings.Cut(page.body, `src="/logo/`)
	digest, _, _ = strings.Cut(digest, `"`)
	try(sample{operation: "logo", real: map[string]string{"digest": digest}, status: 200, media: "image/png"})
	try(sample{operation: "logo", status: 404})

	w := b.signedIn()
	code := func(s sample) string {
		t.Helper()
		_, header := try(s)
		to, err := url.Parse(header.Get("Location"))
		must(t, err)
		if to.Query().Get("code") == "" {
			t.Errorf("%s: no code in %s", s.operation, to)
		}
		return to.Query().Get("code")
	}
	try(sample{operation: "authorize", status: 400, media: "text/html"})
	try(sample{operation: "authorize", real: map[string]string{"client_id": own[0]}, by: b.browser(), status: 303})
	first := code(sample{operation: "authorize", real: map[string]string{"client_id": own[0]}, by: w, status: 303})
	try(sample{operation: "authorizeByPost", form: "AuthorizationRequest", real: map[string]string{"client_id": own[0]}, by: w, status: 303})
	pushed, _ := try(sample{operation: "pushAuthorizationRequest", form: "PushedAuthorizationRequest", basic: own, status: 201})
	if text(pushed, "request_uri") == "" {
		t.Errorf("pushed %v", pushed)
	}
	formPost := app(func(m *provider.Metadata) { m.ResponseModes = []string{"form_post"} })
	try(sample{operation: "authorize", real: map[string]string{"client_id": formPost[0]}, by: w, status: 200, media: "text/html"})

	tokens, _ := try(sample{operation: "token", form: "AuthorizationCodeGrant", basic: own, real: map[string]string{"code": first}, status: 200})
	try(sample{operation: "token", form: "AuthorizationCodeGrant", basic: own, status: 400})
	try(sample{operation: "token", form: "AuthorizationCodeGrant", basic: []string{own[0], "wrong"}, status: 401})
	tokens, _ = try(sample{operation: "token", form: "RefreshTokenGrant", basic: own, real: map[string]string{"refresh_token": text(tokens, "refresh_token")}, status: 200})
	backend := b.backend("ES384", "system/*.rs", nil)
	signed := func(p *holder) string { return p.assertion(claimed("aud", b.issuer+"/token")) }
	atServer, _ := try(sample{operation: "token", form: "ClientCredentialsGrant", real: map[string]string{"client_assertion": signed(backend)}, status: 200})
	service := b.holder("ES256", func(m *provider.Metadata) {
		keys := m.JWKS
		*m = provider.Metadata{ClientName: "Informes", Profile: provider.ProfileService, GrantTypes: []string{"urn:ietf:params:oauth:grant-type:jwt-bearer"}, Scope: provider.Scopes{"reports.read"}}
		m.JWKS, m.TokenEndpointAuthMethod = keys, "private_key_jwt"
	})
	try(sample{operation: "token", form: "JWTBearerGrant", real: map[string]string{"assertion": service.assertion(), "client_assertion": signed(service)}, status: 200})
	device, _ := b.client(func(m *provider.Metadata) {
		*m = provider.Metadata{ClientName: "Quiosco", GrantTypes: []string{deviceGrant}, TokenEndpointAuthMethod: "none"}
	})
	codes, _ := try(sample{operation: "deviceAuthorization", form: "DeviceAuthorizationRequest", real: map[string]string{"client_id": device}, status: 200})
	deviceCode := map[string]string{"client_id": device, "device_code": text(codes, "device_code")}
	waiting, _ := try(sample{operation: "token", form: "DeviceCodeGrant", real: deviceCode, status: 400})
	if text(waiting, "error") != "authorization_pending" {
		t.Errorf("a device that waits: %v", waiting)
	}
	b.clock.advance(10 * time.Second)
	confirm := w.get(text(codes, "verification_uri_complete"))
	if confirm = w.submit(confirm, url.Values{"user_code": {text(codes, "user_code")}}); confirm.url.Path != "/device/confirm" {
		t.Fatalf("the code led to %s", confirm.url)
	}
	w.submit(confirm, url.Values{"act": {"allow"}})
	try(sample{operation: "token", form: "DeviceCodeGrant", real: deviceCode, status: 200})

	bearer := http.Header{"Authorization": {"Bearer " + text(tokens, "access_token")}}
	for _, operation := range []string{"userinfo", "userinfoByPost"} {
		try(sample{operation: operation, header: bearer, status: 200, media: "application/json"})
		try(sample{operation: operation, header: http.Header{"Authorization": {"Bearer wrong"}}, status: 401})
	}
	jwt := app(func(m *provider.Metadata) { m.UserinfoSignedResponseAlg = "RS256" })
	jwtCode := code(sample{operation: "authorize", real: map[string]string{"client_id": jwt[0]}, by: w, status: 303})
	jwtTokens, _ := try(sample{operation: "token", form: "AuthorizationCodeGrant", basic: jwt, real: map[string]string{"code": jwtCode}, status: 200})
	try(sample{operation: "userinfo", header: http.Header{"Authorization": {"Bearer " + text(jwtTokens, "access_token")}}, status: 200, media: "application/jwt"})

	asked := sample{operation: "introspect", form: "IntrospectionRequest", basic: []string{server, serverSecret}, real: map[string]string{"token": text(atServer, "access_token")}, status: 200, media: "application/json"}
	if active, _ := try(asked); active["active"] != true {
		t.Errorf("introspection %v", active)
	}
	asked.header, asked.media = http.Header{"Accept": {"application/token-introspection+jwt"}}, "application/token-introspection+jwt"
	try(asked)
	try(sample{operation: "introspect", form: "IntrospectionRequest", basic: []string{server, serverSecret}, status: 200})
	try(sample{operation: "revoke", form: "RevocationRequest", basic: own, real: map[string]string{"token": text(tokens, "refresh_token")}, status: 200})

	launched, _ := b.smartApp(launchScope+" launch/patient", nil)
	try(sample{operation: "makeLaunch", form: "LaunchRequest", basic: []string{server, serverSecret}, real: map[string]string{"app": launched, "patient": b.account.MemberID.String()}, status: 201})
	listener := app(func(m *provider.Metadata) { m.SignalsDelivery = polled })
	code(sample{operation: "authorize", real: map[string]string{"client_id": listener[0]}, by: w, status: 303})

	logout := map[string]string{"client_id": own[0], "id_token_hint": text(tokens, "id_token")}
	try(sample{operation: "logoutByPost", form: "LogoutRequest", real: logout, status: 303})
	try(sample{operation: "logout", real: logout, by: w, status: 200})
	try(sample{operation: "logout", real: logout, status: 303})
	if p := w.submit(w.get("/logout"), url.Values{"act": {"confirm"}}); p.url.Path != "/logout/done" {
		t.Errorf("sign-out led to %s", p.url)
	}
	events, _ := try(sample{operation: "pollSignals", basic: listener, status: 200})
	if sets, _ := events["sets"].(map[string]any); len(sets) != 1 {
		t.Errorf("events %v", events)
	}

	initial := http.Header{"Authorization": {"Bearer initial-token"}}
	registered, _ := try(sample{operation: "registerClient", header: initial, status: 201})
	mine := http.Header{"Authorization": {"Bearer " + text(registered, "registration_access_token")}}
	id := map[string]string{"id": text(registered, "client_id")}
	try(sample{operation: "registerClient", status: 401})
	try(sample{operation: "readClient", status: 401})
	try(sample{operation: "readClient", real: id, header: mine, status: 200})
	both := map[string]string{"id": id["id"], "client_id": id["id"]}
	try(sample{operation: "updateClient", real: both, header: mine, status: 200})
	try(sample{operation: "updateClient", real: id, header: mine, status: 400}) // the example's client_id is another's
	try(sample{operation: "deleteClient", real: id, header: mine, status: 204})

	for route := range d.Routes() {
		method, path, _ := strings.Cut(route, " ")
		op := d.Operation(method, path)
		r, err := http.NewRequestWithContext(t.Context(), method, b.issuer+strings.NewReplacer("{", "", "}", "").Replace(path), nil)
		must(t, err)
		if requestBody, ok := op["requestBody"].(map[string]any); ok {
			for media := range requestBody["content"].(map[string]any) {
				r.Header.Set("Content-Type", media)
			}
		}
		response, err := b.server.Client().Transport.RoundTrip(r)
		must(t, err)
		body, err := io.ReadAll(response.Body)
		must(t, err)
		response.Body.Close()
		if err := d.Answer(method, path, response.StatusCode, response.Header, body); err != nil {
			t.Errorf("%s without anything: %d: %v\n%s", route, response.StatusCode, err, body)
		}
		forms := []string{""}
		if body, ok := op["requestBody"].(map[string]any); ok {
			if content, ok := body["content"].(map[string]any)["application/x-www-form-urlencoded"].(map[string]any); ok {
				forms = forms[:0]
				for name := range content["examples"].(map[string]any) {
					forms = append(forms, name)
				}
			}
		}
		for _, form := range forms {
			if name := op["operationId"].(string) + " " + form; !tried[name] {
				t.Errorf("the example of %s was not tried", name)
			}
		}
	}
}
