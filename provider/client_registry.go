package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// Clients is the registry of applications, stored in PostgreSQL and served from memory. Changes made here are visible
// at once, those of other instances and commands within a second, and before any request is refused for lack of them.
type Clients struct {
	ClientsDeps
	snapshot atomic.Pointer[registry]
	looks    *rate.Limiter // limits reads of the database before a refusal
}

// ClientsDeps are the dependencies of the registry.
type ClientsDeps struct {
	DB      *postgres.DB
	Keyring *seal.Keyring
	Audit   *audit.Log
	Now     func() time.Time
	Keys    Signers // for algorithms that no client used before; nil: those are refused
	Fetcher Fetcher // logos and sector files; nil: registrations that name one are refused
	Rules           // what clients may register on this deployment
}

// Rules relax S-30 and S-31 for a whole deployment, by name.
type Rules struct {
	InsecureLocal bool // http addresses on localhost, for the demo
	Sandbox       bool // a test environment: apps register themselves for the health record, too
	Certification bool // the profile "certification" may be registered and used
}

// registry is one state of the clients table.
type registry struct {
	version int64
	byID    map[string]*Client
	origins map[string]bool // of the browser apps of public clients

	fhirServers map[string]*Client // by fhir_server
}

// ErrNoClient is returned if no client has that client_id, or it is disabled.
var ErrNoClient = errors.New("provider: there is no such client")

// ErrClientExists is returned if the client_id is taken.
var ErrClientExists = errors.New("provider: a client with this client_id exists")

// NewClients returns the registry after reading it once.
func NewClients(ctx context.Context, d ClientsDeps) (*Clients, error) {
	r := &Clients{ClientsDeps: d, looks: rate.NewLimiter(20, 40)}
	if err := r.reload(ctx); err != nil {
		return nil, fmt.Errorf("reading the clients: %w", err)
	}
	return r, nil
}

// Get returns a client that may be used, from memory only. Clients of the profile certification are inactive unless the
// deployment allows them.
func (r *Clients) Get(id string) (*Client, error) {
	client, ok := r.snapshot.Load().byID[id]
	if !ok || client.DisabledAt != nil || client.Metadata.Profile == ProfileCertification && !r.Certification {
		return nil, ErrNoClient
	}
	return client, nil
}

// known returns a client that members may know, whether or not it may be used, from memory only; nil if there is none.
func (r *Clients) known(id string) *Client { return r.seen().byID[id] }

// Find is Get, but asks the database too before it refuses, so that a client works as soon as the command that created
// or enabled it has ended.
func (r *Clients) Find(ctx context.Context, id string) (*Client, error) {
	seen := r.seen()
	client, err := r.Get(id)
	if err != nil && r.changedSince(ctx, seen) {
		return r.Get(id)
	}
	return client, err
}

func (r *Clients) seen() *registry { return r.snapshot.Load() }

// changedSince reports whether the clients have changed since seen, according to the database; the caller, about to
// refuse a request, then decides again. The database is asked at a limited rate, because unauthenticated requests can cause it; beyond
// that, changes wait for Watch.
func (r *Clients) changedSince(ctx context.Context, seen *registry) bool {
	if r.seen() == seen && r.looks.Allow() {
		if version, err := r.version(ctx); err == nil && version != seen.version {
			_ = r.reload(ctx) // Watch logs an unreachable database
		}
	}
	return r.seen() != seen
}

// List returns all clients by client_id, including disabled ones.
func (r *Clients) List() []*Client {
	return slices.SortedFunc(maps.Values(r.snapshot.Load().byID), func(a, b *Client) int {
		return cmpText(a.ID, b.ID)
	})
}

// Create registers a client and returns it with its secret, which is shown only once; public clients have none. An
// empty id is replaced by a random one.
func (r *Clients) Create(ctx context.Context, id string, m Metadata) (*Client, string, error) {
	pictures, err := r.check(ctx, &m)
	if err != nil {
		return nil, "", err
	}
	if id == "" {
		id = rand.Text()
	}
	if err := checkClientID(id); err != nil {
		return nil, "", err
	}
	now := r.Now()
	client := &Client{ID: id, Metadata: m, CreatedAt: now, UpdatedAt: now, logos: pictures}
	secret := r.newSecret(client)
	return client, secret, r.change(ctx, audit.ClientCreated, client, r.insert)
}

