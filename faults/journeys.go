package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"huskyidp/internal/rig"
	"huskyidp/internal/visitor"
)

// journeys are what members and their app do. Each records in the ledger what was acknowledged, and what was sent
// without an answer. It gives up where the service refuses or does not answer, as people do who come back later.
type journeys struct {
	ledger *ledger
	mails  *rig.Mails
	send   func(*http.Request) (*http.Response, error)
	agents chan *agent // idle agents

	patience time.Duration // of people who wait for a mail
	lenient  atomic.Bool   // a 500 is no fault: the database itself fails
}

const mailWait = 20 * time.Second

// errGaveUp ends a journey that was refused properly (503, 429) or got no answer.
var errGaveUp = errors.New("gave up")

const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	callback  = "https://app.example/callback"
)

func (j *journeys) visitor(p *person) *visitor.Browser {
	b := visitor.New("http://"+issuer, issuer)
	b.Source, b.Send = p.source, j.send
	maps.Copy(b.Cookies, p.device)
	return b
}

func authorize(prompt string) string {
	q := url.Values{"client_id": {"app"}, "response_type": {"code"}, "redirect_uri": {callback}, "scope": {"openid offline_access"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge_method": {"S256"}, "code_challenge": {challenge}}
	if prompt != "" {
		q.Set("prompt", prompt)
	}
	return "/authorize?" + q.Encode()
}

// on reports whether the step led to the page. Anything but that or a proper refusal is a fault.
func (j *journeys) on(b *visitor.Browser, err error, journey, page string) error {
	switch {
	case err != nil:
		return errGaveUp
	case strings.HasPrefix(b.At, page) && b.Status == http.StatusOK:
		return nil
	case b.Status == http.StatusServiceUnavailable || b.Status == http.StatusTooManyRequests:
		return errGaveUp
	case b.Status == http.StatusInternalServerError && j.lenient.Load():
		return errGaveUp
	}
	j.ledger.fault("%s: %d at %s, want %s: %s", journey, b.Status, pathOf(b), page, told(b.Body))
	return errGaveUp
}

func pathOf(b *visitor.Browser) string {
	path, _, _ := strings.Cut(b.At, "?")
	return path
}

// told is the first message of a page's problems.
func told(body string) string {
	for _, mark := range []string{`class="problem"`, `class="problems"`, `role="alert"`, `class="notice`, "<h1", "{"} {
		if _, after, found := strings.Cut(body, mark); found {
			return strings.Join(strings.Fields(strip(after[:min(len(after), 400)])), " ")
		}
	}
	return ""
}

func strip(text string) string {
	var out strings.Builder
	inside := false
	for _, r := range text {
		switch {
		case r == '<':
			inside = true
		case r == '>':
			inside = false
		case !inside:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// register is a whole registration, from the app and back to it with a code.
func (j *journeys) register(ctx context.Context, p *person) error {
	b := j.visitor(p)
	p.browser = b
	if err := j.on(b, b.Get(ctx, authorize("create")), "registration", "/register/agreement"); err != nil {
		return err
	}
	if err := j.on(b, b.Submit(ctx, url.Values{"act": {"agree"}}), "agreement", "/register/personal"); err != nil {
		return err
	}
	if err := j.on(b, b.Submit(ctx, p.CardForm()), "card", "/register/credentials"); err != nil {
		return err
	}
	before := j.mails.SoFar(p.Email)
	if err := j.on(b, again(ctx, b, p.CredentialsForm()), "credentials", "/register/code"); err != nil {
		return err
	}
	code, err := j.mailed(ctx, p.Email, before)
	if err != nil {
		return err
	}
	if err := j.on(b, b.Submit(ctx, url.Values{"act": {"next"}, "code": {code}}), "code", "/register/review"); err != nil {
		return err
	}
	return j.finish(ctx, p, b)
}

func (j *journeys) mailed(ctx context.Context, to string, before int) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, j.patience)
	defer cancel()
	code, err := j.mails.Code(ctx, to, before)
	if err != nil {
		return "", errGaveUp
	}
	return code, nil
}

// finish presses Finalizar, up to three times if there is no answer, as people do.
func (j *journeys) finish(ctx context.Context, p *person, b *visitor.Browser) error {
	review := *b
	review.Cookies = maps.Clone(b.Cookies)
	p.account = maybe
	var err error
	for range 3 {
		err = b.Submit(ctx, url.Values{"act": {"finish"}, "certify": {"yes"}})
		// The answer to the POST itself is the acknowledgement, wherever the next page is.
		if strings.HasPrefix(b.Location, "/authorize/resume") || strings.HasPrefix(b.Location, "/register/done") {
			p.account = yes
			j.ledger.count("registrations")
			return j.arrive(ctx, p, b, err)
		}
		if err == nil && b.Status != http.StatusServiceUnavailable {
			break
		}
		if !rig.Pause(ctx, 300*time.Millisecond) {
			return errGaveUp
		}
		b.Body, b.At = review.Body, review.At // the form is still there
	}
	return j.on(b, err, "Finalizar", "/authorize/resume")
}

// arrive is back at the app, which redeems the code.
func (j *journeys) arrive(ctx context.Context, p *person, b *visitor.Browser, err error) error {
	if err == nil && b.Away != nil && b.Away.Query().Get("code") != "" {
		p.keepDevice(b)
		return j.redeem(ctx, p, b.Away.Query().Get("code"))
	}
	return j.on(b, err, "return to the app", callback)
}

// signIn starts at the app, in a new browser.
func (j *journeys) signIn(ctx context.Context, p *person) error {
	b := j.visitor(p)
	p.browser = b
	if err := j.on(b, b.Get(ctx, authorize("")), "authorize", "/login"); err != nil {
		return err
	}
	typed := url.Values{"username": {p.Username}, "password": {p.Password}}
	err := again(ctx, b, typed)
	if err == nil && b.Status == http.StatusOK && strings.HasPrefix(b.At, "/login?") { // the instance with their turn was killed
		err = again(ctx, b, typed)
	}
	if err := j.arrive(ctx, p, b, j.second(ctx, p, b, err)); err != nil {
		return err
	}
	j.ledger.count("sign-ins")
	return nil
}

// program calls an endpoint as the app does; status 0 means no answer.
func (j *journeys) program(ctx context.Context, p *person, path string, form url.Values) (status int, said map[string]any) {
	return j.programOf(ctx, p, "app", path, form)
}

func (j *journeys) programOf(ctx context.Context, p *person, client, path string, form url.Values) (status int, said map[string]any) {
	form.Set("client_id", client)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-For", p.source)
	return j.answered(r)
}

// answered sends a program's request.
func (j *journeys) answered(r *http.Request) (status int, said map[string]any) {
	answer, err := j.send(r)
	if err != nil {
		return 0, nil
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, nil
	}
	_ = json.Unmarshal(body, &said) // revocation has no body
	return answer.StatusCode, said
}

func text(said map[string]any, name string) string {
	value, _ := said[name].(string)
	return value
}

func (j *journeys) askRedeem(ctx context.Context, p *person, code string) (int, map[string]any) {
	return j.program(ctx, p, "/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}})
}

func (j *journeys) askRefresh(ctx context.Context, p *person, token string) (int, map[string]any) {
	return j.program(ctx, p, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

func (j *journeys) redeem(ctx context.Context, p *person, code string) error {
	status, said := j.askRedeem(ctx, p, code)
	used := usedCode{code: code, redeemed: maybe}
	if status == http.StatusOK {
		used.redeemed, used.family = yes, &family{token: text(said, "refresh_token"), issued: time.Now()}
		p.families = append(p.families, used.family)
		j.ledger.count("tokens")
	}
	p.codes = append(p.codes, used)
	return j.program200(status, said, "redeeming a code")
}

// program200 is on for programs.
func (j *journeys) program200(status int, said map[string]any, what string) error {
	switch status {
	case http.StatusOK:
		return nil
	case 0, http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return errGaveUp
	}
	if status == http.StatusInternalServerError && j.lenient.Load() {
		return errGaveUp
	}
	j.ledger.fault("%s: %d %s %s", what, status, text(said, "error"), text(said, "error_description"))
	return errGaveUp
}

// refresh uses the newest token of a family.
func (j *journeys) refresh(ctx context.Context, p *person, f *family) error {
	if f.doubt || f.revoked != no {
		return nil
	}
	status, said := j.askRefresh(ctx, p, f.token)
	if status != http.StatusOK {
		f.doubt = status == 0 || status >= 500
		return j.program200(status, said, "refreshing")
	}
	f.spent = append(f.spent, spentToken{f.token, time.Now()})
	f.token = text(said, "refresh_token")
	j.ledger.count("refreshes")
	return j.userinfo(ctx, p, text(said, "access_token"))
}

// userinfo is called with a new access token, on the next instance.
func (j *journeys) userinfo(ctx context.Context, p *person, token string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+issuer+"/userinfo", nil)
	if err != nil {
		return err
	}
	r.Host = issuer
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("X-Forwarded-For", p.source)
	answer, err := j.send(r)
	if err != nil {
		return errGaveUp
	}
	_, _ = io.Copy(io.Discard, answer.Body) // so that the connection is reused
	_ = answer.Body.Close()
	return j.program200(answer.StatusCode, map[string]any{"error": answer.Header.Get("WWW-Authenticate")}, "userinfo")
}

func (j *journeys) revoke(ctx context.Context, p *person, f *family) error {
	if f.revoked == yes {
		return nil
	}
	f.revoked = maybe
	status, said := j.program(ctx, p, "/revoke", url.Values{"token": {f.token}})
	if err := j.program200(status, said, "revoking"); err != nil {
		return err
	}
	f.revoked = yes
	j.ledger.count("revocations")
	return nil
}

// signOut ends the browser's session, also one that could not be ended at the first press.
func (j *journeys) signOut(ctx context.Context, p *person) error {
	b := p.browser
	kept := maps.Clone(b.Cookies)
	if err := j.on(b, b.Get(ctx, "/logout"), "signing out", "/logout"); err != nil {
		return err
	}
	err := b.Submit(ctx, url.Values{"act": {"confirm"}})
	if err == nil && strings.HasPrefix(b.At, "/leave") {
		err = b.Submit(ctx, url.Values{})
	}
	if err != nil || b.Status != http.StatusOK && b.Location == "" || strings.HasPrefix(b.At, "/leave") {
		return errGaveUp
	}
	if b.Location == "" && b.Status == http.StatusOK || strings.HasPrefix(b.Location, "/") {
		p.signedOut = append(p.signedOut, kept)
		j.ledger.count("sign-outs")
	}
	return nil
}

// recover sets another password through the mailbox.
func (j *journeys) recover(ctx context.Context, p *person) error {
	if p.recovered || p.app != nil { // with a second step it takes longer than a scene
		return nil
	}
	p.recovered = true
	b := j.visitor(p)
	if err := j.on(b, b.Get(ctx, "/recover/password"), "recovery", "/recover/password"); err != nil {
		return err
	}
	before := j.mails.SoFar(p.Email)
	if err := j.on(b, b.Submit(ctx, url.Values{"username": {p.Username}}), "recovery", "/recover/code"); err != nil {
		return err
	}
	code, err := j.mailed(ctx, p.Email, before)
	if err != nil {
		return err
	}
	if err := j.on(b, b.Submit(ctx, url.Values{"code": {code}}), "recovery's code", "/recover/question"); err != nil {
		return err
	}
	if err := j.on(b, b.Submit(ctx, url.Values{"answer": {rig.Answer}}), "recovery's question", "/recover/new-password"); err != nil {
		return err
	}
	page := *b
	page.Cookies = maps.Clone(b.Cookies)
	p.doubt = fmt.Sprintf("cuatro lunas sobre %s", p.Username)
	for _, f := range p.families {
		if f.revoked == no {
			f.revoked = maybe
		}
	}
	if err := j.on(b, b.Submit(ctx, url.Values{"new_password": {p.doubt}}), "recovery's password", "/recover/done"); err != nil {
		return err
	}
	p.Password, p.doubt = p.doubt, ""
	for _, f := range p.families { // a new password ends sessions and tokens (S-54)
		f.revoked = yes
	}
	j.ledger.count("recoveries")
	if err := page.Submit(ctx, url.Values{"new_password": {"otra clave que no sirve dos veces"}}); err == nil && page.Status < 500 && !strings.HasPrefix(page.At, "/recover/") {
		j.ledger.fault("a finished recovery leads on to %s", page.At)
	}
	return nil
}

// again submits a form, and once more after a while if it was refused because of too many requests.
func again(ctx context.Context, b *visitor.Browser, typed url.Values) error {
	at, body := b.At, b.Body
	for range 3 {
		if err := b.Submit(ctx, typed); err != nil || b.Status != http.StatusServiceUnavailable || !rig.Pause(ctx, time.Second) {
			return err
		}
		b.At, b.Body = at, body
	}
	return b.Submit(ctx, typed)
}
