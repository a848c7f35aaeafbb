package partners

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"huskyidp/internal/outbound"
	"huskyidp/internal/postgres"
)

// registry stands in for the provider's clients, and for the addresses of partners.
type registry struct {
	db      *postgres.DB
	mu      sync.Mutex
	clients map[string]Client
	fault   *Fault
	gone    bool // addresses do not answer
	secrets int
}

func (r *registry) Check(_ context.Context, a App) (func(context.Context, string) error, error) {
	if strings.Contains(a.JWKS, `"d"`) {
		return nil, &Fault{"jwks", "holds a key, number 1, that is not public"}
	}
	if strings.HasSuffix(a.LogoURI, ".txt") {
		return nil, &Fault{"logo_uri", "is not a PNG, JPEG or WebP picture"}
	}
	if r.fault != nil {
		return nil, r.fault
	}
	return func(ctx context.Context, id string) error {
		_, err := r.db.From(ctx).Exec(ctx, `insert into clients (client_id, metadata, created_at, updated_at) values ($1, '{}', now(), now())`, id)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.clients[id] = Client{ID: id, Name: a.NameEN, Auth: a.Auth, JWKS: a.JWKS, RedirectURIs: a.RedirectURIs, Scopes: a.Scopes}
		return err
	}, nil
}

func (r *registry) Client(_ context.Context, id string) (Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.clients[id]
	if !ok {
		return c, ErrNotFound
	}
	return c, nil
}

func (r *registry) RotateSecret(context.Context, string) (string, error) {
	r.secrets++
	return "secret-" + strings.Repeat("x", r.secrets), nil
}

func (r *registry) SetKeys(_ context.Context, _, jwks, _ string) error {
	if strings.Contains(jwks, `"d"`) {
		return &Fault{"jwks", "holds a key, number 1, that is not public"}
	}
	return nil
}

func (r *registry) Errors(context.Context, string) ([]RefusedRequest, error) {
	return []RefusedRequest{{At: time.Date(2026, 12, 1, 14, 0, 0, 0, time.UTC), RequestID: "01J9X", Endpoint: "/token", Error: "invalid_grant"}}, nil
}

func (r *registry) Complaints(context.Context, string) ([]Complaint, error) {
	return []Complaint{{Number: "019abc", Kind: "shared", Text: "Soy Ana y me llaman de otra empresa.", At: time.Date(2026, 12, 1, 13, 0, 0, 0, time.UTC)}}, nil
}

func (r *registry) Usage(context.Context, string) (Usage, error) { return Usage{7, 3}, nil }

func (r *registry) SetUse(_ context.Context, id string, allow bool, _, _ string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.clients[id]
	changed := c.DisabledAt.IsZero() != allow
	if c.DisabledAt = time.Now(); allow {
		c.DisabledAt = time.Time{}
	}
	r.clients[id] = c
	return changed, nil
}

func (r *registry) Get(context.Context, string, string) (outbound.Answer, error) {
	if r.gone {
		return outbound.Answer{}, errors.New("no answer")
	}
	return outbound.Answer{Body: []byte(`{"keys":[{}]}`)}, nil
}
