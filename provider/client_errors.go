package provider

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"github.com/ory/fosite"

	"huskyidp/internal/outbound"
	"huskyidp/internal/web"
)

// clientErrorsKept is how many refused requests of a client are kept for the operator.
const clientErrorsKept = 100

// ClientError is one refused request of a client, for the operator when its developer asks.
type ClientError struct {
	At          time.Time `json:"at"`
	RequestID   string    `json:"request_id"` // shown on the page, and in the log
	Endpoint    string    `json:"endpoint"`
	Error       string    `json:"error"`
	Description string    `json:"description"`
	Sent        string    `json:"sent"` // the parameters by name, with the values that are not secret
}

// Errors returns the newest refused requests of a client, newest first. The error is ErrNoClient, or one of the
// database.
func (r *Clients) Errors(ctx context.Context, id string) ([]ClientError, error) {
	if _, ok := r.snapshot.Load().byID[id]; !ok {
		return nil, ErrNoClient
	}
	rows, err := r.DB.From(ctx).Query(ctx, `
		select at, request_id, endpoint, error, description, sent from client_errors
		where client_id = $1 order by id desc limit $2`, id, clientErrorsKept)
	if err != nil {
		return nil, fmt.Errorf("reading a client's errors: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[ClientError])
}

// everyday lists error codes that are part of normal operation: the app then shows a page, or asks again.
var everyday = []string{"login_required", "interaction_required", "consent_required", "access_denied", "authorization_pending", "slow_down"}

// noteError keeps a refused request for the operator. An unregistered client has no list; a failed write does not
// affect the answer.
func (h *Handler) noteError(c *gin.Context, clientID string, form url.Values, cause *fosite.RFC6749Error) {
	client, err := h.service.clients.Get(clientID)
	if err != nil || slices.Contains(everyday, cause.ErrorField) {
		return
	}
	h.service.store.noteError(c.Request.Context(), client.ID, ClientError{At: h.now(), RequestID: web.RequestID(c.Request.Context()),
		Endpoint: c.FullPath(), Error: cause.ErrorField, Description: describe(cause), Sent: sentParameters(form)})
}

// noteUndelivered keeps a call of ours that a client's own address did not take.
func (s *Service) noteUndelivered(ctx context.Context, clientID, member, sent string, cause error) {
	s.store.noteError(ctx, clientID, ClientError{At: s.now(), Endpoint: member, Error: "not_delivered", Description: outbound.Cause(cause), Sent: sent})
}

// noteError writes an error. During a flood of bad requests, those above the rate are only in the access log.
func (s *store) noteError(ctx context.Context, clientID string, e ClientError) {
	if !s.errorRate.Allow() {
		return
	}
	_, _ = s.db.From(ctx).Exec(ctx, `
		with older as (
			delete from client_errors where id in (
				select id from client_errors where client_id = @client_id order by id desc offset @kept - 1)
		)
		insert into client_errors (client_id, at, request_id, endpoint, error, description, sent)
		values (@client_id, @at, @request_id, @endpoint, @error, @description, @sent)`,
		pgx.NamedArgs{"client_id": clientID, "kept": clientErrorsKept, "at": e.At, "request_id": e.RequestID,
			"endpoint": e.Endpoint, "error": e.Error, "description": e.Description, "sent": e.Sent})
}

// shownParameters are those whose values are neither secrets nor data of a member.
var shownParameters = []string{"client_id", "redirect_uri", "post_logout_redirect_uri", "response_type", "response_mode", "grant_type", "scope",
	"resource", "audience", "prompt", "display", "max_age", "acr_values", "code_challenge_method", "client_assertion_type", "token_type_hint"}

// sentParameters lists a request's parameters by name, on one line.
func sentParameters(form url.Values) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(form)) {
		part := fmt.Sprintf("%.40q", name)
		part = part[1 : len(part)-1]
		if slices.Contains(shownParameters, name) {
			part += fmt.Sprintf("=%.300q", strings.Join(form[name], " "))
		}
		parts = append(parts, part)
	}
	return fmt.Sprintf("%.1000s", strings.Join(parts, " "))
}
