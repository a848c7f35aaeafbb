package provider_test

import (
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"huskyidp/internal/jobs"
	"huskyidp/internal/outbound"
	"huskyidp/internal/postgres"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/provider"
)

// backChannel is an app that listens on the back channel, and the job queue that calls it.
func (b *bench) backChannel(answer http.HandlerFunc) *httptest.Server {
	t := b.t
	t.Helper()
	app := httptest.NewTLSServer(answer)
	t.Cleanup(app.Close)
	roots := x509.NewCertPool()
	roots.AddCert(app.Certificate())
	pool := postgrestest.Open(t, postgres.Options{DSN: b.db.Pool().Config().ConnString(), MaxConns: 5})
	caller := outbound.New(outbound.Options{Allow: []string{strings.TrimPrefix(app.URL, "https://")}, RootCAs: roots})
	runner, err := jobs.New(pool, slog.New(slog.DiscardHandler), provider.LogoutWork(b.provider, caller, slog.New(slog.DiscardHandler)),
		provider.SignalWork(b.provider, caller, slog.New(slog.DiscardHandler)))
	must(t, err)
	must(t, runner.Start(t.Context()))
	t.Cleanup(func() {
		if err := runner.Stop(t.Context()); err != nil {
			t.Log(err)
		}
	})
	return app
}

// TestBackChannelLogout covers conformance 8.4: the app gets a logout token for the
// session, is tried again after a failure, and never holds up the browser.
func TestBackChannelLogout(t *testing.T) {
	b := newBench(t, 4)
	received := make(chan url.Values, 8)
	status := make(chan int, 8)
	status <- http.StatusInternalServerError // the first try fails
	app := b.backChannel(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fields, _ := url.ParseQuery(string(body))
		received <- fields
		select {
		case code := <-status:
			w.WriteHeader(code)
		default:
		}
	})
	id, secret := b.client(func(m *provider.Metadata) { m.BackchannelLogoutURI = app.URL + "/bye?x=1" })
	quiet, quietSecret := b.client(nil)
	w := b.signedIn()
	code, verifier := b.code(w, id)
	idToken := b.redeem(id, secret, code, verifier).text("id_token")
	code, verifier = b.code(w, quiet)
	b.redeem(quiet, quietSecret, code, verifier).want(t, 200, "")
	q := url.Values{"id_token_hint": {idToken}, "post_logout_redirect_uri": {afterLogout}, "state": {"st"}}
	began := time.Now()
	p := w.submit(w.get("/logout?"+q.Encode()), url.Values{"act": {"confirm"}})
	if p.location == nil || p.location.String() != afterLogout+"?state=st" || time.Since(began) > 2*time.Second {
		t.Fatalf("logout led to %s (%d) %v after %v", p.url, p.status, p.location, time.Since(began))
	}
	ctx := oidc.ClientContext(t.Context(), b.server.Client())
	keys := oidc.NewRemoteKeySet(ctx, b.issuer+"/jwks")
	for try := range 2 {
		var fields url.Values
		select {
		case fields = <-received:
		case <-time.After(20 * time.Second):
			t.Fatalf("no logout token on try %d", try)
		}
		token := fields.Get("logout_token")
		if len(fields) != 1 || token == "" {
			t.Fatalf("the body holds %v", fields)
		}
		if _, err := keys.VerifySignature(ctx, token); err != nil {
			t.Fatalf("signature: %v", err)
		}
		events, _ := claim(t, token, "events").(map[string]any)
		if claim(t, token, "iss") != b.issuer || claim(t, token, "aud") != id || claim(t, token, "sub") != claim(t, idToken, "sub") ||
			claim(t, token, "sid") != claim(t, idToken, "sid") || claim(t, token, "jti") == nil || claim(t, token, "nonce") != nil ||
			events["http://schemas.openid.net/event/backchannel-logout"] == nil || len(events) != 1 {
			t.Errorf("the logout token is not as Back-Channel Logout 2.4 has it: %s", token)
		}
		if typ := header(t, token, "typ"); typ != "logout+jwt" {
			t.Errorf("its typ is %v", typ)
		}
		if exp, iat := claim(t, token, "exp").(float64), claim(t, token, "iat").(float64); exp-iat > 120 {
			t.Errorf("it lives %v s", exp-iat)
		}
		b.userinfo(token).want(t, 401, "invalid_token") // never interchangeable (S-40)
	}
	select {
	case more := <-received:
		t.Errorf("a delivered token came again: %v", more)
	case <-time.After(300 * time.Millisecond):
	}
}

// TestFrontChannelLogout covers conformance 8.3.
func TestFrontChannelLogout(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(func(m *provider.Metadata) { m.FrontchannelLogoutURI = "https://app.example/front?own=1" })
	w := b.signedIn()
	code, verifier := b.code(w, id)
	idToken := b.redeem(id, secret, code, verifier).text("id_token")
	q := url.Values{"id_token_hint": {idToken}, "post_logout_redirect_uri": {afterLogout}, "state": {"st"}}
	p := w.submit(w.get("/logout?"+q.Encode()), url.Values{"act": {"confirm"}})
	frame := "https://app.example/front?own=1&amp;iss=" + url.QueryEscape(b.issuer) + "&amp;sid=" + url.QueryEscape(claim(t, idToken, "sid").(string))
	if p.status != 200 || p.url.Path != "/logout/done" || !strings.Contains(p.body, `src="`+frame+`"`) {
		t.Fatalf("led to %s (%d), without %s\n%s", p.url, p.status, frame, p.body)
	}
	if !strings.Contains(p.body, `href="`+afterLogout+`?state=st"`) {
		t.Error("there is no way on to the app")
	}
	if csp := p.header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-src https:") {
		t.Errorf("frames are not allowed: %s", csp)
	}
	if other := w.get("/logout/done?r=forged"); strings.Contains(other.body, "iframe") || strings.Contains(other.header.Get("Content-Security-Policy"), "frame-src") {
		t.Error("a forged address makes frames")
	}
}

// TestAppsThatStayOpen: who signs out reads which apps are not told of it, before and after; the app that asks has closed its own.
func TestAppsThatStayOpen(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	w := b.signedIn()
	use := func(name string, change func(*provider.Metadata)) (string, string) {
		id, secret := b.client(func(m *provider.Metadata) {
			m.ClientName = name
			if change != nil {
				change(m)
			}
		})
		code, verifier := b.code(w, id)
		return id, b.redeem(id, secret, code, verifier).text("id_token")
	}
	use("Citas", nil)
	use("Avisada", func(m *provider.Metadata) { m.BackchannelLogoutURI = "https://app.example/back" })
	use("Enmarcada", func(m *provider.Metadata) { m.FrontchannelLogoutURI = "https://app.example/front" })
	asking, hint := use("Quien pide", nil)
	says := "Su sesión puede seguir abierta en: Citas. Ciérrela allí también."
	q := url.Values{"id_token_hint": {hint}, "client_id": {asking}}
	confirm := w.get("/logout?" + q.Encode())
	done := w.submit(confirm, url.Values{"act": {"confirm"}})
	for name, p := range map[string]page{"the question": confirm, "the page after it": done} {
		if p.status != 200 || !strings.Contains(p.body, says) {
			t.Errorf("%s (%s) does not say that Citas may still be open:\n%s", name, p.url, p.body)
		}
	}
	w = b.signedIn()
	use("Recetas", nil)
	if p := w.get("/logout"); !strings.Contains(p.body, "Su sesión puede seguir abierta en: Recetas.") {
		t.Errorf("our own sign-out does not say what may still be open:\n%s", p.body)
	}
}
