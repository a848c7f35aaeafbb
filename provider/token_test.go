package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"huskyidp/provider"
)

// TestCodeIsUsedOnce covers S-32, S-33 and the codereuse rows of conformance 4.
func TestCodeIsUsedOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	other, otherSecret := b.client(nil)
	w := b.signedIn()

	t.Run("a second use revokes what came of the first", func(t *testing.T) {
		code, verifier := b.code(w, id)
		first := b.redeem(id, secret, code, verifier)
		first.want(t, 200, "")
		b.userinfo(first.text("access_token")).want(t, 200, "")
		b.redeem(id, secret, code, verifier).want(t, 400, "invalid_grant")
		b.userinfo(first.text("access_token")).want(t, 401, "invalid_token")
		b.refresh(id, secret, first.text("refresh_token")).want(t, 400, "invalid_grant")
	})
	t.Run("a wrong verifier kills the code", func(t *testing.T) {
		code, verifier := b.code(w, id)
		b.redeem(id, secret, code, oauth2.GenerateVerifier()).want(t, 400, "invalid_grant")
		b.redeem(id, secret, code, verifier).want(t, 400, "invalid_grant")
	})
	t.Run("a missing verifier is not a downgrade", func(t *testing.T) {
		code, _ := b.code(w, id)
		b.redeem(id, secret, code, "").want(t, 400, "invalid_grant")
		code, _ = b.code(w, id)
		b.redeem(id, secret, code, oauth2.GenerateVerifier()).want(t, 400, "invalid_grant")
		b.redeem(id, secret, code, "").want(t, 400, "invalid_grant")
	})
	t.Run("another redirect_uri kills the code", func(t *testing.T) {
		code, verifier := b.code(w, id)
		b.token(id, secret, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier},
			"redirect_uri": {"https://app.example/other"}}).want(t, 400, "invalid_grant")
		b.redeem(id, secret, code, verifier).want(t, 400, "invalid_grant")
	})
	t.Run("another client gets nothing and revokes nothing", func(t *testing.T) {
		code, verifier := b.code(w, id)
		first := b.redeem(id, secret, code, verifier)
		first.want(t, 200, "")
		b.redeem(other, otherSecret, code, verifier).want(t, 400, "invalid_grant")
		b.userinfo(first.text("access_token")).want(t, 200, "")
	})
	t.Run("it is dead after 60 seconds", func(t *testing.T) {
		code, verifier := b.code(w, id)
		b.clock.advance(61 * time.Second)
		b.redeem(id, secret, code, verifier).want(t, 400, "invalid_grant")
	})
	t.Run("an unknown code", func(t *testing.T) {
		b.redeem(id, secret, "x", oauth2.GenerateVerifier()).want(t, 400, "invalid_grant")
	})
}

// TestCodeRace redeems one code 32 times at once: one success (S-33).
func TestCodeRace(t *testing.T) {
	t.Parallel()
	b := newBench(t, 16)
	id, secret := b.client(nil)
	code, verifier := b.code(b.signedIn(), id)
	got := race(32, func() answer { return b.redeem(id, secret, code, verifier) })
	if got[200] != 1 || got[400] != 31 {
		t.Errorf("32 redemptions of one code: %v, want one 200", got)
	}
}

// TestRefreshRace uses one refresh token 32 times at once (S-38): all get tokens that work
// and the same successor, of which there is one row.
func TestRefreshRace(t *testing.T) {
	t.Parallel()
	b := newBench(t, 16)
	id, secret := b.client(nil)
	code, verifier := b.code(b.signedIn(), id)
	first := b.redeem(id, secret, code, verifier)
	var successor atomic.Value
	b.clock.together(32) // none is answered before all have come
	got := race(32, func() answer {
		a := b.refresh(id, secret, first.text("refresh_token"))
		if before := successor.Swap(a.text("refresh_token")); before != nil && before != a.text("refresh_token") {
			t.Error("two successors of one token")
		}
		b.userinfo(a.text("access_token")).want(t, 200, "")
		return a
	})
	if got[200] != 32 {
		t.Errorf("32 uses of one refresh token: %v, want 32 answers with one successor", got)
	}
	var rows, rotated int
	must(t, b.db.Pool().QueryRow(t.Context(), `select count(*), count(predecessor) from refresh_tokens`).Scan(&rows, &rotated))
	if rows != 2 || rotated != 1 {
		t.Errorf("%d refresh tokens, %d of them successors, want 2 and 1", rows, rotated)
	}
	again := b.refresh(id, secret, first.text("refresh_token")) // as after a lost answer (design.md section 3)
	if again.want(t, 200, ""); again.text("refresh_token") != successor.Load() {
		t.Error("the retry got another successor")
	}
	b.refresh(id, secret, again.text("refresh_token")).want(t, 200, "")
}

func race(n int, use func() answer) map[int]int {
	got := map[int]int{}
	var mu sync.Mutex
	var group sync.WaitGroup
	start := make(chan struct{})
	for range n {
		group.Go(func() {
			<-start
			a := use()
			mu.Lock()
			got[a.status]++
			mu.Unlock()
		})
	}
	close(start)
	group.Wait()
	return got
}

