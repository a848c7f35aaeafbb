package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"huskyidp/internal/rig"
)

// deskHost is the host of the support desk's listener.
const deskHost = "desk.example"

const deskScope = "openid admin"

// agent works at the support desk. Only one worker uses an agent at a time.
type agent struct {
	person
	token    string // access token for the desk's API
	signedIn time.Time
	acts     int
}

// An agent may do twenty acts an hour (S-63), and acts need a sign-in within the last five minutes.
const (
	agentActs  = 19
	agentFresh = 4 * time.Minute
)

// hire creates agents who are ready to work, and the app that their tokens are for.
func (s *stage) hire(n int) error {
	app := filepath.Join(s.dir, "desk.json")
	document, err := json.Marshal(map[string]any{"client_name": "Desk", "redirect_uris": []string{callback}, "token_endpoint_auth_method": "none",
		"scope": deskScope, "audience": []string{deskAPI}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(app, document, 0o600); err != nil {
		return err
	}
	if _, err := s.idp("clients", "create", "--id=desk", app); err != nil {
		return err
	}
	for i := range n {
		a := &agent{person: person{source: fmt.Sprintf("10.200.0.%d", i+1)}}
		a.Username, a.Password = fmt.Sprintf("agente.%d", i+1), fmt.Sprintf("siete faroles verdes %d", i+1)
		a.Email = a.Username + "@desk.example"
		if _, err := s.idp("staff", "create", "--username="+a.Username, "--email="+a.Email, "--name=Agente de prueba", "--role=read", "--role=recover"); err != nil {
			return err
		}
		if err := s.journeys.enrol(s.ctx, a); err != nil {
			return fmt.Errorf("the agent %s: %w", a.Username, err)
		}
		s.journeys.agents <- a
	}
	return nil
}

var shownKey = regexp.MustCompile(`class="code key"[^>]*>([A-Z2-7 ]+)<`)

// enrol sets an agent's first password, by a mailed code, and the second step.
func (j *journeys) enrol(ctx context.Context, a *agent) error {
	b := j.visitor(&a.person)
	steps := []struct {
		typed func() (url.Values, error)
		page  string
	}{
		{func() (url.Values, error) { return url.Values{"username": {a.Username}}, nil }, "/recover/code"},
		{func() (url.Values, error) {
			code, err := j.mailed(ctx, a.Email, 0)
			return url.Values{"code": {code}}, err
		}, "/recover/new-password"},
		{func() (url.Values, error) { return url.Values{"new_password": {a.Password}}, nil }, "/recover/done"},
	}
	err := b.Get(ctx, "/recover/password")
	for _, step := range steps {
		if err != nil {
			return err
		}
		typed, wrong := step.typed()
		if wrong != nil {
			return wrong
		}
		if err = j.on(b, b.Submit(ctx, typed), "an agent's first password", step.page); err != nil {
			return fmt.Errorf("%w: %d at %s, want %s: %s", err, b.Status, b.At, step.page, told(b.Body))
		}
	}
	b = j.visitor(&a.person)
	if err := b.Get(ctx, "/account/factors/totp"); err != nil {
		return err
	}
	if err := j.on(b, b.Submit(ctx, url.Values{"username": {a.Username}, "password": {a.Password}}), "an agent's sign-in", "/account/factors/totp"); err != nil {
		return err
	}
	if a.app = readAuthenticator(b.Body); a.app == nil {
		return errors.New("the page shows no key")
	}
	code, err := a.app.code(ctx)
	if err != nil {
		return err
	}
	return j.on(b, b.Submit(ctx, url.Values{"code": {code}}), "an agent's second step", "/account/factors")
}

// deskSignIn gets the agent a token from a sign-in with both steps.
func (j *journeys) deskSignIn(ctx context.Context, a *agent) error {
	a.token = ""
	b := j.visitor(&a.person)
	q := url.Values{"client_id": {"desk"}, "response_type": {"code"}, "redirect_uri": {callback}, "scope": {deskScope}, "state": {"s"}, "nonce": {"n"},
		"code_challenge_method": {"S256"}, "code_challenge": {challenge}, "resource": {deskAPI}}
	if err := j.on(b, b.Get(ctx, "/authorize?"+q.Encode()), "authorize", "/login"); err != nil {
		return err
	}
	if err := j.on(b, again(ctx, b, url.Values{"username": {a.Username}, "password": {a.Password}}), "an agent's sign-in", "/login/factor/totp"); err != nil {
		return err
	}
	code, err := a.app.code(ctx)
	if err != nil {
		return err
	}
	if err := b.Submit(ctx, url.Values{"code": {code}}); err != nil || b.Away == nil {
		return j.on(b, err, "an agent's second step", callback)
	}
	status, said := j.programOf(ctx, &a.person, "desk", "/token", url.Values{"grant_type": {"authorization_code"}, "code": {b.Away.Query().Get("code")},
		"redirect_uri": {callback}, "code_verifier": {verifier}, "resource": {deskAPI}})
	if err := j.program200(status, said, "an agent's code"); err != nil {
		return err
	}
	a.token, a.signedIn = text(said, "access_token"), time.Now()
	j.ledger.count("desk sign-ins")
	return nil
}

// signedOutByDesk is a member on the phone: an agent ends their sessions. The desk records the act once.
func (j *journeys) signedOutByDesk(ctx context.Context, a *agent, p *person) error {
	if time.Since(a.signedIn) > agentFresh || a.token == "" {
		if err := j.deskSignIn(ctx, a); err != nil {
			return err
		}
	}
	status, said := j.desk(ctx, a, http.MethodPost, "/members/search", map[string]string{"by": "username", "value": p.Username}, "")
	if err := j.deskAnswered(a, status, said, "finding a member"); err != nil {
		return err
	}
	at := "/members/" + text(said, "member_id")
	status, said = j.desk(ctx, a, http.MethodGet, at, nil, "")
	if err := j.deskAnswered(a, status, said, "looking at a member"); err != nil {
		return err
	}
	a.acts++
	ticket := j.ledger.ticket()
	body := map[string]string{"reason": "llama y dice que perdió el teléfono", "ticket": ticket.number, "version": text(said, "version")}
	for _, f := range p.families {
		if f.revoked == no {
			f.revoked = maybe
		}
	}
	for range 3 { // an Idempotency-Key makes it safe
		if status, said = j.desk(ctx, a, http.MethodPost, at+"/acts/end_sessions", body, ticket.number); status != 0 && status != http.StatusServiceUnavailable || !rig.Pause(ctx, 300*time.Millisecond) {
			break
		}
	}
	if err := j.deskAnswered(a, status, said, "ending sessions"); err != nil {
		return err
	}
	ticket.done = yes
	if p.browser != nil {
		p.signedOut, p.browser = append(p.signedOut, p.browser.Cookies), nil
	}
	if n := len(p.families); n > 0 {
		p.families[n-1].revoked = yes // of that session; earlier ones may be of sessions that had ended, which leave some
	}
	j.ledger.count("acts of the desk")
	return nil
}

// deskAnswered is program200 for the desk, whose token may have been lost with a transaction.
func (j *journeys) deskAnswered(a *agent, status int, said map[string]any, what string) error {
	if status == http.StatusUnauthorized {
		a.token = ""
		return errGaveUp
	}
	return j.program200(status, map[string]any{"error": said["type"], "error_description": fmt.Sprint(said)}, what)
}

// deskAPI is the audience of the agents' tokens.
const deskAPI = "https://" + deskHost + "/admin/v1"

// desk calls the API; status 0 means no answer.
func (j *journeys) desk(ctx context.Context, a *agent, method, path string, body any, once string) (status int, said map[string]any) {
	document, err := json.Marshal(body)
	if err != nil {
		return 0, nil
	}
	r, err := http.NewRequestWithContext(ctx, method, deskAPI+path, strings.NewReader(string(document)))
	if err != nil {
		return 0, nil
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	r.Header.Set("X-Forwarded-For", a.source)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	if once != "" {
		r.Header.Set("Idempotency-Key", once)
	}
	return j.answered(r)
}
