package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/web"
	"huskyidp/provider"
)

const deskBase = "https://desk.example"

// tokenBook replaces the provider's check of tokens, which has tests of its own.
type tokenBook struct {
	mu    sync.Mutex
	known map[string]provider.Access
}

func (b *tokenBook) CheckAccess(_ context.Context, token string) (provider.Access, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, ok := b.known[token]
	if !ok {
		return provider.Access{}, provider.ErrToken
	}
	return a, nil
}

// bench is the API over a desk.
type bench struct {
	*desk
	handler http.Handler
	tokens  *tokenBook
	keys    int
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{desk: newDesk(t, 1), tokens: &tokenBook{known: map[string]provider.Access{}}}
	engine, api := b.serve()
	api.Mount(engine)
	b.handler = engine
	return b
}

// access is a token of a person, as it should be; change makes it another.
func (b *bench) access(p Person, change func(*provider.Access)) string {
	b.tokens.mu.Lock()
	defer b.tokens.mu.Unlock()
	a := provider.Access{AccountID: p.ID, ClientID: "c", Audience: deskBase + APIPath, Scopes: []string{"openid", "admin"}, ACR: accounts.ACRFactor, AuthTime: p.AuthTime}
	if change != nil {
		change(&a)
	}
	token := fmt.Sprintf("t%d", len(b.tokens.known))
	b.tokens.known[token] = a
	return token
}

// call sends a request; body nil sends none.
func (b *bench) call(method, path, token string, body any) *httptest.ResponseRecorder {
	b.t.Helper()
	var reader bytes.Buffer
	if body != nil {
		if raw, ok := body.(string); ok {
			reader.WriteString(raw)
		} else if err := json.NewEncoder(&reader).Encode(body); err != nil {
			b.t.Fatal(err)
		}
	}
	r := httptest.NewRequest(method, deskBase+APIPath+path, &reader)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		b.keys++
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", fmt.Sprintf("key-%08d", b.keys))
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

func problemOf(t *testing.T, w *httptest.ResponseRecorder) (p web.Problem) {
	t.Helper()
	if w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d is answered as %s: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Errorf("the problem does not decode: %v", err)
	}
	if p.Status != w.Code || p.RequestID == "" || p.RequestID != w.Header().Get("X-Request-Id") {
		t.Errorf("problem %+v with status %d", p, w.Code)
	}
	return p
}

// TestAuthentication (S-61, S-74): only tokens of ours, for this API, with the scope and a second step, of a person with a
// role.
func TestAuthentication(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	member := Person{ID: b.maria.ID, AuthTime: b.now()}
	for name, c := range map[string]struct {
		header    string
		status    int
		challenge string
		kind      string
	}{
		"right":           {"Bearer " + b.access(b.rosa, nil), 200, "", ""},
		"scheme's case":   {"bearer " + b.access(b.rosa, nil), 200, "", ""},
		"none":            {"", 401, "Bearer", "about:blank"},
		"basic":           {"Basic cm9zYTpyb3Nh", 401, "Bearer", "about:blank"},
		"DPoP":            {"DPoP " + b.access(b.rosa, nil), 401, "Bearer", "about:blank"},
		"two tokens":      {"Bearer a, Bearer b", 401, "Bearer", "about:blank"},
		"unknown":         {"Bearer nobodys", 401, challengeOf(invalidToken), problemType + "invalid_token"},
		"other audience":  {"Bearer " + b.access(b.rosa, func(a *provider.Access) { a.Audience = "https://idp.example" }), 401, challengeOf(invalidToken), ""},
		"audience's path": {"Bearer " + b.access(b.rosa, func(a *provider.Access) { a.Audience = deskBase }), 401, challengeOf(invalidToken), ""},
		"bound to a key":  {"Bearer " + b.access(b.rosa, func(a *provider.Access) { a.Bound = true }), 401, challengeOf(invalidToken), ""},
		"other scope":     {"Bearer " + b.access(b.rosa, func(a *provider.Access) { a.Scopes = []string{"openid", "admin2"} }), 403, challengeOf(insufficientScope) + `, scope="admin"`, problemType + "insufficient_scope"},
		"password alone": {"Bearer " + b.access(b.rosa, func(a *provider.Access) { a.ACR = accounts.ACRUnmatched }), 401,
			challengeOf(insufficientAuthentication) + `, acr_values="` + accounts.ACRFactor + `", max_age=300`, problemType + "insufficient_user_authentication"},
		"card and password": {"Bearer " + b.access(b.rosa, func(a *provider.Access) { a.ACR = accounts.ACRPassword }), 401, "", ""},
		"passkey":           {"Bearer " + b.access(b.rosa, func(a *provider.Access) { a.ACR = accounts.ACRPhishingResistant }), 200, "", ""},
		"a member":          {"Bearer " + b.access(member, nil), 403, "", problemType + "no_role"},
	} {
		r := httptest.NewRequest(http.MethodGet, deskBase+APIPath+"/me", nil)
		if c.header != "" {
			r.Header.Set("Authorization", c.header)
		}
		w := httptest.NewRecorder()
		b.handler.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s: %d, want %d", name, w.Code, c.status)
			continue
		}
		if got := w.Header().Get("WWW-Authenticate"); c.challenge != "" && got != c.challenge {
			t.Errorf("%s: challenge %s, want %s", name, got, c.challenge)
		}
		if w.Code != 200 {
			if p := problemOf(t, w); c.kind != "" && p.Type != c.kind {
				t.Errorf("%s: problem %s, want %s", name, p.Type, c.kind)
			}
		}
		if got := w.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control %s", name, got)
		}
	}
	if n := b.count(`select count(*) from audit_events where kind = 'staff.denied' and reason = 'no_role'`); n != 1 {
		t.Errorf("%d events of somebody without a role", n)
	}
}

