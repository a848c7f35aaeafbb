package provider_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"huskyidp/provider"
)

const (
	pushed = "urn:ietf:rfc:8935"
	polled = "urn:ietf:rfc:8936"

	eventRevoked  = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
	eventDisabled = "https://schemas.openid.net/secevent/risc/event-type/account-disabled"
	eventEnabled  = "https://schemas.openid.net/secevent/risc/event-type/account-enabled"
)

// poll asks for Security Event Tokens (RFC 8936 section 2.2).
func (b *bench) poll(id, secret, body string) (status int, sets map[string]string, more bool) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.issuer+"/signals/poll", strings.NewReader(body))
	must(b.t, err)
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	p := (&browser{b: b, client: b.server.Client()}).do(r)
	var got struct {
		Sets          map[string]string
		MoreAvailable bool
	}
	if p.status == 200 {
		must(b.t, json.Unmarshal([]byte(p.body), &got))
	}
	return p.status, got.Sets, got.MoreAvailable
}

// event checks what every Security Event Token has, and returns its event and whom it is about: sub, and sid or "".
func (b *bench) event(token, client string) (event, sub, sid string) {
	t := b.t
	t.Helper()
	keys := oidc.NewRemoteKeySet(oidc.ClientContext(t.Context(), b.server.Client()), b.issuer+"/jwks")
	if _, err := keys.VerifySignature(oidc.ClientContext(t.Context(), b.server.Client()), token); err != nil {
		t.Fatalf("signature: %v", err)
	}
	if header(t, token, "typ") != "secevent+jwt" || claim(t, token, "iss") != b.issuer || claim(t, token, "aud") != client ||
		claim(t, token, "jti") == nil || claim(t, token, "iat") == nil || claim(t, token, "sub") != nil || claim(t, token, "exp") != nil {
		t.Errorf("the token is not as RFC 8417 and Shared Signals have it: %s", token)
	}
	events := claim(t, token, "events").(map[string]any)
	if len(events) != 1 {
		t.Fatalf("%d events in one token", len(events))
	}
	for event = range events {
	}
	subject := claim(t, token, "sub_id").(map[string]any)
	if subject["format"] == "complex" {
		sid = subject["session"].(map[string]any)["id"].(string)
		subject = subject["user"].(map[string]any)
	}
	if subject["format"] != "iss_sub" || subject["iss"] != b.issuer {
		t.Errorf("the subject is %v", subject)
	}
	return event, subject["sub"].(string), sid
}

