package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"huskyidp/internal/rig"
	"huskyidp/internal/visitor"
)

const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	callback  = "https://app.example/callback"
	audience  = "https://" + issuer
)

// clients by client_id, as they are registered.
var clients = map[string]string{
	"es256":          `"redirect_uris": ["` + callback + `"], "id_token_signed_response_alg": "ES256"`,
	"rs256":          `"redirect_uris": ["` + callback + `"], "id_token_signed_response_alg": "RS256"`,
	"opaque":         `"redirect_uris": ["` + callback + `"], "id_token_signed_response_alg": "ES256", "access_token_format": "opaque"`,
	"service":        `"profile": "service", "scope": "reports.read"`,
	"service-opaque": `"profile": "service", "scope": "reports.read", "access_token_format": "opaque"`,
	"api":            `"profile": "service", "resource_server": ["` + audience + `"]`,
}

func (s *stage) registerClients() error {
	s.secrets = map[string]string{}
	for id, members := range clients {
		file := filepath.Join(s.dir, id+".json")
		if err := os.WriteFile(file, []byte(`{"client_name": "Prueba", `+members+`}`), 0o600); err != nil {
			return err
		}
		said, err := s.commands.Run(s.ctx, "clients", "create", "--id="+id, file)
		if err != nil {
			return err
		}
		made := answer{body: []byte(strings.ReplaceAll(said, `": "`, `":"`))}
		if s.secrets[id] = made.member("client_secret"); s.secrets[id] == "" {
			return fmt.Errorf("client %s has no secret: %s", id, said)
		}
	}
	return nil
}

func authorize(client, more string) string {
	return "/authorize?" + url.Values{"client_id": {client}, "response_type": {"code"}, "redirect_uri": {callback}, "scope": {"openid offline_access"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge_method": {"S256"}, "code_challenge": {challenge}}.Encode() + more
}

// transport is of pages: people who sign in need no more than net/http has.
var transport = &http.Transport{MaxIdleConnsPerHost: 2 * crowd, IdleConnTimeout: time.Minute}

// browser is one of somebody, who comes from an address of their own.
func (s *stage) browser(n int) *visitor.Browser {
	b := visitor.New("http://"+s.service.Address, issuer)
	b.Source, b.Send = source(n), transport.RoundTrip
	return b
}

func source(n int) string { return fmt.Sprintf("10.0.%d.%d", n>>8, n&255) }

// populate registers everybody, and starts the service again, so that nothing of it is measured.
func (s *stage) populate() error {
	group, ctx := errgroup.WithContext(s.ctx)
	group.SetLimit(4)
	for n, p := range s.people {
		group.Go(func() error { return s.register(ctx, s.browser(n), p) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if _, err := s.service.Stop(); err != nil {
		return err
	}
	return s.start()
}

func (s *stage) register(ctx context.Context, b *visitor.Browser, p rig.Member) error {
	steps := []struct {
		form  func() url.Values
		leads string
	}{
		{func() url.Values { return url.Values{"act": {"agree"}} }, "/register/personal"},
		{p.CardForm, "/register/credentials"},
		{p.CredentialsForm, "/register/code"},
		{func() url.Values {
			ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
			defer cancel()
			code, _ := s.mails.Code(ctx, p.Email, 0) // without one the step leads nowhere
			return url.Values{"act": {"next"}, "code": {code}}
		}, "/register/review"},
	}
	if err := b.Get(ctx, authorize("es256", "&prompt=create")); err != nil {
		return err
	}
	for _, step := range steps {
		if err := patiently(ctx, b, step.form()); err != nil {
			return err
		}
		if !strings.HasPrefix(b.At, step.leads) {
			return fmt.Errorf("registration is at %s (%d), want %s", b.At, b.Status, step.leads)
		}
	}
	if err := b.Submit(ctx, url.Values{"act": {"finish"}, "certify": {"yes"}}); err != nil {
		return err
	}
	if b.Away == nil {
		return fmt.Errorf("registration ends at %s (%d)", b.At, b.Status)
	}
	return nil
}

// patiently submits again where the service is too busy for a hash.
func patiently(ctx context.Context, b *visitor.Browser, form url.Values) error {
	at, body := b.At, b.Body
	for {
		if err := b.Submit(ctx, form); err != nil || b.Status != http.StatusServiceUnavailable {
			return err
		}
		if !rig.Pause(ctx, time.Second) {
			return ctx.Err()
		}
		b.At, b.Body = at, body
	}
}

// signIn goes from the app to the page and back to the app with a code, which it redeems.
func (s *stage) signIn(ctx context.Context, b *visitor.Browser, p rig.Member) error {
	for name := range b.Cookies {
		if strings.Contains(name, "session") { // the device stays known
			delete(b.Cookies, name)
		}
	}
	if err := b.Get(ctx, authorize("es256", "")); err != nil {
		return err
	}
	if err := b.Submit(ctx, url.Values{"username": {p.Username}, "password": {p.Password}}); err != nil {
		return err
	}
	switch {
	case b.Status == http.StatusServiceUnavailable && b.Away == nil:
		rig.Pause(ctx, time.Second) // a person reads the page before they try again
		return errRefused
	case b.Away == nil || b.Away.Query().Get("code") == "":
		return fmt.Errorf("%s: sign-in ends at %s (%d)", p.Username, b.At, b.Status)
	}
	return s.exchange(ctx, b.Away.Query().Get("code"), b.Source)
}

func (s *stage) exchange(ctx context.Context, code, from string) error {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.service.Address+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Host = issuer
	r.SetBasicAuth("es256", s.secrets["es256"])
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-For", from)
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the code is answered %d", answer.StatusCode)
	}
	return nil
}