// TestStepUp (S-20): reading works with an older sign-in, acts do not, and the answer says what to ask for (RFC 9470).
func TestStepUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	everything := b.person("all", Read, Recover, Approve, Admin, Audit)
	everything.AuthTime = b.now().Add(-freshness)
	matter := b.refer("a", "password", "es")
	token := b.access(everything, nil)
	for _, e := range endpoints() {
		w := b.call(e.method, e.at(b.maria.ID.String(), matter), token, b.sample(e))
		stepUp := w.Code == 401 && problemOf(t, w).Type == problemType+"step_up" && strings.Contains(w.Header().Get("WWW-Authenticate"), "insufficient_user_authentication")
		if want := strings.Contains(e.path, "/acts/") || strings.HasPrefix(e.path, "/approvals/") || e.path == "/audit/export" || e.name == "addPerson"; stepUp != want {
			t.Errorf("%s %s = %d %s, want a step-up: %t", e.method, e.path, w.Code, w.Body, want)
		}
	}
}

// TestAPIJourney: a stuck member is found, the caller verified, and the lock taken away.
func TestAPIJourney(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 5 {
		b.people.Authenticate(t.Context(), accounts.Attempt{Username: "maria", Password: "no es esta", Source: "192.0.2.1/32"})
	}
	token := b.access(b.rosa, nil)
	decode := func(w *httptest.ResponseRecorder, status int, v any) {
		t.Helper()
		if w.Code != status {
			t.Fatalf("%d %s, want %d", w.Code, w.Body, status)
		}
		if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
			t.Fatal(err)
		}
	}
	var found searchReply
	decode(b.call("POST", "/members/search", token, searchBody{ByCardID, "004 123 789"}), 200, &found)
	path := "/members/" + found.MemberID.String()
	var member memberReply
	decode(b.call("GET", path, token, nil), 200, &member)
	if member.Username != "maria" || len(member.Obstacles) != 1 || member.Obstacles[0].Lock != "password" || member.Email != "m•••@example.org" {
		t.Errorf("member %+v", member)
	}
	ask := lockBody{"La persona llamó y pidió ayuda", "HD-1001", member.Version, "password"}
	if p := problemOf(t, b.call("POST", path+"/acts/release_lock", token, ask)); p.Type != problemType+"caller_unverified" {
		t.Errorf("problem %+v", p)
	}
	var v Verification
	decode(b.call("POST", path+"/verifications", token, verifyBody{Method: SpokenCode}), 200, &v)
	decode(b.call("POST", path+"/verifications/code", token, codeBody{b.spoken()}), 200, &v)
	if !v.Verified {
		t.Errorf("verification %+v", v)
	}
	var done outcomeReply
	decode(b.call("POST", path+"/acts/release_lock", token, ask), 200, &done)
	if done.State != Done {
		t.Errorf("outcome %+v", done)
	}
	if p := problemOf(t, b.call("POST", path+"/acts/release_lock", token, ask)); p.Status != 409 || p.Type != problemType+"conflict" {
		t.Errorf("the act on an older version: %+v", p)
	}
	wrong := cardBody{BirthMonth: "3", BirthDay: "31", BirthYear: "1984", FirstName: "Maria", LastName: "x", CardID: "1"}
	p := problemOf(t, b.call("POST", path+"/verifications", token, verifyBody{Method: Facts, Card: &wrong}))
	if p.Status != 422 || len(p.Errors) != 1 || p.Errors[0].Field != "card_id" {
		t.Errorf("a card that cannot be: %+v", p)
	}
	right := cardBody(mariaCard)
	decode(b.call("POST", path+"/verifications", token, verifyBody{Method: Facts, Card: &right}), 200, &v)
	if !v.Verified {
		t.Errorf("facts: %+v", v)
	}
}

