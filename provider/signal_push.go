package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"huskyidp/internal/jobs"
	"huskyidp/internal/outbound"
)

// SignalMetadata is how a client hears of what ended; without it, it does not.
type SignalMetadata struct {
	SignalsDelivery string `json:"signals_delivery,omitempty"` // URN of RFC 8935 or RFC 8936
	SignalsEndpoint string `json:"signals_endpoint,omitempty"` // where tokens are pushed to
}

const (
	deliveryPush = "urn:ietf:rfc:8935"
	deliveryPoll = "urn:ietf:rfc:8936"
)

// deliveries are the methods of a stream.
var deliveries = []string{deliveryPush, deliveryPoll}

func (m *Metadata) checkSignals() error {
	switch {
	case m.SignalsDelivery != "" && !slices.Contains(deliveries, m.SignalsDelivery):
		return &MetadataError{"signals_delivery", fmt.Sprintf("is %q (pushed to signals_endpoint) or %q (polled)", deliveryPush, deliveryPoll)}
	case m.SignalsDelivery == deliveryPush && m.SignalsEndpoint == "":
		return &MetadataError{"signals_endpoint", "is required: tokens are pushed to it"}
	case m.SignalsDelivery != deliveryPush && m.SignalsEndpoint != "":
		return &MetadataError{"signals_endpoint", fmt.Sprintf("needs signals_delivery %q", deliveryPush)}
	case m.SignalsDelivery == deliveryPoll && m.TokenEndpointAuthMethod != "client_secret_basic":
		return &MetadataError{"signals_delivery", "is polled with client_secret_basic; other clients have tokens pushed"}
	}
	return nil
}

// signalQueue separates these jobs from others.
const signalQueue = "signals"

type signalArgs struct {
	ID uuid.UUID `json:"jti"`
}

func (signalArgs) Kind() string { return "security_event" }

// SignalWork returns the delivery of pushed Security Event Tokens for jobs.New.
func SignalWork(s *Service, client *outbound.Client, logger *slog.Logger) jobs.Work {
	return jobs.Work{Queues: []string{signalQueue}, Workers: 10, Add: func(w *river.Workers) error {
		return river.AddWorkerSafely(w, &signalWorker{service: s, outbound: client, logger: logger})
	}}
}

type signalWorker struct {
	river.WorkerDefaults[signalArgs]
	service  *Service
	outbound *outbound.Client
	logger   *slog.Logger
}

// Work pushes one token (RFC 8935 section 2). 202 is success; 400 says that the client will never take it; anything else is
// retried later.
func (w *signalWorker) Work(ctx context.Context, job *river.Job[signalArgs]) error {
	store := w.service.store
	e, err := store.signalByID(ctx, job.Args.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		return river.JobCancel(errors.New("the client has it, or a week has passed"))
	}
	if err != nil {
		return err
	}
	client, err := w.service.clients.Get(e.ClientID)
	if err != nil || client.Metadata.SignalsDelivery != deliveryPush {
		return river.JobCancel(errors.New("the client is gone or no longer listens"))
	}
	token, err := w.service.signalToken(client, e)
	if err != nil {
		return err
	}
	answer, err := w.outbound.Post(ctx, client.Metadata.SignalsEndpoint, "application/secevent+jwt", token)
	switch {
	case err != nil:
	case answer.Status >= 200 && answer.Status < 300:
		return store.acknowledge(ctx, client.ID, []uuid.UUID{e.ID})
	case answer.Status == http.StatusBadRequest:
		w.logger.Warn("a security event token was refused", "client_id", client.ID, "jti", e.ID)
		w.service.noteUndelivered(ctx, client.ID, "signals_endpoint", "jti="+e.ID.String(), fmt.Errorf("the app refused it: %.200q", answer.Body))
		return errors.Join(store.acknowledge(ctx, client.ID, []uuid.UUID{e.ID}), river.JobCancel(errors.New("the client refused it")))
	default:
		err = fmt.Errorf("the app answered %d", answer.Status)
	}
	w.logger.Warn("a security event token was not delivered", "client_id", client.ID, "attempt", job.Attempt, "error", err)
	w.service.noteUndelivered(ctx, client.ID, "signals_endpoint", fmt.Sprintf("jti=%s attempt=%d", e.ID, job.Attempt), err)
	return err
}

func (s *store) signalByID(ctx context.Context, id uuid.UUID) (signal, error) {
	rows, err := s.db.From(ctx).Query(ctx, `select `+signalColumns+` from signals where id = $1`, id)
	if err != nil {
		return signal{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[signal])
}

// acknowledge deletes what the client has.
func (s *store) acknowledge(ctx context.Context, clientID string, ids []uuid.UUID) error {
	if _, err := s.db.From(ctx).Exec(ctx, `delete from signals where client_id = $1 and id = any($2)`, clientID, ids); err != nil {
		return fmt.Errorf("acknowledging signals: %w", err)
	}
	return nil
}
