package provider

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

const (
	interactionLife = 48 * time.Hour // longer than the 24 h that a registration may take
	// answeredAgain is how long after its first answer a request can be answered again: for a second press, a reload,
	// and Back from the app.
	answeredAgain = 10 * time.Minute
)

// errNoInteraction is returned if a flow is unknown, or was begun in another browser.
var errNoInteraction = errors.New("provider: there is no such pending request")

// interaction is an authorization request that waits for the member.
type interaction struct {
	flow        string // the opaque ID in addresses
	form        url.Values
	pushed      []byte // digest of the request_uri; nil if it was not pushed
	requestedAt time.Time
	selectedAt  *time.Time
	heldFor     *uuid.UUID // whose second step was pending last; nil if nobody's
	chosenBy    *uuid.UUID // who marked something on the consent page last; nil if nobody
	choice      string     // what it was, see choiceIn
	refusal     memberNo   // "" for none
	refusedAt   time.Time
	finishedAt  *time.Time // when it was first answered
	expiresAt   time.Time
}

// memberNo is the page on which the member refused.
type memberNo string

const (
	refusedLogin   memberNo = "login"
	refusedConsent memberNo = "consent"
	refusedFactor  memberNo = "factor"
)

// Flow describes this browser's pending request. An unknown flow yields the zero value, not an error.
func (s *Service) Flow(ctx context.Context, flow string, browser []byte) (web.Pending, error) {
	if flow == "" {
		return web.Pending{}, nil
	}
	i, err := s.store.interaction(ctx, flow, browser)
	if errors.Is(err, errNoInteraction) {
		return web.Pending{}, nil
	}
	if err != nil {
		return web.Pending{}, err
	}
	client, err := s.clients.Find(ctx, i.form.Get("client_id"))
	if err != nil {
		return web.Pending{}, nil
	}
	return web.Pending{
		App:              client.in(web.LangOf(ctx)).Name,
		InitiateLoginURI: client.Metadata.InitiateLoginURI,
		Live:             i.live(s.now()),
		Desk:             slices.Contains(strings.Fields(i.form.Get("scope")), AdminScope),
	}, nil
}

func (i *interaction) live(now time.Time) bool {
	return now.Before(i.expiresAt) && (i.finishedAt == nil || now.Before(i.finishedAt.Add(answeredAgain)))
}

// keep stores a checked request and returns its flow ID.
func (s *store) keep(ctx context.Context, r *authorizeRequest, browser []byte) (string, error) {
	flow := seal.NewToken()
	hash := seal.Digest(flow)
	sealed := s.keyring.Seal(seal.Session, interactionPlace(hash), []byte(r.form.Encode()))
	_, err := s.db.From(ctx).Exec(ctx, `
		insert into interactions (flow_hash, browser, client_id, request, par_hash, requested_at, expires_at)
		values (@flow_hash, @browser, @client_id, @request, @par_hash, @requested_at, @expires_at)`,
		pgx.NamedArgs{"flow_hash": hash, "browser": browser, "client_id": r.client.ID, "request": sealed, "par_hash": r.pushed,
			"requested_at": r.requestedAt, "expires_at": r.requestedAt.Add(interactionLife)})
	if err != nil {
		return "", fmt.Errorf("keeping the authorization request: %w", err)
	}
	return flow, nil
}

func interactionPlace(hash []byte) seal.Place {
	return seal.Place{Table: "interactions", Column: "request", Row: string(hash)}
}

// interaction loads a pending request for the browser that began it (S-43).
func (s *store) interaction(ctx context.Context, flow string, browser []byte) (*interaction, error) {
	hash := seal.Digest(flow)
	i := &interaction{flow: flow}
	var owner, sealed []byte
	var clientID string
	var said *memberNo
	var refusedAt *time.Time
	err := s.db.From(ctx).QueryRow(ctx, `
		select browser, client_id, request, par_hash, requested_at, selected_at, held_for, refusal, refused_at, finished_at, expires_at, chosen_by, coalesce(choice, '')
		from interactions where flow_hash = $1`, hash).
		Scan(&owner, &clientID, &sealed, &i.pushed, &i.requestedAt, &i.selectedAt, &i.heldFor, &said, &refusedAt, &i.finishedAt, &i.expiresAt, &i.chosenBy, &i.choice)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errNoInteraction
	}
	if err == nil && subtle.ConstantTimeCompare(owner, browser) != 1 {
		// A link opened on another phone: reveal only which app to return to.
		return &interaction{form: url.Values{"client_id": {clientID}}}, errNoInteraction
	}
	if err != nil {
		return nil, fmt.Errorf("loading the authorization request: %w", err)
	}
	i.refusal, i.refusedAt = postgres.Value(said), postgres.Value(refusedAt)
	text, err := s.keyring.Open(seal.Session, interactionPlace(hash), sealed)
	if err != nil {
		return nil, fmt.Errorf("opening the authorization request: %w", err)
	}
	i.form, err = url.ParseQuery(string(text))
	return i, err
}

