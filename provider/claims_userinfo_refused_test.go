package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/provider"
)

// said checks a 401: the description in the body, and in the challenge (RFC 6750 3), which has no code without a token.
func (a answer) said(t *testing.T, name, says string) {
	t.Helper()
	challenge, text := a.header.Get("WWW-Authenticate"), a.text("error_description")
	if a.status != 401 || a.text("error") != "invalid_token" || !strings.Contains(text, says) ||
		challenge != `Bearer error="invalid_token", error_description="`+text+`"` {
		t.Errorf("%s: %d %q %q, challenge %q, want %q", name, a.status, a.text("error"), text, challenge, says)
	}
}

// TestUserinfoNamesTheCause: what is wrong with a token that is or was ours; every other has one answer.
func TestUserinfoNamesTheCause(t *testing.T) {
	t.Parallel()
	const api = "https://api.example/v1"
	for _, format := range []string{"jwt", "opaque"} {
		t.Run(format, func(t *testing.T) {
			b := newBench(t, 4)
			id, secret := b.client(func(m *provider.Metadata) { m.Audience = []string{api}; m.AccessTokenFormat = format })
			service, serviceSecret := b.client(func(m *provider.Metadata) {
				m.Profile, m.RedirectURIs, m.Scope, m.AccessTokenFormat = provider.ProfileService, nil, []string{"one"}, format
			})
			w := b.signedIn()
			grant := func(more url.Values) answer {
				address, verifier := b.request(id, more)
				return b.redeem(id, secret, w.get(address).location.Query().Get("code"), verifier)
			}
			good := grant(url.Values{"scope": {"openid offline_access"}})
			good.want(t, 200, "")

			const unknown = "The access token is unknown"
			b.userinfo(good.text("id_token")).said(t, "ID token", "is an ID token")
			b.userinfo(good.text("refresh_token")).said(t, "refresh token", unknown)
			b.userinfo("x").said(t, "nonsense", unknown)
			b.userinfo("`"+good.text("access_token")).said(t, "characters of no token", unknown)
			b.userinfo("x.y.z").said(t, "nonsense with dots", unknown)
			idToken := good.text("id_token")
			b.userinfo(idToken[:len(idToken)-4]+"AAAA").said(t, "an ID token that is not ours", unknown)
			b.userinfo(grant(url.Values{"resource": {api}}).text("access_token")).said(t, "another resource", "for another resource, "+api+": one for userinfo has the resource "+b.issuer)
			own := b.token(service, serviceSecret, url.Values{"grant_type": {"client_credentials"}})
			b.userinfo(own.text("access_token")).said(t, "a service's", "names no member")

			form := b.send(b.server.Client(), http.MethodPost, "/userinfo", url.Values{"access_token": {good.text("access_token")}}, nil)
			form.said(t, "in the form", "came in the form")
			none := b.send(b.server.Client(), http.MethodGet, "/userinfo", nil, nil)
			if none.want(t, 401, "invalid_request"); strings.Contains(strings.Join(none.header.Values("WWW-Authenticate"), " "), "error") {
				t.Errorf("no token: challenges %q", none.header.Values("WWW-Authenticate"))
			}
			b.userinfo(good.text("access_token")).want(t, 200, "")

			revoked := grant(nil).text("access_token")
			b.post("/revoke", id, secret, url.Values{"token": {revoked}})
			b.userinfo(revoked).said(t, "revoked", "was ended")
			expired := grant(nil).text("access_token")
			b.clock.advance(10*time.Minute + time.Second)
			b.userinfo(expired).said(t, "expired", "has expired")

			last := b.refresh(id, secret, good.text("refresh_token")).text("access_token")
			b.userinfo(last).want(t, 200, "")
			must(t, b.clients.Disable(t.Context(), id, ""))
			b.userinfo(last).said(t, "client disabled", "client of the access token is disabled")
		})
	}
}

// TestOneSpellingOfAToken: the last character of a token has bits that mean nothing (RFC 4648 3.5).
func TestOneSpellingOfAToken(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	code, verifier := b.code(b.signedIn(), id)
	first := b.redeem(id, secret, code, verifier)
	token := first.text("access_token")
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	at := strings.IndexByte(letters, token[len(token)-1])
	if at%16 != 0 { // 64 bytes leave 4 bits
		t.Fatalf("the last character of %q", token)
	}
	other := token[:len(token)-1] + letters[at+1:at+2]
	for range 2 {
		b.userinfo(other).want(t, 401, "invalid_token")
		b.userinfo(token).want(t, 200, "")
	}
}

// TestRegistrationNamesTheCause: what is wrong with the token of a registration (RFC 7591 3, RFC 7592 2).
func TestRegistrationNamesTheCause(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	endpoint, good := b.issuer+"/connect/register", `{"redirect_uris":["https://app.example/callback"]}`
	_, _, made := b.registration(http.MethodPost, endpoint, "initial-token", good)
	uri, token := made["registration_client_uri"].(string), made["registration_access_token"].(string)
	operators, _ := b.client(nil)
	for _, test := range []struct{ name, method, uri, token, code, says string }{
		{"no initial token", http.MethodPost, endpoint, "", "invalid_request", "no initial access token"},
		{"wrong initial token", http.MethodPost, endpoint, "wrong", "invalid_token", "initial access token is wrong"},
		{"no token", http.MethodGet, uri, "", "invalid_request", "no registration access token"},
		{"wrong token", http.MethodPut, uri, "wrong", "invalid_token", "registration access token is wrong"},
		{"unknown client", http.MethodGet, uri + "x", token, "invalid_token", "registration access token is wrong, or"},
		{"an operator's client", http.MethodDelete, endpoint + "/" + operators, token, "invalid_token", "registration access token is wrong, or"},
	} {
		status, header, got := b.registration(test.method, test.uri, test.token, good)
		text, _ := got["error_description"].(string)
		want := "Bearer"
		if test.token != "" {
			want = `Bearer error="invalid_token", error_description="` + text + `"`
		}
		if status != 401 || got["error"] != test.code || !strings.Contains(text, test.says) || header.Get("WWW-Authenticate") != want {
			t.Errorf("%s: %d %v, challenge %q", test.name, status, got, header.Get("WWW-Authenticate"))
		}
	}
}