// checkClientID refuses a hyphen at the start: the commands that name a client would take it for a flag.
func checkClientID(id string) error {
	if len(id) > 64 || !scopeToken(id) || strings.HasPrefix(id, "-") {
		return &MetadataError{"client_id", "must have 1 to 64 visible ASCII characters, the first of them not a hyphen"}
	}
	return nil
}

// registered returns the client to change, disabled or not. One that is not in memory is looked up in the database:
// another instance may just have created it.
func (r *Clients) registered(ctx context.Context, id string) (*Client, error) {
	if client, ok := r.snapshot.Load().byID[id]; ok {
		return client, nil
	}
	if err := r.reload(ctx); err != nil {
		return nil, err
	}
	if client, ok := r.snapshot.Load().byID[id]; ok {
		return client, nil
	}
	return nil, ErrNoClient
}

// Update replaces a client's metadata.
func (r *Clients) Update(ctx context.Context, id string, m Metadata) (*Client, error) {
	_, client, err := r.updated(ctx, id, m)
	if err != nil {
		return nil, err
	}
	return client, r.change(ctx, audit.ClientUpdated, client, r.replace)
}

// updated is a client before and after an update.
func (r *Clients) updated(ctx context.Context, id string, m Metadata) (old, client *Client, err error) {
	pictures, err := r.check(ctx, &m)
	if err != nil {
		return nil, nil, err
	}
	if old, err = r.registered(ctx, id); err != nil {
		return nil, nil, err
	}
	next := *old
	next.Metadata, next.UpdatedAt, next.logos = m, r.Now(), pictures
	return old, &next, nil
}

// RotateSecret gives a confidential client a new secret; the old one is void at once.
func (r *Clients) RotateSecret(ctx context.Context, id string) (string, error) {
	old, err := r.registered(ctx, id)
	if err != nil {
		return "", err
	}
	if !old.usesSecret() {
		return "", &MetadataError{"token_endpoint_auth_method", "this client has no secret"}
	}
	client := *old
	client.UpdatedAt = r.Now()
	secret := r.newSecret(&client)
	return secret, r.change(ctx, audit.ClientSecretRotated, &client, r.update)
}

func (r *Clients) change(ctx context.Context, kind audit.Kind, client *Client, write func(context.Context, *Client) error) error {
	return r.changeFor(ctx, kind, "", client, write)
}

func (r *Clients) changeFor(ctx context.Context, kind audit.Kind, reason string, client *Client, write func(context.Context, *Client) error) error {
	err := r.DB.InTx(ctx, func(ctx context.Context) error {
		if err := write(ctx, client); err != nil {
			return err
		}
		return r.Audit.Record(ctx, audit.Event{Kind: kind, At: client.UpdatedAt, ClientID: client.ID, Success: true, Reason: reason})
	})
	if err != nil {
		return err
	}
	return r.reload(ctx)
}

// newSecret generates 256 bits and stores their keyed digest in the client (S-37).
func (r *Clients) newSecret(client *Client) string {
	if !client.usesSecret() {
		return ""
	}
	secret := seal.NewToken()
	client.SecretMAC = r.Keyring.MAC(seal.Client, []byte(client.ID), []byte(secret))
	return secret
}

// Watch keeps the registry at most a second behind the database until ctx ends.
func (r *Clients) Watch(ctx context.Context, logger *slog.Logger) {
	tick := time.NewTicker(700 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		version, err := r.version(ctx)
		if err == nil && version != r.snapshot.Load().version {
			err = r.reload(ctx)
		}
		if err != nil && ctx.Err() == nil {
			logger.Warn("clients are not refreshed", "error", err)
		}
	}
}

// browserApps lets the pages of public clients read the answers of the endpoints that a browser app calls itself
// (S-28): the origin must be that of a redirect URI registered by a public client; it is never reflected unchecked, and
// cookies are never allowed.
func (h *Handler) browserApps(origin string) string {
	if origin == "" || !h.service.clients.knowsOrigin(origin) {
		return ""
	}
	return origin
}

// knowsOrigin reports whether a public client has a redirect URI with this origin.
func (r *Clients) knowsOrigin(from string) bool { return r.snapshot.Load().origins[from] }