// TestIdempotencyKey: needed for every act; the answer to a repeat is the first one.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.access(b.rosa, nil)
	send := func(key, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", deskBase+APIPath+"/members/"+b.maria.ID.String()+"/acts/send_username", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		if key != "" {
			r.Header.Set("Idempotency-Key", key)
		}
		w := httptest.NewRecorder()
		b.handler.ServeHTTP(w, r)
		return w
	}
	body := fmt.Sprintf(`{"reason":"La persona llamó y pidió ayuda","ticket":"HD-1","version":%q}`, b.version(b.maria.ID))
	for _, key := range []string{"", "short", strings.Repeat("k", 129), "with space!", "ñañañañaña"} {
		if p := problemOf(t, send(key, body)); p.Status != 422 || p.Errors[0].Field != "idempotency-key" {
			t.Errorf("key %q: %+v", key, p)
		}
	}
	first := send("the-first-key", body)
	again := send("the-first-key", body)
	if first.Code != 200 || again.Code != 200 || first.Body.String() != again.Body.String() || again.Header().Get("Idempotency-Replayed") != "true" || first.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("first %d %s, again %d %s %v", first.Code, first.Body, again.Code, again.Body, again.Header())
	}
	if p := problemOf(t, send("the-first-key", strings.Replace(body, "HD-1", "HD-2", 1))); p.Status != 422 || p.Type != problemType+"idempotency_key_reused" {
		t.Errorf("another body: %+v", p)
	}
	if len(b.mailed("username")) != 1 {
		t.Errorf("%d mails", len(b.mailed("username")))
	}
}

// TestNothingPersonalInAddresses: searches are posted, and ids that are none are like those that nobody has (S-62).
func TestNothingPersonalInAddresses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.access(b.rosa, nil)
	nobody := b.call("GET", "/members/"+uuid.NewString(), token, nil)
	for _, id := range []string{"maria", "004123789", "1", "%2e%2e", "{" + b.maria.ID.String() + "}"} {
		w := b.call("GET", "/members/"+id, token, nil)
		if w.Code != nobody.Code || problemOf(t, w).Type != problemOf(t, nobody).Type {
			t.Errorf("GET /members/%s = %d %s, want what nobody's id gives", id, w.Code, w.Body)
		}
	}
	if w := b.call("GET", "/members/search?by=username&value=maria", token, nil); w.Code == 200 {
		t.Error("a search by GET works")
	}
	if strings.Contains(b.log.String(), "maria") {
		t.Error("the log names a member")
	}
}

// TestBreakGlass (S-61): the sealed account works, and each use is an alert and an event.
func TestBreakGlass(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := must[Person](t)(b.AddPerson(t.Context(), NewPerson{Username: "sealed", Email: "sealed@desk.example", Name: "Sobre sellado", Language: "es", Roles: []Role{Admin}, BreakGlass: true}, "test"))
	if w := b.call("GET", "/me", b.access(b.rosa, nil), nil); w.Code != 200 || strings.Contains(b.log.String(), "break_glass") {
		t.Errorf("an ordinary account: %d", w.Code)
	}
	if w := b.call("GET", "/me", b.access(b.fresh(p), nil), nil); w.Code != 200 {
		t.Fatalf("the sealed account: %d %s", w.Code, w.Body)
	}
	if !strings.Contains(b.log.String(), `"alert":"break_glass_used"`) {
		t.Error("no alert")
	}
	if n := b.count(`select count(*) from audit_events where kind = 'staff.break_glass_used' and account_id = $1`, p.ID); n != 1 {
		t.Errorf("%d events", n)
	}
}

func challengeOf(code string) string {
	return fmt.Sprintf(`Bearer error=%q, error_description=%q`, code, descriptions[code])
}