// selected records that the member chose to continue with the session.
func (s *store) selected(ctx context.Context, flow string, now time.Time) error {
	_, err := s.db.From(ctx).Exec(ctx, `update interactions set selected_at = $2 where flow_hash = $1`, seal.Digest(flow), now)
	return err
}

// heldFor records whose sign-in is pending for the request, and drops another member's choice of a session.
func (s *store) heldFor(ctx context.Context, flow string, account uuid.UUID) error {
	_, err := s.db.From(ctx).Exec(ctx, `update interactions set held_for = $2, selected_at = null where flow_hash = $1`, seal.Digest(flow), account)
	return err
}

// refuse records the member's refusal. It ends a pushed request, because it is an answer like a code.
func (s *store) refuse(ctx context.Context, flow string, said memberNo, now time.Time) error {
	_, err := s.db.From(ctx).Exec(ctx, `
		with answered as (
			update interactions set refusal = @said, refused_at = @now, finished_at = coalesce(finished_at, @now)
			where flow_hash = @flow_hash returning par_hash
		)
		update par_requests set used_at = @now, uses = uses + 1, used_by = @flow_hash
		where used_at is null and handle_hash in (select par_hash from answered)`,
		pgx.NamedArgs{"said": said, "now": now, "flow_hash": seal.Digest(flow)})
	return err
}

// sweep deletes rows that ended at least a day ago, in small batches (S-73).
func (s *store) sweep(ctx context.Context, now time.Time) error {
	for _, statement := range []string{
		`delete from interactions where flow_hash in (select flow_hash from interactions where expires_at < $1 limit 1000)`,
		`delete from par_requests where handle_hash in
			(select handle_hash from par_requests where expires_at < $1::timestamptz - interval '2 days' limit 1000)`, // outlives its interactions
		`delete from smart_launches where handle_hash in
			(select handle_hash from smart_launches where expires_at < $1::timestamptz - interval '2 days' limit 1000)`, // the same
		`delete from refresh_tokens where hash in (select hash from refresh_tokens where expires_at < $1 limit 1000)`,
		`delete from device_codes where device_hash in (select device_hash from device_codes where expires_at < $1 limit 1000)`,
		`delete from access_tokens where hash in (select hash from access_tokens where expires_at < $1 limit 1000)`,
		`delete from revoked_access_tokens where jti in (select jti from revoked_access_tokens where expires_at < $1 limit 1000)`,
		`delete from client_errors where id in (select id from client_errors where at < $1::timestamptz - interval '29 days' limit 1000)`,
		`delete from used_jtis where digest in (select digest from used_jtis where expires_at < $1 limit 1000)`,
		`delete from signals where id in (select id from signals where occurred_at < $1::timestamptz - interval '6 days' limit 1000)`,
		`delete from grants where id in (select id from grants where expires_at < $1 limit 1000)`,
		`delete from app_complaints where id in (select id from app_complaints where created_at < $1::timestamptz - interval '3 years' limit 1000)`,
		`delete from app_complaints where id in (select c.id from app_complaints c join account_closings a on a.account_id = c.account_id
			where a.closed_at < $1::timestamptz - interval '29 days' limit 1000)`,
	} {
		for {
			tag, err := s.db.From(ctx).Exec(ctx, statement, now.Add(-24*time.Hour))
			if err != nil {
				return fmt.Errorf("sweeping: %w", err)
			}
			if tag.RowsAffected() < 1000 {
				break
			}
		}
	}
	return nil
}
