package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"huskyidp/internal/jobs"
	"huskyidp/internal/outbound"
)

// sessionApp is an app that the ended session had signed in to.
type sessionApp struct{ ClientID, Subject string }

// appsOf returns the apps with a grant of the session.
func (s *store) appsOf(ctx context.Context, sid string) ([]sessionApp, error) {
	rows, err := s.db.From(ctx).Query(ctx, `select distinct client_id, subject from grants where sid = $1`, sid)
	if err != nil {
		return nil, fmt.Errorf("finding the apps of a session: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sessionApp])
}

// leftOpen returns the names of the apps that cannot be notified of the end of the session, except but, which asks for
// it. The desk checks the session on each of its pages.
func (s *Service) leftOpen(ctx context.Context, apps []sessionApp, but *Client) (names []string) {
	for _, app := range apps {
		client, err := s.clients.Get(app.ClientID)
		if err != nil || but != nil && client.ID == but.ID {
			continue
		}
		m := client.Metadata
		if m.BackchannelLogoutURI != "" || m.FrontchannelLogoutURI != "" || slices.Contains(m.Scope, AdminScope) {
			continue
		}
		names = append(names, s.appName(ctx, client.ID))
	}
	slices.Sort(names)
	return names
}

// logoutQueue separates these jobs from mail jobs.
const logoutQueue = "logout"

// logoutArgs identifies one app to notify. The token is signed when it is sent, because it is valid for only two
// minutes.
type logoutArgs struct {
	ClientID string    `json:"client_id"`
	Subject  string    `json:"sub"`
	SID      string    `json:"sid"`
	ID       uuid.UUID `json:"jti"`
}

func (logoutArgs) Kind() string { return "backchannel_logout" }

// notifyBatch is how many sessions or accounts are taken per transaction.
const notifyBatch = 100

// NotifyApps notifies, on the back channel, the apps of sessions that have ended since the last call: by sign-out, by
// another person's sign-in in the same browser, by the member elsewhere or the desk, or by a new password. cmd/idp
// calls it every second, on any number of instances.
func (s *Service) NotifyApps(ctx context.Context) error {
	return s.drain(ctx, func(ctx context.Context) (int, error) {
		ended, err := s.accounts.TakeEnded(ctx, notifyBatch)
		if err != nil {
			return 0, err
		}
		for _, sid := range ended {
			apps, err := s.store.appsOf(ctx, sid)
			if err != nil {
				return 0, err
			}
			if err := s.queueLogout(ctx, sid, apps); err != nil {
				return 0, err
			}
			if err := s.queueRevoked(ctx, sid, apps); err != nil {
				return 0, err
			}
		}
		return len(ended), nil
	})
}

// drain calls take, each time in a transaction of its own, until it finds less than a batch.
func (s *Service) drain(ctx context.Context, take func(ctx context.Context) (int, error)) error {
	for {
		var taken int
		err := s.store.db.InTx(ctx, func(ctx context.Context) (err error) {
			taken, err = take(ctx)
			return err
		})
		if err != nil || taken < notifyBatch {
			return err
		}
	}
}

// queueLogout inserts a job for each app with a back-channel logout URI (OpenID Connect Back-Channel Logout 2.3).
func (s *Service) queueLogout(ctx context.Context, sid string, apps []sessionApp) error {
	for _, app := range apps {
		client, err := s.clients.Get(app.ClientID)
		if err != nil || client.Metadata.BackchannelLogoutURI == "" {
			continue
		}
		args := logoutArgs{app.ClientID, app.Subject, client.sidAt(sid), uuid.New()}
		if _, err := s.jobs.InsertTx(ctx, s.store.db.Tx(ctx), args, &river.InsertOpts{Queue: logoutQueue, MaxAttempts: 10}); err != nil {
			return fmt.Errorf("queueing a logout token: %w", err)
		}
	}
	return nil
}

// logoutToken implements OpenID Connect Back-Channel Logout 2.4. It has no nonce, so that it can never pass for an ID
// token.
func (s *Service) logoutToken(ctx context.Context, client *Client, args logoutArgs, now time.Time) (string, error) {
	envelope, err := s.idTokenEnvelope(ctx, client)
	if err != nil {
		return "", err
	}
	token, err := s.strategy.sign(client.Metadata.IDTokenSignedResponseAlg, "logout+jwt", map[string]any{
		"iss": s.strategy.issuer, "aud": client.ID, "iat": jwt.NewNumericDate(now), "exp": jwt.NewNumericDate(now.Add(2 * time.Minute)),
		"jti": args.ID.String(), "sub": args.Subject, "sid": args.SID,
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": struct{}{}},
	})
	if err != nil {
		return "", err
	}
	return envelope.seal(token, "JWT")
}

// LogoutWork returns the delivery of logout tokens for jobs.New.
func LogoutWork(s *Service, client *outbound.Client, logger *slog.Logger) jobs.Work {
	return jobs.Work{Queues: []string{logoutQueue}, Workers: 10, Add: func(w *river.Workers) error {
		return river.AddWorkerSafely(w, &logoutWorker{service: s, outbound: client, logger: logger})
	}}
}

type logoutWorker struct {
	river.WorkerDefaults[logoutArgs]
	service  *Service
	outbound *outbound.Client
	logger   *slog.Logger
}

// Work sends one logout token. 200 and 204 are success; anything else is retried later and makes nobody wait (2.5,
// 2.8).
func (w *logoutWorker) Work(ctx context.Context, job *river.Job[logoutArgs]) error {
	client, err := w.service.clients.Get(job.Args.ClientID)
	if err != nil || client.Metadata.BackchannelLogoutURI == "" {
		return river.JobCancel(errors.New("the client is gone or no longer listens"))
	}
	token, err := w.service.logoutToken(ctx, client, job.Args, w.service.now())
	if err != nil {
		return err
	}
	answer, err := w.outbound.PostForm(ctx, client.Metadata.BackchannelLogoutURI, url.Values{"logout_token": {token}})
	if err == nil && answer.Status != 200 && answer.Status != 204 {
		err = fmt.Errorf("the app answered %d", answer.Status)
	}
	if err != nil {
		w.logger.Warn("a logout token was not delivered", "client_id", client.ID, "attempt", job.Attempt, "error", err)
		w.service.noteUndelivered(ctx, client.ID, "backchannel_logout_uri", fmt.Sprintf("attempt=%d", job.Attempt), err)
	}
	return err
}
