package partners

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
)

// OwnClient is a client of the organisation.
type OwnClient struct {
	Client
	Request   uuid.UUID
	Kind      string // test or production
	Secrets   int    // how many were made
	CreatedAt time.Time
}

// HasSecret reports whether it authenticates with a secret.
func (c OwnClient) HasSecret() bool { return c.Auth == authSecret }

// HasKeys reports whether it authenticates with keys.
func (c OwnClient) HasKeys() bool { return c.Auth == authKeys }

// OwnClient is one of the organisation's clients. The error is ErrNotFound, also for another's, or the database's.
func (s *Service) OwnClient(ctx context.Context, p Person, id string) (c OwnClient, err error) {
	err = s.DB.From(ctx).QueryRow(ctx, `select application_id, kind, secrets, created_at from partner_clients where client_id = $1 and organisation_id = $2`, id, p.Organisation).
		Scan(&c.Request, &c.Kind, &c.Secrets, &c.CreatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, ErrNotFound
	}
	if err != nil {
		return c, fmt.Errorf("reading a partner's client: %w", err)
	}
	c.Client, err = s.Apps.Client(ctx, id)
	return c, err
}

// RotateSecret makes a new secret, which is returned this once; the one before ends at once. seen is how many there were when the form
// was rendered: a second press makes none. The error is ErrNotFound, ErrEdited, ErrState, or the database's.
func (s *Service) RotateSecret(ctx context.Context, p Person, id string, seen int) (secret string, err error) {
	c, err := s.OwnClient(ctx, p, id)
	if err != nil {
		return "", err
	}
	if !c.HasSecret() {
		return "", ErrState
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		tag, err := s.DB.From(ctx).Exec(ctx, `update partner_clients set secrets = secrets + 1 where client_id = $1 and organisation_id = $2 and secrets = $3`, id, p.Organisation, seen)
		if err != nil {
			return fmt.Errorf("counting a secret: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return ErrEdited
		}
		if secret, err = s.Apps.RotateSecret(ctx, id); err != nil {
			return err
		}
		return s.changed(ctx, p, id, "secret")
	})
	return secret, err
}

// SetKeys replaces the keys by which the client authenticates. The error is Invalid, ErrNotFound, ErrState, or the database's.
func (s *Service) SetKeys(ctx context.Context, p Person, id, jwks, jwksURI string) error {
	c, err := s.OwnClient(ctx, p, id)
	if err != nil {
		return err
	}
	if !c.HasKeys() {
		return ErrState
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := s.Apps.SetKeys(ctx, id, jwks, jwksURI); err != nil {
			return invalid(err)
		}
		return s.changed(ctx, p, id, "keys")
	})
	if _, ok := errors.AsType[Invalid](err); ok {
		e := audit.Event{Kind: audit.PartnerRefused, Reason: "field", Subject: p.Organisation.String(), Actor: p.ID.String(), ClientID: id, Data: map[string]string{"field": "jwks"}}
		return errors.Join(err, s.note(ctx, e))
	}
	return err
}

func (s *Service) changed(ctx context.Context, p Person, id, what string) error {
	return s.note(ctx, audit.Event{Kind: audit.PartnerChanged, Subject: p.Organisation.String(), Actor: p.ID.String(), ClientID: id, Success: true, Data: map[string]string{"what": what}})
}

// Clients are the organisation's clients, the newest first.
func (s *Service) Clients(ctx context.Context, p Person) (all []OwnClient, err error) {
	ids, err := s.clientIDs(ctx, p.Organisation)
	for _, id := range ids {
		if err == nil {
			var c OwnClient
			c, err = s.OwnClient(ctx, p, id)
			all = append(all, c)
		}
	}
	return all, err
}

func (s *Service) clientIDs(ctx context.Context, organisation uuid.UUID) ([]string, error) {
	rows, err := s.DB.From(ctx).Query(ctx, `select client_id from partner_clients where organisation_id = $1 order by created_at desc, client_id`, organisation)
	if err != nil {
		return nil, fmt.Errorf("reading a partner's clients: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Denied notes that somebody asked for what is another's, or is not there.
func (s *Service) Denied(ctx context.Context, p Person, route string) error {
	return s.note(ctx, audit.Event{Kind: audit.PartnerDenied, Reason: "not_theirs", Subject: p.Organisation.String(), Actor: p.ID.String(), Data: map[string]string{"route": route}})
}
