package provider

import (
	"context"
	"encoding/base64"
	"encoding/json"
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
	"huskyidp/internal/seal"
)

// told is an app that the ended session had signed in to.
type told struct{ ClientID, Subject string }

// appsOf returns the apps with a grant of the session.
func (s *store) appsOf(ctx context.Context, sid string) ([]told, error) {
	rows, err := s.db.From(ctx).Query(ctx, `select distinct client_id, subject from grants where sid = $1`, sid)
	if err != nil {
		return nil, fmt.Errorf("finding the apps of a session: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[told])
}

// leftOpen returns the names of the apps that cannot be notified of the end of the session, except but, which asks for
// it. The desk checks the session on each of its pages.
func (s *Service) leftOpen(ctx context.Context, apps []told, but *Client) (names []string) {
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

// toldAtOnce is how many sessions TellApps takes per transaction.
const toldAtOnce = 100

// TellApps notifies, on the back channel, the apps of sessions that have ended since the last call: by sign-out, by
// another person's sign-in in the same browser, by the member elsewhere or the desk, or by a new password. cmd/idp
// calls it every second, on any number of instances.
func (s *Service) TellApps(ctx context.Context) error {
	for {
		var ended []string
		err := s.store.db.InTx(ctx, func(ctx context.Context) (err error) {
			if ended, err = s.accounts.TakeEnded(ctx, toldAtOnce); err != nil {
				return err
			}
			for _, sid := range ended {
				apps, err := s.store.appsOf(ctx, sid)
				if err != nil {
					return err
				}
				if err := s.queueLogout(ctx, sid, apps); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(ended) < toldAtOnce {
			return err
		}
	}
}

// queueLogout inserts a job for each app with a back-channel logout URI (OpenID Connect Back-Channel Logout 2.3).
func (s *Service) queueLogout(ctx context.Context, sid string, apps []told) error {
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
	}
	return err
}

// frontChannel returns the addresses to load in the browser (OpenID Connect Front-Channel Logout 2): the client's own,
// with iss and sid.
func (s *Service) frontChannel(sid string, apps []told) []string {
	var frames []string
	for _, app := range apps {
		client, err := s.clients.Get(app.ClientID)
		if err != nil || client.Metadata.FrontchannelLogoutURI == "" {
			continue
		}
		u, err := url.Parse(client.Metadata.FrontchannelLogoutURI)
		if err != nil {
			continue
		}
		u.RawQuery = joinQuery(u.RawQuery, url.Values{"iss": {s.strategy.issuer}, "sid": {client.sidAt(sid)}})
		frames = append(frames, u.String())
	}
	return frames
}

// farewell is what the signed-out page shows once, sealed in its address.
type farewell struct {
	App     string    `json:"app,omitempty"`
	Target  string    `json:"target,omitempty"`
	Stay    string    `json:"stay,omitempty"`
	Open    string    `json:"open,omitempty"`
	Frames  []string  `json:"frames,omitempty"`
	Refused string    `json:"refused,omitempty"` // post_logout_redirect_uri that is not registered, clipped
	Number  string    `json:"number,omitempty"`  // of the request that sent it
	Until   time.Time `json:"until"`
}

var farewellPlace = seal.Place{Table: "farewell", Column: "address", Row: "r"}

func (s *Service) sealFarewell(f farewell) (string, error) {
	f.Until = s.now().Add(5 * time.Minute)
	plain, err := json.Marshal(f)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.store.keyring.Seal(seal.Session, farewellPlace, plain)), nil
}

// openFarewell reads it back; an expired or invalid one is empty.
func (s *Service) openFarewell(text string) farewell {
	var f farewell
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return farewell{}
	}
	plain, err := s.store.keyring.OpenSent(seal.Session, farewellPlace, sealed)
	if err != nil || json.Unmarshal(plain, &f) != nil || s.now().After(f.Until) {
		return farewell{}
	}
	return f
}

// origins returns the origins of addresses for a Content-Security-Policy.
func origins(addresses []string) []string {
	var all []string
	for _, address := range addresses {
		if o := origin(address); o != "" && !slices.Contains(all, o) {
			all = append(all, o)
		}
	}
	return all
}