// TestRefreshChain covers S-38, S-76 and design.md section 3.
func TestRefreshChain(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	other, otherSecret := b.client(nil)
	grant := func() answer {
		code, verifier := b.code(b.signedIn(), id)
		return b.redeem(id, secret, code, verifier)
	}
	t.Run("a lost answer may be asked for again within 10 s", func(t *testing.T) {
		first := grant()
		one := b.refresh(id, secret, first.text("refresh_token"))
		b.clock.advance(9 * time.Second)
		two := b.refresh(id, secret, first.text("refresh_token"))
		two.want(t, 200, "")
		if one.text("refresh_token") != two.text("refresh_token") {
			t.Error("the retry got another successor")
		}
		b.refresh(id, secret, two.text("refresh_token")).want(t, 200, "")
	})
	t.Run("reuse after 10 s revokes the family", func(t *testing.T) {
		first := grant()
		next := b.refresh(id, secret, first.text("refresh_token"))
		b.clock.advance(11 * time.Second)
		b.refresh(id, secret, first.text("refresh_token")).want(t, 400, "invalid_grant")
		b.refresh(id, secret, next.text("refresh_token")).want(t, 400, "invalid_grant")
		b.userinfo(next.text("access_token")).want(t, 401, "invalid_token")
	})
	t.Run("a second tab may be behind the first by a use", func(t *testing.T) {
		first := grant()
		second := b.refresh(id, secret, first.text("refresh_token"))
		third := b.refresh(id, secret, second.text("refresh_token"))
		late := b.refresh(id, secret, first.text("refresh_token"))
		if late.want(t, 200, ""); late.text("refresh_token") != second.text("refresh_token") {
			t.Error("the second tab got another successor")
		}
		b.refresh(id, secret, third.text("refresh_token")).want(t, 200, "")
		b.clock.advance(11 * time.Second)
		b.refresh(id, secret, first.text("refresh_token")).want(t, 400, "invalid_grant")
		b.refresh(id, secret, third.text("refresh_token")).want(t, 400, "invalid_grant")
	})
	t.Run("in another client's hands it revokes the family", func(t *testing.T) {
		first := grant()
		b.refresh(other, otherSecret, first.text("refresh_token")).want(t, 400, "invalid_grant")
		b.refresh(id, secret, first.text("refresh_token")).want(t, 400, "invalid_grant")
		b.userinfo(first.text("access_token")).want(t, 401, "invalid_token")
	})
	t.Run("a repetition for another resource revokes the family", func(t *testing.T) {
		first := grant()
		again := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.text("refresh_token")}}
		b.token(id, secret, again).want(t, 200, "")
		again.Set("resource", b.issuer)
		b.token(id, secret, again).want(t, 400, "invalid_grant")
		again.Del("resource")
		b.token(id, secret, again).want(t, 400, "invalid_grant")
	})
	t.Run("idle for 24 h", func(t *testing.T) {
		first := grant()
		b.clock.advance(24*time.Hour + time.Second)
		b.refresh(id, secret, first.text("refresh_token")).want(t, 400, "invalid_grant")
	})
	t.Run("30 days after sign-in whatever its use", func(t *testing.T) {
		a := grant()
		for range 31 {
			b.clock.advance(23 * time.Hour)
			if a = b.refresh(id, secret, a.text("refresh_token")); a.status != 200 {
				t.Fatalf("refresh within the idle time: %v", a.body)
			}
		}
		b.clock.advance(7*time.Hour + time.Minute)
		b.refresh(id, secret, a.text("refresh_token")).want(t, 400, "invalid_grant")
	})
	t.Run("a closed account ends it (S-39)", func(t *testing.T) {
		first := grant()
		_, err := b.db.Pool().Exec(t.Context(), "update accounts set status = 'disabled'")
		must(t, err)
		b.refresh(id, secret, first.text("refresh_token")).want(t, 400, "invalid_grant")
		b.userinfo(first.text("access_token")).want(t, 401, "invalid_token")
		_, err = b.db.Pool().Exec(t.Context(), "update accounts set status = 'active'")
		must(t, err)
	})
	t.Run("without offline_access there is none", func(t *testing.T) {
		address, verifier := b.request(id, url.Values{"scope": {"openid"}})
		p := b.signedIn().get(address)
		a := b.redeem(id, secret, p.location.Query().Get("code"), verifier)
		a.want(t, 200, "")
		if a.body["refresh_token"] != nil {
			t.Error("a refresh token without offline_access")
		}
	})
}

