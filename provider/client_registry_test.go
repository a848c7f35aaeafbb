package provider_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"huskyidp/provider"
)

// TestNewClientWorksAtOnce: what a command, or another instance, registers or changes counts at the first request
// after it, also where nothing has looked at the database since; and strangers cannot have it asked without end.
func TestNewClientWorksAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	running := b.instance(func(_ *bench, d *provider.Deps) { d.RegistrationTries = 100 }) // reads the clients now, and watches nothing
	ask := func(method, path string, form url.Values, header http.Header) *httptest.ResponseRecorder {
		body := ""
		if method == http.MethodGet {
			path += "?" + form.Encode()
		} else {
			body = form.Encode()
		}
		r := httptest.NewRequest(method, b.issuer+path, strings.NewReader(body))
		if header != nil {
			r.Header = header
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		running.engine.ServeHTTP(w, r)
		return w
	}
	request := func(id string, change url.Values) url.Values {
		form := url.Values{"client_id": {id}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"},
			"code_challenge": {oauth2.S256ChallengeFromVerifier(oauth2.GenerateVerifier())}, "code_challenge_method": {"S256"}}
		for name, values := range change {
			form[name] = values
		}
		return form
	}
	token := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}
	for name, first := range map[string]func(id, secret string) *httptest.ResponseRecorder{
		"authorize": func(id, _ string) *httptest.ResponseRecorder { return ask("GET", "/authorize", request(id, nil), nil) },
		"PAR": func(id, secret string) *httptest.ResponseRecorder {
			return ask("POST", "/par", request(id, nil), basic(id, secret))
		},
		"a long post": func(id, _ string) *httptest.ResponseRecorder {
			return ask("POST", "/authorize", request(id, url.Values{"x": {strings.Repeat("x", 13<<10)}}), nil)
		},
	} {
		if w := first(b.client(nil)); w.Code != 303 && w.Code != 201 {
			t.Errorf("%s of a new client: %d %.300s", name, w.Code, w.Body)
		}
	}
	id, secret := b.client(nil)
	if w := ask("POST", "/token", token, basic(id, secret)); !strings.Contains(w.Body.String(), "invalid_grant") {
		t.Errorf("token of a new client: %d %s", w.Code, w.Body)
	}
	fresh, err := b.clients.RotateSecret(t.Context(), id)
	must(t, err)
	if w := ask("POST", "/token", token, basic(id, fresh)); !strings.Contains(w.Body.String(), "invalid_grant") {
		t.Errorf("token with a new secret: %d %s", w.Code, w.Body)
	}
	_, err = b.clients.Update(t.Context(), id, provider.Metadata{ClientName: "Prueba", RedirectURIs: []string{"https://app.example/new"}, PostLogoutRedirectURIs: []string{"https://app.example/gone"}})
	must(t, err)
	if w := ask("GET", "/authorize", request(id, url.Values{"redirect_uri": {"https://app.example/new"}}), nil); w.Code != 303 {
		t.Errorf("authorize with a new redirect_uri: %d", w.Code)
	}
	_, err = b.clients.Update(t.Context(), id, provider.Metadata{ClientName: "Prueba", RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{"https://app.example/gone2"}})
	must(t, err)
	if w := ask("GET", "/logout", url.Values{"client_id": {id}, "post_logout_redirect_uri": {"https://app.example/gone2"}}, nil); !strings.Contains(w.Header().Get("Location"), "/logout/done?r=") {
		t.Errorf("logout to a new address: %d %v", w.Code, w.Header())
	}

	before := b.trips.Total()
	for range 500 {
		ask("GET", "/authorize", request("nobody", nil), nil)
	}
	if asked := b.trips.Total() - before; asked > 150 {
		t.Errorf("500 requests of strangers asked the database %d times", asked)
	}
}

// TestClientOfAnotherInstance: two instances that start at once both make the desk's client; the second finds it there, though
// it had read the clients before, and updates it.
func TestClientOfAnotherInstance(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	other := b.instance()
	id, _ := b.client(nil)
	if _, _, err := other.clients.Create(t.Context(), id, provider.Metadata{ClientName: "Otra", RedirectURIs: []string{callback}}); !errors.Is(err, provider.ErrClientExists) {
		t.Fatalf("Create = %v, want ErrClientExists", err)
	}
	if _, err := other.clients.Update(t.Context(), id, provider.Metadata{ClientName: "Otra", RedirectURIs: []string{callback}}); err != nil {
		t.Errorf("Update = %v", err)
	}
	if _, err := other.clients.Update(t.Context(), "nobody", provider.Metadata{ClientName: "Otra", RedirectURIs: []string{callback}}); !errors.Is(err, provider.ErrNoClient) {
		t.Errorf("Update of an unknown client = %v, want ErrNoClient", err)
	}
}
