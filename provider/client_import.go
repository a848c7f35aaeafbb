package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"huskyidp/internal/audit"
)

// Registration is one client of an import: its metadata, never its secret.
type Registration struct {
	ClientID string `json:"client_id"`
	Disabled bool   `json:"disabled,omitempty"`
	Metadata
}

// ImportError reports what is wrong with the client at Index of an import.
type ImportError struct {
	Index    int
	ClientID string
	Err      error
}

func (e *ImportError) Error() string {
	return fmt.Sprintf("client %d (%s): %v", e.Index+1, e.ClientID, e.Err)
}
func (e *ImportError) Unwrap() error { return e.Err }

// Credentials are those of a client created by an import. The secret is shown only once.
type Credentials struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret,omitempty"`
}

// Imported is the result of an import.
type Imported struct {
	Created   []Credentials `json:"created"`
	Updated   []string      `json:"updated"`
	Unchanged []string      `json:"unchanged"`
}

// Registrations returns all clients in the form of an import.
func (r *Clients) Registrations() []Registration {
	all := []Registration{}
	for _, client := range r.List() {
		all = append(all, Registration{client.ID, client.DisabledAt != nil, client.Metadata})
	}
	return all
}

// Import registers or updates the clients, all of them or none; others are unchanged. Repeating an import changes
// nothing. The error joins an ImportError for each faulty client.
func (r *Clients) Import(ctx context.Context, all []Registration) (Imported, error) {
	done := Imported{Created: []Credentials{}, Updated: []string{}, Unchanged: []string{}}
	var changes []clientChange
	var faults []error
	seen := map[string]bool{}
	for i := range all {
		id := all[i].ClientID
		change, err := r.planned(ctx, all[i])
		if err == nil && seen[id] {
			err = &MetadataError{"client_id", "comes twice"}
		}
		seen[id] = true
		switch {
		case err != nil:
			faults = append(faults, &ImportError{i, id, err})
		case change.write == nil:
			done.Unchanged = append(done.Unchanged, id)
		case change.kind == audit.ClientCreated:
			done.Created = append(done.Created, Credentials{id, r.newSecret(change.client)})
			changes = append(changes, change)
		default:
			done.Updated = append(done.Updated, id)
			changes = append(changes, change)
		}
	}
	if faults != nil {
		return Imported{}, errors.Join(faults...)
	}
	return done, r.applyAll(ctx, changes)
}

// clientChange is one row to write; write is nil if nothing changes.
type clientChange struct {
	kind   audit.Kind
	use    audit.Kind // whether it was disabled or enabled as well; "" for neither
	client *Client
	write  func(context.Context, *Client) error
}

// planned checks one registration and compares it with the stored one. It is slow if the registration names documents.
func (r *Clients) planned(ctx context.Context, wanted Registration) (clientChange, error) {
	now := r.Now()
	client := &Client{ID: wanted.ClientID, Metadata: wanted.Metadata, CreatedAt: now, UpdatedAt: now}
	if wanted.Disabled {
		client.DisabledAt = &now
	}
	old, exists := r.snapshot.Load().byID[wanted.ClientID]
	if !exists {
		if err := checkClientID(client.ID); err != nil {
			return clientChange{}, err
		}
	} else if same, err := sameRegistration(old, client); err != nil || same { // unchanged since its export: allowed, whatever the rules are now
		return clientChange{}, err
	}
	var err error
	if client.logos, err = r.check(ctx, &client.Metadata); err != nil {
		return clientChange{}, err
	}
	if !exists {
		return clientChange{audit.ClientCreated, "", client, r.insert}, nil
	}
	change := clientChange{audit.ClientUpdated, "", client, r.replace}
	switch {
	case old.DisabledAt != nil && client.DisabledAt != nil:
		client.DisabledAt = old.DisabledAt
	case client.DisabledAt != nil:
		change.use = audit.ClientDisabled
	case old.DisabledAt != nil:
		change.use = audit.ClientEnabled
	}
	client.SecretMAC, client.RegistrationMAC, client.CreatedAt = old.SecretMAC, old.RegistrationMAC, old.CreatedAt
	same, err := sameRegistration(old, client)
	if err != nil || same {
		return clientChange{}, err
	}
	if client.usesSecret() && client.SecretMAC == nil {
		return clientChange{}, &MetadataError{"token_endpoint_auth_method", "a client without a secret gets one by rotate-secret, after update"}
	}
	return change, nil
}

func sameRegistration(old, client *Client) (bool, error) {
	was, err := json.Marshal(old.Metadata)
	if err != nil {
		return false, err
	}
	is, err := json.Marshal(client.Metadata)
	logos := maps.EqualFunc(old.logos, client.logos, func(a, b *logo) bool { return bytes.Equal(a.Digest, b.Digest) })
	return bytes.Equal(was, is) && (old.DisabledAt == nil) == (client.DisabledAt == nil) && logos, err
}

func (r *Clients) applyAll(ctx context.Context, changes []clientChange) error {
	if len(changes) == 0 {
		return nil
	}
	err := r.DB.InTx(ctx, func(ctx context.Context) error {
		for _, c := range changes {
			if err := c.write(ctx, c.client); err != nil {
				return fmt.Errorf("writing %s: %w", c.client.ID, err)
			}
			for _, kind := range []audit.Kind{c.kind, c.use} {
				if kind == "" {
					continue
				}
				event := audit.Event{Kind: kind, At: c.client.UpdatedAt, ClientID: c.client.ID, Success: true, Reason: "import"}
				if err := r.Audit.Record(ctx, event); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.reload(ctx)
}
