package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"

	"huskyidp/internal/outbound"
	"huskyidp/partners"
	"huskyidp/provider"
)

// sandboxClients registers partners' apps at a sandbox (RFC 7591, 7592). The address is the operator's, so that it may be on a private
// network.
type sandboxClients struct {
	issuer, token string
	client        *outbound.Client
	apps          partnerApps
	logger        *slog.Logger
}

// newSandboxClients returns nil without a sandbox.
func (a *app) newSandboxClients(s settings, apps partnerApps) partners.Sandbox {
	if s.sandboxIssuer == "" {
		return nil
	}
	o := outbound.Options{RootCAs: s.outbound.RootCAs, Resolver: s.outbound.Resolver, Observe: a.meters.called}
	if u, err := url.Parse(s.sandboxIssuer); err == nil { // judged with the settings
		port := u.Port()
		if port == "" {
			port = "443"
		}
		o.Allow = []string{net.JoinHostPort(u.Hostname(), port)}
	}
	return &sandboxClients{s.sandboxIssuer, s.sandboxToken, outbound.New(o), apps, a.logger}
}

func (c *sandboxClients) Issuer() string { return c.issuer }

// registration is what is sent: the metadata of the app, without what a server decides itself.
func (c *sandboxClients) registration(a partners.App, id string) ([]byte, error) {
	m := c.apps.metadata(a)
	m.Profile, m.Audience, m.OperatorVerified = "", nil, false
	text, err := json.Marshal(m)
	if err != nil || id == "" {
		return text, err
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	all["client_id"] = id
	return json.Marshal(all)
}

// call returns the answer if it is of the wanted status.
func (c *sandboxClients) call(ctx context.Context, method, address, token string, body []byte, want int) ([]byte, error) {
	if !strings.HasPrefix(address, c.issuer+"/") { // the token is the sandbox's alone
		return nil, c.away("its address is another issuer's")
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return nil, c.away(outbound.Cause(err))
	}
	switch answer.Status {
	case want:
		return answer.Body, nil
	case http.StatusBadRequest:
		var refusal struct {
			Description string `json:"error_description"`
		}
		if err := json.Unmarshal(answer.Body, &refusal); err == nil && refusal.Description != "" {
			member, rule, found := strings.Cut(refusal.Description, ": ")
			if !found {
				member, rule = "", refusal.Description
			}
			return nil, &partners.Fault{Member: member, Rule: rule}
		}
	case http.StatusUnauthorized:
		if token != c.token {
			return nil, partners.ErrNotFound
		}
	}
	return nil, c.away(fmt.Sprintf("status %d", answer.Status))
}

// away tells operators what partners need not know.
func (c *sandboxClients) away(why string) error {
	c.logger.Warn("the sandbox does not register an app", "issuer", c.issuer, "error", why)
	return partners.ErrAway
}

func (c *sandboxClients) Register(ctx context.Context, a partners.App) (made partners.SandboxClient, err error) {
	body, err := c.registration(a, "")
	if err != nil {
		return made, err
	}
	answer, err := c.call(ctx, http.MethodPost, c.issuer+provider.RegistrationPath, c.token, body, http.StatusCreated)
	if err != nil {
		return made, err
	}
	var got struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
		URI    string `json:"registration_client_uri"`
		Token  string `json:"registration_access_token"`
	}
	if err := json.Unmarshal(answer, &got); err != nil || got.ID == "" || got.Token == "" || !strings.HasPrefix(got.URI, c.issuer+"/") {
		return made, c.away("its answer is no registration")
	}
	return partners.SandboxClient{ID: got.ID, Secret: got.Secret, URI: got.URI, Token: got.Token}, nil
}

func (c *sandboxClients) Update(ctx context.Context, known partners.SandboxClient, a partners.App) error {
	body, err := c.registration(a, known.ID)
	if err == nil {
		_, err = c.call(ctx, http.MethodPut, known.URI, known.Token, body, http.StatusOK)
	}
	return err
}

func (c *sandboxClients) Delete(ctx context.Context, known partners.SandboxClient) error {
	_, err := c.call(ctx, http.MethodDelete, known.URI, known.Token, nil, http.StatusNoContent)
	return err
}
