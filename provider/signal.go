package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

// Events, as the profiles of OpenID Shared Signals name them (CAEP 1.0 section 3.1, RISC 1.0 sections 2.3 and 2.4).
const (
	sessionRevoked  = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
	accountDisabled = "https://schemas.openid.net/secevent/risc/event-type/account-disabled"
	accountEnabled  = "https://schemas.openid.net/secevent/risc/event-type/account-enabled"
)

// signal is one event for one client. It stays in the database until the client has it, or for a week.
type signal struct {
	ID         uuid.UUID
	ClientID   string
	Subject    string // sub at this client
	SID        string // as this client knows the session; "" for whatever the subject has there
	Event      string
	OccurredAt time.Time
}

const signalColumns = `id, client_id, subject, sid, event, occurred_at`

// queueSignal keeps an event for a client that listens. It takes part in the transaction of ctx.
func (s *Service) queueSignal(ctx context.Context, e signal) error {
	client, err := s.clients.Get(e.ClientID)
	if err != nil || client.Metadata.SignalsDelivery == "" {
		return nil
	}
	e.ID = uuid.Must(uuid.NewV7())
	_, err = s.store.db.From(ctx).Exec(ctx, `insert into signals (`+signalColumns+`) values ($1, $2, $3, $4, $5, $6)`,
		e.ID, e.ClientID, e.Subject, e.SID, e.Event, e.OccurredAt)
	// Attempt n is followed by a wait of n^4 seconds: 20 take six and a half days.
	if err == nil && client.Metadata.SignalsDelivery == deliveryPush {
		_, err = s.jobs.InsertTx(ctx, s.store.db.Tx(ctx), signalArgs{e.ID}, &river.InsertOpts{Queue: signalQueue, MaxAttempts: 20})
	}
	if err != nil {
		return fmt.Errorf("queueing a signal: %w", err)
	}
	return nil
}

// listens reports whether a client gets signals.
func (s *Service) listens(clientID string) bool {
	client, err := s.clients.Get(clientID)
	return err == nil && client.Metadata.SignalsDelivery != ""
}

// queueRevoked tells the apps of a session that it has ended.
func (s *Service) queueRevoked(ctx context.Context, sid string, apps []sessionApp) error {
	for _, app := range apps {
		client, err := s.clients.Get(app.ClientID)
		if err != nil {
			continue
		}
		if err := s.queueSignal(ctx, signal{ClientID: app.ClientID, Subject: app.Subject, SID: client.sidAt(sid), Event: sessionRevoked, OccurredAt: s.now()}); err != nil {
			return err
		}
	}
	return nil
}

// SignalAccounts tells apps that know a member of accounts that were closed or opened again since the last call. cmd/idp
// calls it every few seconds, on any number of instances.
func (s *Service) SignalAccounts(ctx context.Context) error {
	return s.drain(ctx, func(ctx context.Context) (int, error) {
		changed, err := s.accounts.TakeStatusChanges(ctx, notifyBatch)
		if err != nil {
			return 0, err
		}
		for _, account := range changed {
			event := accountEnabled
			if account.Disabled {
				event = accountDisabled
			}
			apps, err := s.store.appsKnowing(ctx, account.ID)
			if err != nil {
				return 0, err
			}
			for _, app := range apps {
				if err := s.queueSignal(ctx, signal{ClientID: app.ClientID, Subject: app.Subject, Event: event, OccurredAt: s.now()}); err != nil {
					return 0, err
				}
			}
		}
		return len(changed), nil
	})
}

// appsKnowing returns the apps with a permission or a grant of the account that nobody has ended. An app that the member
// has stopped hears no more.
func (s *store) appsKnowing(ctx context.Context, account uuid.UUID) ([]sessionApp, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		select client_id, subject from grants where account_id = $1 and revoked_at is null and expires_at > $2
		union select client_id, subject from consents where account_id = $1 and revoked_at is null and expires_at > $2`, account, s.now())
	if err != nil {
		return nil, fmt.Errorf("finding the apps of an account: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sessionApp])
}

// signalToken returns the Security Event Token (RFC 8417; OpenID Shared Signals Framework 1.0 section 4.1). It names its
// subject in sub_id and has neither sub nor exp, so that it can never pass for an ID token.
func (s *Service) signalToken(client *Client, e signal) (string, error) {
	subject := map[string]any{"format": "iss_sub", "iss": s.strategy.issuer, "sub": e.Subject}
	if e.SID != "" {
		subject = map[string]any{"format": "complex", "user": subject, "session": map[string]any{"format": "opaque", "id": e.SID}}
	}
	details := map[string]any{}
	if e.Event == sessionRevoked {
		details["event_timestamp"] = e.OccurredAt.Unix()
	}
	return s.strategy.sign(client.Metadata.IDTokenSignedResponseAlg, "secevent+jwt", map[string]any{
		"iss": s.strategy.issuer, "aud": client.ID, "iat": jwt.NewNumericDate(e.OccurredAt), "jti": e.ID.String(),
		"sub_id": subject, "events": map[string]any{e.Event: details},
	})
}
