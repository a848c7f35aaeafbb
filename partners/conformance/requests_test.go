package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"golang.org/x/oauth2"

	"huskyidp/internal/ratelimit"
)

// logoutApp is an app's address for logout tokens (OpenID Connect Back-Channel Logout 2.6).
func logoutApp(t *testing.T, issuer, clientID *string, takesAll bool) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys := oidc.NewRemoteKeySet(r.Context(), *issuer+"/jwks")
		token, err := oidc.NewVerifier(*issuer, keys, &oidc.Config{ClientID: *clientID}).Verify(r.Context(), r.PostFormValue("logout_token"))
		var claims struct {
			Subject string                     `json:"sub"`
			SID     string                     `json:"sid"`
			Nonce   *string                    `json:"nonce"`
			Events  map[string]json.RawMessage `json:"events"`
		}
		if err == nil {
			err = token.Claims(&claims)
		}
		isGood := err == nil && claims.Nonce == nil && claims.Subject+claims.SID != "" && claims.Events["http://schemas.openid.net/event/backchannel-logout"] != nil
		if !isGood && !takesAll {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

func TestLogoutTokens(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		takesAll bool
		failed   string
	}{
		"a right app":              {false, ""},
		"an app that believes all": {true, "logout_expired logout_no_event logout_nobody logout_nonce logout_other_audience logout_other_key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var issuer, clientID string
			address := logoutApp(t, &issuer, &clientID, test.takesAll)
			b := newBench(t, strings.TrimPrefix(address, "http://"))
			r := b.start(Settings{LogoutURI: address})
			issuer, clientID = b.Issuer(r), r.ID
			if err := b.app(r, faults{}).signIn(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := b.Logout(t.Context(), b.organisation, r.ID); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(b.read(r.ID).ended(Failed), " "); got != test.failed {
				t.Errorf("failed %q, want %q", got, test.failed)
			}
		})
	}
	t.Run("an app that is down", func(t *testing.T) {
		b := newBench(t, "localhost:1")
		r := b.start(Settings{LogoutURI: "http://localhost:1/logout"})
		if err := b.Logout(t.Context(), b.organisation, r.ID); err != nil {
			t.Fatal(err)
		}
		if r = b.read(r.ID); len(r.ended(Failed)) != 7 || r.Results["logout"].Found != "no_answer" {
			t.Errorf("%+v", r.Results)
		}
	})
}

func TestSettingsAreJudged(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	private := string(must[json.RawMessage](t)(newKey()))
	for name, o := range map[string]Settings{
		"redirect_uris":              {Auth: "none"},
		"redirect_uris ":             {Auth: "none", RedirectURIs: []string{"http://app.example/callback"}},
		"redirect_uris  ":            {Auth: "none", RedirectURIs: []string{"https://eva@app.example/callback"}},
		"redirect_uris   ":           {Auth: "none", RedirectURIs: []string{"javascript:alert(1)"}},
		"redirect_uris    ":          {Auth: "none", RedirectURIs: []string{"https://app.example/#x"}},
		"backchannel_logout_uri":     {Auth: "none", RedirectURIs: []string{"https://app.example/"}, LogoutURI: "http://169.254.169.254/"},
		"token_endpoint_auth_method": {RedirectURIs: []string{"https://app.example/"}},
		"jwks":                       {Auth: "private_key_jwt", RedirectURIs: []string{"https://app.example/"}},
		"jwks ":                      {Auth: "private_key_jwt", RedirectURIs: []string{"https://app.example/"}, JWKS: `{"keys":[` + private + `]}`},
	} {
		_, err := b.Start(t.Context(), b.organisation, o)
		if fault, ok := errors.AsType[*Fault](err); !ok || fault.Member != strings.TrimSpace(name) {
			t.Errorf("%+v: %v, want a fault of %s", o, err, name)
		}
	}
}

func TestRunsAreBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.start(Settings{})
	if _, err := b.Run(t.Context(), uuid.New(), first.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("another organisation reads a run: %v", err)
	}
	for _, err := range []error{b.Again(t.Context(), uuid.New(), first.ID, "denied"), b.Finish(t.Context(), uuid.New(), first.ID), b.Logout(t.Context(), uuid.New(), first.ID),
		b.Again(t.Context(), b.organisation, first.ID, "logout"), b.Again(t.Context(), b.organisation, first.ID, "none"), b.Logout(t.Context(), b.organisation, first.ID)} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("an act on what is not theirs, or not there: %v", err)
		}
	}
	for range maxRuns - 1 {
		b.start(Settings{})
	}
	o := Settings{Auth: "none", RedirectURIs: []string{"https://app.example/"}}
	_, err := b.Start(t.Context(), b.organisation, o)
	if _, isLimit := errors.AsType[*ratelimit.Exceeded](err); !isLimit {
		t.Errorf("run %d of a day: %v", maxRuns+1, err)
	}
	b.now = b.now.Add(25 * time.Hour)
	if _, err := b.Start(t.Context(), b.organisation, o); !errors.Is(err, ErrTooMany) {
		t.Errorf("run %d: %v", maxRuns+1, err)
	}
	if err := b.Remove(t.Context(), uuid.New(), first.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("another organisation removes a run: %v", err)
	}
	b.read(first.ID)
	for range 2 { // the second press finds it gone
		if err := b.Remove(t.Context(), b.organisation, first.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Start(t.Context(), b.organisation, o); err != nil {
		t.Errorf("after one was removed: %v", err)
	}
	b.now = b.now.Add(shown + time.Hour)
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if runs := must[[]Run](t)(b.Runs(t.Context(), b.organisation)); len(runs) > 0 {
		t.Errorf("%d runs are left after %v", len(runs), shown)
	}
}

// TestRequests are what an app, or a stranger, may send.
func TestRequests(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.start(Settings{RedirectURIs: []string{"http://127.0.0.1/callback", "https://app.example/callback?a=b"}})
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	entry := b.Base + entrance + r.ID + "?client_id=" + r.ID + "&response_type=code&scope=openid&state=s&nonce=n&redirect_uri="
	for _, test := range []struct {
		method, address, body string
		status                int
		says                  string
	}{
		{"GET", b.Base + entrance + "nobody?client_id=nobody", "", 404, ""},
		{"GET", b.Issuer(r) + "x/.well-known/openid-configuration", "", 404, `"error"`},
		{"GET", b.Issuer(r) + "/jwks", "", 200, `"RS256"`},
		{"GET", b.Issuer(r) + "/userinfo", "", 401, "invalid_token"},
		{"POST", b.Issuer(r) + "/token", "grant_type=authorization_code&code=x", 401, "invalid_client"},
		{"POST", b.Issuer(r) + "/token", "grant_type=authorization_code&code=x&code=y", 400, "invalid_request"},
		{"POST", b.Issuer(r) + "/token", "grant_type=password&client_id=" + r.ID + "&client_secret=" + r.Secret, 400, "unsupported_grant_type"},
		{"POST", b.Issuer(r) + "/token", "grant_type=refresh_token&refresh_token=&client_id=" + r.ID + "&client_secret=" + r.Secret, 400, "invalid_grant"},
		{"GET", entry + "https%3A%2F%2Fevil.example", "", 400, "redirect_uri"},
		{"GET", entry + "http%3A%2F%2F127.0.0.1%3A1%2Fcallback&state=t", "", 400, "state"},
		{"GET", entry + "http%3A%2F%2F127.0.0.1%3A1%2Fcallback", "", 303, ""},
		// an address of somebody else's is reached by a page that names it
		{"GET", entry + "https%3A%2F%2Fapp.example%2Fcallback%3Fa%3Db", "", 200, "https://app.example/callback?a=b&amp;"},
	} {
		q := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), test.method, test.address, strings.NewReader(test.body)))
		if test.body != "" {
			q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		answer := must[*http.Response](t)(browser.Do(q))
		body := must[[]byte](t)(io.ReadAll(answer.Body))
		answer.Body.Close()
		if answer.StatusCode != test.status || !strings.Contains(string(body), test.says) {
			t.Errorf("%s %s %s: %d, want %d with %q:\n%s", test.method, test.address, test.body, answer.StatusCode, test.status, test.says, body)
		}
	}
	if got := b.read(r.ID).Results["request"]; got.Outcome != Passed {
		t.Errorf("after a good request: %+v", got)
	}
	b.now = b.now.Add(idle + time.Hour)
	if answer := must[*http.Response](t)(http.Get(b.Issuer(r) + "/jwks")); answer.StatusCode != 404 {
		t.Errorf("a run that is over answers %d", answer.StatusCode)
	}
	b.read(r.ID) // its page is shown still
}

// TestAssertions: an app that signs, and one whose assertion is for another server.
func TestAssertions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	raw := must[json.RawMessage](t)(newKey())
	var key jose.JSONWebKey
	if err := json.Unmarshal(raw, &key); err != nil {
		t.Fatal(err)
	}
	set := string(must[[]byte](t)(json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}})))
	r := b.start(Settings{Auth: "private_key_jwt", JWKS: set})
	signer := must[jose.Signer](t)(jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, nil))
	for audience, want := range map[string]Outcome{b.Issuer(r): Passed, "https://idp.example": Failed} {
		assertion := must[string](t)(jwt.Signed(signer).Claims(jwt.Claims{Issuer: r.ID, Subject: r.ID, ID: "1", Audience: jwt.Audience{audience}, Expiry: jwt.NewNumericDate(b.now.Add(time.Minute))}).Serialize())
		form := url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "client_assertion": {assertion}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
		answer := must[*http.Response](t)(http.PostForm(b.Issuer(r)+"/token", form))
		answer.Body.Close()
		if got := b.read(r.ID).Results["authentication"].Outcome; got != want {
			t.Errorf("an assertion for %s: %s (%d), want %s", audience, got, answer.StatusCode, want)
		}
	}
}

// TestTwoRefreshes: of two tabs that refresh at once none loses, and the check passes.
func TestTwoRefreshes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.start(Settings{})
	if err := b.Again(t.Context(), b.organisation, r.ID, "refresh"); err != nil {
		t.Fatal(err)
	}
	a := b.app(r, faults{})
	if err := b.change(t.Context(), r.ID, func(r *Run) error {
		r.begin(b.now)
		r.Flow.Refresh = []string{"first"}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	token := "first"
	for range 2 {
		got := make([]string, 2)
		var both sync.WaitGroup
		for i := range got {
			both.Go(func() {
				next, err := a.config.TokenSource(context.WithoutCancel(t.Context()), &oauth2.Token{RefreshToken: token}).Token()
				if err != nil {
					t.Errorf("refreshing: %v", err)
					return
				}
				got[i] = next.RefreshToken
			})
		}
		if both.Wait(); got[0] != got[1] || got[0] == token {
			t.Fatalf("two refreshes at once: %v", got)
		}
		token = got[0]
		b.now = b.now.Add(15 * time.Second)
	}
	if got := b.read(r.ID).Results["refresh"].Outcome; got != Passed {
		t.Errorf("the check ended %s", got)
	}
}