// TestClientCredentials covers RFC 6749 4.4 and RFC 9068.
func TestClientCredentials(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(func(m *provider.Metadata) {
		*m = provider.Metadata{ClientName: "Batch", Profile: provider.ProfileService, Scope: provider.Scopes{"reports.read"}, Audience: []string{"https://reports.example"}}
	})
	before := b.trips.Total()
	a := b.token(id, secret, url.Values{"grant_type": {"client_credentials"}, "scope": {"reports.read"}, "resource": {"https://reports.example"}})
	a.want(t, 200, "")
	if trips := b.trips.Total() - before; trips != 0 {
		t.Errorf("client_credentials took %d round trips, want 0", trips)
	}
	if a.text("token_type") != "Bearer" || a.text("scope") != "reports.read" || a.body["expires_in"] == nil || a.body["id_token"] != nil || a.body["refresh_token"] != nil {
		t.Errorf("answer %v", a.body)
	}
	if strings.Count(a.text("access_token"), ".") != 2 {
		t.Error("the access token is not a JWT")
	}
	b.userinfo(a.text("access_token")).want(t, 401, "invalid_token") // it names no member
	b.token(id, secret, url.Values{"grant_type": {"client_credentials"}, "scope": {"admin"}}).want(t, 400, "invalid_scope")
	b.token(id, secret, url.Values{"grant_type": {"client_credentials"}, "resource": {"https://reports.example/x"}}).want(t, 400, "invalid_target")
	b.token(id, secret, url.Values{"grant_type": {"client_credentials"}, "audience": {"https://elsewhere.example"}}).want(t, 200, "") // no parameter of ours
}

// TestTokenErrors covers RFC 6749 5.2, S-37 and S-69.
func TestTokenErrors(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	postID, postSecret := b.client(func(m *provider.Metadata) { m.TokenEndpointAuthMethod = "client_secret_post" })
	public, _ := b.client(func(m *provider.Metadata) { m.TokenEndpointAuthMethod = "none" })
	service, serviceSecret := b.client(func(m *provider.Metadata) { *m = provider.Metadata{ClientName: "S", Profile: provider.ProfileService} })
	refresh := func(more url.Values) url.Values {
		f := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}
		for name, values := range more {
			f[name] = values
		}
		return f
	}
	for _, test := range []struct {
		name       string
		id, secret string
		fields     url.Values
		status     int
		code       string
	}{
		{"no grant_type", id, secret, url.Values{"code": {"x"}}, 400, "invalid_request"},
		{"password grant", id, secret, url.Values{"grant_type": {"password"}, "username": {"a"}, "password": {"b"}}, 400, "unsupported_grant_type"},
		{"token exchange", id, secret, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}}, 400, "unsupported_grant_type"},
		{"repeated parameter", id, secret, url.Values{"grant_type": {"refresh_token", "refresh_token"}}, 400, "invalid_request"},
		{"unknown client", "nobody", "x", refresh(nil), 401, "invalid_client"},
		{"wrong secret", id, "wrong", refresh(nil), 401, "invalid_client"},
		{"no authentication", "", "", refresh(url.Values{"client_id": {id}}), 401, "invalid_client"},
		{"two methods", id, secret, refresh(url.Values{"client_secret": {secret}}), 400, "invalid_request"},
		{"another client_id beside Basic", id, secret, refresh(url.Values{"client_id": {postID}}), 400, "invalid_request"},
		{"Basic for a client of client_secret_post", postID, postSecret, refresh(nil), 401, "invalid_client"},
		{"client_secret_post", "", "", refresh(url.Values{"client_id": {postID}, "client_secret": {postSecret}}), 400, "invalid_grant"},
		{"public client", "", "", refresh(url.Values{"client_id": {public}}), 400, "invalid_grant"},
		{"secret of a public client", "", "", refresh(url.Values{"client_id": {public}, "client_secret": {"x"}}), 401, "invalid_client"},
		{"service asks for a code", service, serviceSecret, url.Values{"grant_type": {"authorization_code"}, "code": {"x"}}, 400, "unauthorized_client"},
		{"app asks for itself", id, secret, url.Values{"grant_type": {"client_credentials"}}, 400, "unauthorized_client"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := b.token(test.id, test.secret, test.fields)
			a.want(t, test.status, test.code)
			if a.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
				t.Errorf("headers %v", a.header)
			}
			if test.status == 401 && test.id != "" && a.header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate after Basic was tried")
			}
			if text := a.text("error_description"); strings.ContainsAny(text, "\"\\\r\n\t") {
				t.Errorf("error_description %q has characters that RFC 6749 5.2 forbids", text)
			}
		})
	}
	t.Run("JSON body", func(t *testing.T) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.issuer+"/token", strings.NewReader(`{"grant_type":"refresh_token"}`))
		must(t, err)
		r.Header.Set("Content-Type", "application/json")
		response, err := b.server.Client().Do(r)
		must(t, err)
		response.Body.Close()
		if response.StatusCode != 400 && response.StatusCode != 415 {
			t.Errorf("status %d", response.StatusCode)
		}
	})
	t.Run("20 failures, then 429 (S-37)", func(t *testing.T) {
		guessed, _ := b.client(nil)
		for range 20 {
			b.token(guessed, "wrong", refresh(nil)).want(t, 401, "invalid_client")
		}
		if a := b.token(guessed, "wrong", refresh(nil)); a.status != 429 || a.header.Get("Retry-After") == "" {
			t.Errorf("21st failure: %d %v", a.status, a.header)
		}
	})
}
