package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/provider"
)

func (b *bench) post(path, id, secret string, fields url.Values, header ...string) (int, http.Header, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.issuer+path, strings.NewReader(fields.Encode()))
	must(b.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if secret != "" {
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	}
	p := (&browser{b: b, client: b.server.Client()}).do(r)
	return p.status, p.header, p.body
}

func (b *bench) introspect(id, secret, token string) map[string]any {
	b.t.Helper()
	status, header, body := b.post("/introspect", id, secret, url.Values{"token": {token}})
	if status != 200 || header.Get("Cache-Control") != "no-store" {
		b.t.Fatalf("introspection answered %d %v: %s", status, header, body)
	}
	var got map[string]any
	must(b.t, json.Unmarshal([]byte(body), &got))
	return got
}

// TestIntrospection covers RFC 7662 and S-41, for JWTs and opaque tokens.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	const reports = "https://reports.example"
	for _, format := range []string{"jwt", "opaque"} {
		t.Run(format, func(t *testing.T) {
			b := newBench(t, 4)
			server, serverSecret := b.client(func(m *provider.Metadata) {
				*m = provider.Metadata{ClientName: "Reports", Profile: provider.ProfileService, ResourceServer: []string{reports}}
			})
			stranger, strangerSecret := b.client(func(m *provider.Metadata) {
				*m = provider.Metadata{ClientName: "Other", Profile: provider.ProfileService}
			})
			id, secret := b.client(func(m *provider.Metadata) { m.Audience = []string{reports}; m.AccessTokenFormat = format })
			w := b.signedIn()
			grant := func(audience url.Values) answer {
				address, verifier := b.request(id, audience)
				return b.redeem(id, secret, w.get(address).location.Query().Get("code"), verifier)
			}
			tokens := grant(url.Values{"resource": {reports}})
			tokens.want(t, 200, "")
			token := tokens.text("access_token")
			if isJWT := strings.Count(token, ".") == 2; isJWT != (format == "jwt") {
				t.Fatalf("the token's form: %q", token)
			}
			before := b.trips.Total()
			got := b.introspect(server, serverSecret, token)
			if trips := b.trips.Total() - before; trips != 1 {
				t.Errorf("introspection took %d round trips, want 1", trips)
			}
			for name, want := range map[string]any{"active": true, "client_id": id, "aud": reports, "iss": b.issuer, "sub": b.account.Subject,
				"scope": "openid offline_access", "token_type": "Bearer"} {
				if got[name] != want {
					t.Errorf("%s = %v, want %v", name, got[name], want)
				}
			}
			inactive := func(name string, got map[string]any) {
				t.Helper()
				if len(got) != 1 || got["active"] != false {
					t.Errorf("%s: %v, want active false alone", name, got)
				}
			}
			inactive("another resource server", b.introspect(stranger, strangerSecret, token))
			inactive("the client itself", b.introspect(id, secret, token))
			inactive("nonsense", b.introspect(server, serverSecret, "x.y.z"))
			inactive("a refresh token", b.introspect(server, serverSecret, tokens.text("refresh_token")))
			inactive("an ID token", b.introspect(server, serverSecret, tokens.text("id_token")))
			inactive("a token for the issuer", b.introspect(server, serverSecret, grant(nil).text("access_token")))
			b.userinfo(token).want(t, 401, "invalid_token") // it is for the reports
			b.userinfo(grant(nil).text("access_token")).want(t, 200, "")

			status, header, body := b.post("/introspect", server, serverSecret, url.Values{"token": {token}}, "Accept", "application/token-introspection+jwt")
			if status != 200 || header.Get("Content-Type") != "application/token-introspection+jwt" {
				t.Fatalf("signed introspection: %d %v", status, header)
			}
			if inner, _ := claim(t, body, "token_introspection").(map[string]any); inner["active"] != true || claim(t, body, "aud") != server {
				t.Errorf("signed introspection holds %v", inner)
			}

			status, _, _ = b.post("/revoke", stranger, strangerSecret, url.Values{"token": {token}})
			if status != 400 {
				t.Errorf("revoking another client's token: %d", status)
			}
			if got := b.introspect(server, serverSecret, token); got["active"] != true {
				t.Error("another client revoked the token")
			}
			if status, _, _ := b.post("/revoke", id, secret, url.Values{"token": {token}, "token_type_hint": {"refresh_token"}}); status != 200 {
				t.Errorf("revoking an access token: %d", status)
			}
			inactive("revoked", b.introspect(server, serverSecret, token))
			refreshed := b.refresh(id, secret, tokens.text("refresh_token"))
			refreshed.want(t, 200, "") // the grant lives
			if status, _, _ := b.post("/revoke", id, secret, url.Values{"token": {refreshed.text("refresh_token")}}); status != 200 {
				t.Errorf("revoking a refresh token: %d", status)
			}
			inactive("revoked with its family", b.introspect(server, serverSecret, refreshed.text("access_token")))
			b.refresh(id, secret, refreshed.text("refresh_token")).want(t, 400, "invalid_grant")
			if status, _, _ := b.post("/revoke", id, secret, url.Values{"token": {"unknown"}}); status != 200 {
				t.Errorf("revoking an unknown token: %d", status)
			}
			if status, _, _ := b.post("/revoke", id, "wrong", url.Values{"token": {"unknown"}}); status != 401 {
				t.Errorf("revoking without authentication: %d", status)
			}
			last := grant(url.Values{"resource": {reports}}).text("access_token")
			b.clock.advance(10*time.Minute + time.Second)
			inactive("expired", b.introspect(server, serverSecret, last))
		})
	}
}

// TestRevocationNeedsTheDatabase: a storage failure is 503, never 200 (S-41).
func TestRevocationNeedsTheDatabase(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	b.db.Close()
	if status, header, _ := b.post("/revoke", id, secret, url.Values{"token": {"x"}}); status != 503 || header.Get("Retry-After") == "" {
		t.Errorf("without a database: %d %v", status, header)
	}
}