// A partner that polls hears, under its own sub and sid, that a session ended, that the member stopped it, and that the
// account was closed; each until it says that it has it. An app that the member has stopped hears nothing later. No token passes
// for another kind (S-40).
func TestSignalsPolled(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.partner(func(m *provider.Metadata) { m.SignalsDelivery, m.SubjectType = polled, "pairwise" })
	deaf, deafSecret := b.partner(nil)
	other, otherSecret := b.partner(func(m *provider.Metadata) { m.SignalsDelivery = polled })
	w := b.signedIn()
	connect := func(id, secret string) string {
		address, verifier := b.request(id, url.Values{"scope": {"openid profile offline_access"}})
		p := w.get(address)
		if p.url.Path == "/consent" {
			p = w.submit(p, url.Values{"act": {"accept"}, "group_profile": {"yes"}, "group_offline_access": {"yes"}, "duration": {"90d"}})
		}
		return b.redeem(id, secret, p.wantCode(t), verifier).text("id_token")
	}
	idToken := connect(id, secret)
	connect(deaf, deafSecret)
	sub, sid := claim(t, idToken, "sub"), claim(t, idToken, "sid")
	if status, sets, _ := b.poll(id, secret, `{}`); status != 200 || len(sets) != 0 {
		t.Fatalf("before anything ended: %d %v", status, sets)
	}
	one := func(want string) (jti string, session string) {
		t.Helper()
		_, sets, more := b.poll(id, secret, `{"maxEvents": 5, "returnImmediately": true}`)
		if len(sets) != 1 || more {
			t.Fatalf("%d tokens (more: %v), want one of %s", len(sets), more, want)
		}
		for jti, token := range sets {
			event, about, session := b.event(token, id)
			if event != want || about != sub || claim(t, token, "jti") != jti {
				t.Errorf("%s about %s as %s, want %s about %s", event, about, jti, want, sub)
			}
			b.userinfo(token).want(t, 401, "invalid_token")
			return jti, session
		}
		panic("unreachable")
	}
	ack := func(jti string) {
		t.Helper()
		if status, sets, _ := b.poll(id, secret, `{"ack": ["`+jti+`", "never-ours"]}`); status != 200 || len(sets) != 0 {
			t.Errorf("after the acknowledgement: %d %v", status, sets)
		}
	}
	w.submit(w.get("/logout"), url.Values{"act": {"confirm"}})
	must(t, b.provider.NotifyApps(t.Context()))
	jti, session := one(eventRevoked)
	if session != sid {
		t.Errorf("the session is %q, the ID token said %q", session, sid)
	}
	if again, _ := one(eventRevoked); again != jti {
		t.Error("a token that was not acknowledged came with another jti")
	}
	if _, sets, _ := b.poll(other, otherSecret, `{"ack": ["`+jti+`"]}`); len(sets) != 0 {
		t.Errorf("another client got %v", sets)
	}
	one(eventRevoked) // another client's acknowledgement counts for nothing
	ack(jti)

	disabled, err := b.accounts.Disable(t.Context(), b.account.ID)
	must(t, err)
	if !disabled {
		t.Fatal("the account was closed before")
	}
	must(t, b.provider.NotifyApps(t.Context()))
	must(t, b.provider.SignalAccounts(t.Context()))
	_, sets, _ := b.poll(id, secret, `{}`)
	heard := map[string]string{} // event to session
	for jti, token := range sets {
		event, _, session := b.event(token, id)
		heard[event] = session
		b.poll(id, secret, `{"maxEvents": 0, "ack": ["`+jti+`"]}`)
	}
	if session, told := heard[eventDisabled]; len(heard) != 2 || !told || session != "" || heard[eventRevoked] != sid { // what was issued in the session ends too
		t.Errorf("of a closed account: %v", heard)
	}
	_, err = b.accounts.Enable(t.Context(), b.account.ID)
	must(t, err)
	must(t, b.provider.SignalAccounts(t.Context()))
	jti, _ = one(eventEnabled)
	ack(jti)

	w = b.signedIn()
	connect(id, secret)
	must(t, b.provider.StopApp(t.Context(), b.account.ID, id))
	jti, session = one(eventRevoked)
	if session != "" {
		t.Errorf("a stopped permission is told with the session %q alone", session)
	}
	must(t, b.provider.StopApp(t.Context(), b.account.ID, id)) // a second click
	ack(jti)
	_, err = b.accounts.Disable(t.Context(), b.account.ID)
	must(t, err)
	must(t, b.provider.SignalAccounts(t.Context()))
	for jti, token := range second(b.poll(id, secret, `{}`)) {
		if event, _, _ := b.event(token, id); event != eventRevoked { // of the session that ended with the account
			t.Errorf("%s (%s) for an app that the member had stopped", event, jti)
		}
	}
}

func second[A, B, C any](_ A, b B, _ C) B { return b }

// A batch is bounded and says that there is more; what the client reports as faulty is not sent again.
func TestSignalsInBatches(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(func(m *provider.Metadata) { m.SignalsDelivery = polled })
	for range 3 {
		w := b.signedIn()
		code, verifier := b.code(w, id)
		b.redeem(id, secret, code, verifier).want(t, 200, "")
		w.submit(w.get("/logout"), url.Values{"act": {"confirm"}})
		must(t, b.provider.NotifyApps(t.Context()))
		b.clock.advance(time.Second)
	}
	_, sets, more := b.poll(id, secret, `{"maxEvents": 2}`)
	if len(sets) != 2 || !more {
		t.Fatalf("%d tokens, more: %v", len(sets), more)
	}
	errs := map[string]any{}
	for jti := range sets {
		errs[jti] = map[string]string{"err": "invalid_key", "description": "no such key"}
	}
	body, err := json.Marshal(map[string]any{"maxEvents": 2, "setErrs": errs})
	must(t, err)
	if _, sets, more = b.poll(id, secret, string(body)); len(sets) != 1 || more {
		t.Errorf("after two faults: %d tokens, more: %v", len(sets), more)
	}
	noted, err := b.clients.Errors(t.Context(), id)
	must(t, err)
	if len(noted) != 2 || !strings.Contains(noted[0].Description, "invalid_key") {
		t.Errorf("the client's errors are %+v", noted)
	}
	if _, sets, more = b.poll(id, secret, `{"maxEvents": 0}`); len(sets) != 0 || !more {
		t.Errorf("with maxEvents 0: %v, more: %v", sets, more)
	}
	b.clock.advance(8 * 24 * time.Hour)
	must(t, b.provider.Sweep(t.Context()))
	if _, sets, _ = b.poll(id, secret, `{}`); len(sets) != 0 {
		t.Errorf("after a week: %v", sets)
	}
}

