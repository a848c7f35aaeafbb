package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/ory/fosite"
)

// signalsPath is where clients poll.
const signalsPath = "/signals/poll"

// maxSignals bounds an answer.
const maxSignals = 100

// pollRequest is the body of RFC 8936 section 2.2. Answers are immediate, whatever returnImmediately says.
type pollRequest struct {
	MaxEvents *int     `json:"maxEvents,omitempty"`
	Ack       []string `json:"ack,omitempty"`
	SetErrs   map[string]struct {
		Err string `json:"err"`
	} `json:"setErrs,omitempty"`
}

// pollResponse is the body of RFC 8936 section 2.3.
type pollResponse struct {
	Sets          map[string]string `json:"sets"` // by jti
	MoreAvailable bool              `json:"moreAvailable,omitempty"`
}

// pollSignals hands a client the tokens that it has not acknowledged, the oldest first. A token that it reports as faulty
// is not sent again either.
func (h *Handler) pollSignals(c *gin.Context) error {
	ctx, in := c.Request.Context(), h.newCall(c)
	client, err := h.service.authenticateClient(ctx, in)
	if err != nil {
		return h.tokenError(c, err)
	}
	if client.Metadata.SignalsDelivery != deliveryPoll {
		return h.tokenError(c, worded(fosite.ErrUnauthorizedClient, "The client is not registered for signals_delivery "+deliveryPoll+"."))
	}
	var asked pollRequest
	most := maxSignals
	if err := json.NewDecoder(c.Request.Body).Decode(&asked); err != nil {
		return h.tokenError(c, worded(fosite.ErrInvalidRequest, "The body is not a JSON object as RFC 8936 section 2.2 has it."))
	}
	if asked.MaxEvents != nil {
		most = min(*asked.MaxEvents, maxSignals)
	}
	if most < 0 {
		return h.tokenError(c, worded(fosite.ErrInvalidRequest, "maxEvents is negative."))
	}
	done := asked.Ack
	for id, fault := range asked.SetErrs {
		h.noteError(c, client.ID, in.form, worded(fosite.ErrInvalidRequest, "The client refused the security event token "+id+": "+fault.Err))
		done = append(done, id)
	}
	answer, err := h.service.poll(ctx, client, parseIDs(done), most)
	if err != nil {
		return err
	}
	noStore(c)
	c.JSON(http.StatusOK, answer)
	return nil
}

// parseIDs leaves out what was never a jti of ours.
func parseIDs(texts []string) (ids []uuid.UUID) {
	for _, text := range texts {
		if id, err := uuid.Parse(text); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

func (s *Service) poll(ctx context.Context, client *Client, done []uuid.UUID, most int) (pollResponse, error) {
	answer := pollResponse{Sets: map[string]string{}}
	if len(done) > 0 {
		if err := s.store.acknowledge(ctx, client.ID, done); err != nil {
			return answer, err
		}
	}
	rows, err := s.store.db.From(ctx).Query(ctx, `
		select `+signalColumns+` from signals where client_id = $1 order by occurred_at, id limit $2`, client.ID, most+1)
	if err != nil {
		return answer, fmt.Errorf("reading signals: %w", err)
	}
	waiting, err := pgx.CollectRows(rows, pgx.RowToStructByPos[signal])
	if err != nil {
		return answer, fmt.Errorf("reading signals: %w", err)
	}
	if answer.MoreAvailable = len(waiting) > most; answer.MoreAvailable {
		waiting = waiting[:most]
	}
	for _, e := range waiting {
		if answer.Sets[e.ID.String()], err = s.signalToken(client, e); err != nil {
			return answer, err
		}
	}
	return answer, nil
}

// newSignalsConfiguration returns the document that tells receivers where our keys are (OpenID Shared Signals Framework 1.0
// section 7.1). A stream is part of a client's registration, not made by an endpoint.
func newSignalsConfiguration(m metadata) object {
	return object{
		"spec_version": "1_0", "issuer": m.Issuer, "jwks_uri": m.JWKSURI, "delivery_methods_supported": deliveries, "default_subjects": "ALL",
	}
}

func (h *Handler) signalsConfiguration(c *gin.Context) error {
	return servePublic(c, h.signals.body, h.signals.etag)
}
