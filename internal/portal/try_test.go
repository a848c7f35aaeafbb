package portal

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A developer sees each message of a sign-in, the ID token decoded, and nothing of a third party's.
func TestTry(t *testing.T) {
	f := newFixture(t)
	status, _, before := f.visit(t, TryPath)
	if status != http.StatusOK || !strings.Contains(before, `href="/try/start"`) || strings.Contains(before, "<pre") {
		t.Fatalf("%s = %d\n%s", TryPath, status, before)
	}
	status, at, page := f.visit(t, "/try/start")
	if status != http.StatusOK || !strings.HasPrefix(at, TryCallbackPath) {
		t.Fatalf("it ended at %s with %d\n%s", at, status, page)
	}
	for _, want := range []string{"code_challenge_method=S256", "client_id=try-it", "code=c0de", "iss=", "grant_type=authorization_code", "code_verifier=",
		"&#34;alg&#34;: &#34;ES256&#34;", "&#34;aud&#34;: &#34;try-it&#34;", "&#34;access_token&#34;: &#34;at&#34;", "MARÍA"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s\n%s", want, page)
		}
	}
	if f.provider.asked.Get("client_id") != "try-it" || f.provider.asked.Get("redirect_uri") != f.base+TryCallbackPath {
		t.Errorf("token request %v", f.provider.asked)
	}
	if status, _, again := f.visit(t, at); status != http.StatusBadRequest || !strings.Contains(again, "login_expired") || !strings.Contains(again, "shown already") || !strings.Contains(again, `href="/try/start"`) {
		t.Errorf("the same answer again = %d", status)
	}
}

func TestTryTellsWhatWentWrong(t *testing.T) {
	words := map[string]string{"access_denied": "did not allow it", "foreign_state": "is not the one that this browser sent", "login_failed": "It did not work"}
	for name, test := range map[string]struct {
		answer url.Values
		claims func(map[string]any)
		want   string
	}{
		"refused":          {url.Values{"error": {"access_denied"}}, nil, "access_denied"},
		"another issuer":   {url.Values{"iss": {"https://evil.example"}}, nil, "login_failed"},
		"another state":    {url.Values{"state": {"x"}}, nil, "foreign_state"},
		"another nonce":    {nil, func(c map[string]any) { c["nonce"] = "x" }, "login_failed"},
		"another client's": {nil, func(c map[string]any) { c["aud"] = "portal" }, "login_failed"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.provider.answer, f.provider.claims = test.answer, test.claims
			if status, at, page := f.visit(t, "/try/start"); status != http.StatusBadRequest || !strings.Contains(page, "<code>"+test.want+"</code>") || !strings.Contains(page, words[test.want]) || strings.Contains(page, "5. ID token") {
				t.Errorf("it ended at %s with %d, want %s", at, status, test.want)
			}
		})
	}
	f := newFixture(t)
	f.options.TryClientID = ""
	plain, err := New(f.options)
	if err != nil {
		t.Fatal(err)
	}
	f.Portal = plain
	if status, _, _ := f.visit(t, TryPath); status != http.StatusNotFound {
		t.Errorf("without such a client %s = %d", TryPath, status)
	}
}