// TestPollRefused: strangers, clients that do not poll, and bodies that are no request.
func TestPollRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(func(m *provider.Metadata) { m.SignalsDelivery = polled })
	deaf, deafSecret := b.client(nil)
	for name, test := range map[string]struct {
		id, secret, body string
		status           int
	}{
		"a wrong secret":          {id, "wrong", `{}`, 401},
		"nobody":                  {"nobody", "wrong", `{}`, 401},
		"a client without stream": {deaf, deafSecret, `{}`, 400},
		"no JSON":                 {id, secret, `maxEvents=1`, 400},
		"an empty body":           {id, secret, ``, 400},
		"an array":                {id, secret, `[]`, 400},
		"a negative number":       {id, secret, `{"maxEvents": -1}`, 400},
		"a number as a word":      {id, secret, `{"maxEvents": "1"}`, 400},
		"more than 64 KiB":        {id, secret, `{"ack": ["` + strings.Repeat("x", 70<<10) + `"]}`, 413},
	} {
		if status, _, _ := b.poll(test.id, test.secret, test.body); status != test.status {
			t.Errorf("%s: %d, want %d", name, status, test.status)
		}
	}
}

// A token is pushed, and tried again until the client has taken or refused it (RFC 8935).
func TestSignalsPushed(t *testing.T) {
	b := newBench(t, 4)
	type delivery struct{ mediaType, body string }
	received := make(chan delivery, 8)
	statuses := make(chan int, 8)
	app := b.backChannel(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		received <- delivery{r.Header.Get("Content-Type"), string(body)}
		w.WriteHeader(<-statuses)
	})
	id, secret := b.client(func(m *provider.Metadata) { m.SignalsDelivery, m.SignalsEndpoint = pushed, app.URL+"/events" })
	signOut := func() {
		w := b.signedIn()
		code, verifier := b.code(w, id)
		b.redeem(id, secret, code, verifier).want(t, 200, "")
		w.submit(w.get("/logout"), url.Values{"act": {"confirm"}})
		must(t, b.provider.NotifyApps(t.Context()))
	}
	next := func(status int) string {
		t.Helper()
		statuses <- status
		select {
		case got := <-received:
			if got.mediaType != "application/secevent+jwt" {
				t.Errorf("the media type is %q", got.mediaType)
			}
			if event, sub, sid := b.event(got.body, id); event != eventRevoked || sub != b.account.Subject || sid == "" {
				t.Errorf("%s about %q, %q", event, sub, sid)
			}
			return claim(t, got.body, "jti").(string)
		case <-time.After(20 * time.Second):
			t.Fatal("no token came")
			return ""
		}
	}
	signOut()
	if first, again := next(503), next(202); first != again {
		t.Errorf("the second try has another jti: %s, %s", first, again)
	}
	noted := func(want string) {
		t.Helper()
		list, err := b.clients.Errors(t.Context(), id)
		must(t, err)
		if len(list) == 0 || list[0].Endpoint != "signals_endpoint" || !strings.Contains(list[0].Description, want) {
			t.Errorf("the client's errors are %+v, want %q first", list, want)
		}
	}
	noted("answered 503")
	signOut()
	next(400)
	select {
	case <-received:
		t.Error("a refused token came again")
	case <-time.After(2 * time.Second):
	}
	noted("refused it")
}

// TestSignalsConfiguration: the document says what the endpoints do.
func TestSignalsConfiguration(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	var got struct {
		Issuer, JWKSURI string
		Methods         []string `json:"delivery_methods_supported"`
	}
	p := b.browser().get("/.well-known/ssf-configuration")
	must(t, json.Unmarshal([]byte(p.body), &got))
	if p.status != 200 || got.Issuer != b.issuer || len(got.Methods) != 2 || p.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%d %s", p.status, p.body)
	}
}
