package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"github.com/ory/fosite"

	"huskyidp/internal/seal"
)

const (
	parPrefix   = "urn:ietf:params:oauth:request_uri:"
	parLifetime = 90 * time.Second // S-34: 60 to 90
)

// errRequestURI is returned if a request_uri is unknown, has expired, was used, or belongs to another client; the
// caller cannot tell which.
var errRequestURI = errors.New("provider: there is no such pushed request")

// push is the pushed authorization request endpoint (RFC 9126 2). The whole request is checked here, so that no browser
// is sent with one that fails.
func (h *Handler) push(c *gin.Context) error {
	ctx, in := c.Request.Context(), h.newCall(c)
	if err := checkForm(c, "resource"); err != nil {
		return h.tokenError(c, err)
	}
	var err error
	if in.proof, err = h.readProof(c, "", in.now); err != nil {
		return h.tokenError(c, err)
	}
	client, err := h.service.authenticateClient(ctx, in)
	if err != nil {
		return h.tokenError(c, err)
	}
	if client.IsPublic() {
		if err := h.service.takeRow(ctx, client, in.source, in.now); err != nil {
			return err
		}
	}
	seen := h.service.clients.seen()
	uri, err := h.service.push(ctx, in, client)
	if err != nil && h.service.clients.changedSince(ctx, seen) {
		uri, err = h.service.push(ctx, in, client)
	}
	if err != nil {
		return h.tokenError(c, err)
	}
	noStore(c)
	c.JSON(http.StatusCreated, gin.H{"request_uri": uri, "expires_in": int(parLifetime.Seconds())})
	return nil
}

// push checks and stores a request, and returns its request_uri.
func (s *Service) push(ctx context.Context, in call, client *Client) (string, error) {
	sent := maps.Clone(in.form)
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		sent.Del(name)
	}
	sent.Set("client_id", client.ID) // may be missing with client_secret_basic
	if sent.Has("request_uri") {
		return "", worded(fosite.ErrInvalidRequest, "A pushed request has no request_uri (RFC 9126 2.1).")
	}
	form, err := s.openRequest(ctx, sent, in.now)
	if err != nil {
		return "", err
	}
	if err := bindCode(in.proof, form); err != nil {
		return "", err
	}
	r, err := s.parseAuthorizeRequest(ctx, form, in.now)
	if err == nil {
		err = s.freshHandle(ctx, r)
	}
	if err != nil {
		return "", err
	}
	return s.store.keepForm(ctx, parPrefix, client, form, in.now)
}

// pushedRequest reads the pushed request of a request_uri. It ignores other parameters than client_id, and never
// touches another client's request.
func (s *Service) pushedRequest(ctx context.Context, uri, clientID string, now time.Time) (*authorizeRequest, error) {
	form, err := s.store.pushedForm(ctx, parPrefix, uri, clientID, now)
	if err != nil {
		return nil, err
	}
	r, err := s.parseAuthorizeRequest(ctx, form, now)
	r.pushed = seal.Digest(uri)
	return r, err
}

func parPlace(hash []byte) seal.Place {
	return seal.Place{Table: "par_requests", Column: "request", Row: string(hash)}
}

// keepForm stores a request under a new name that begins with prefix.
func (s *store) keepForm(ctx context.Context, prefix string, client *Client, form url.Values, now time.Time) (uri string, err error) {
	uri = prefix + seal.NewToken()
	hash := seal.Digest(uri)
	_, err = s.db.From(ctx).Exec(ctx, `
		insert into par_requests (handle_hash, client_id, request, expires_at)
		values (@handle_hash, @client_id, @request, @expires_at)`,
		pgx.NamedArgs{"handle_hash": hash, "client_id": client.ID, "expires_at": now.Add(parLifetime),
			"request": s.keyring.Seal(seal.Session, parPlace(hash), []byte(form.Encode()))})
	if err != nil {
		return "", fmt.Errorf("keeping the pushed request: %w", err)
	}
	return uri, nil
}

// pushedForm loads a stored request. It checks the expiry itself and does not rely on the sweep.
func (s *store) pushedForm(ctx context.Context, prefix, uri, clientID string, now time.Time) (url.Values, error) {
	if !strings.HasPrefix(uri, prefix) {
		return nil, errRequestURI
	}
	hash := seal.Digest(uri)
	var sealed []byte
	err := s.db.From(ctx).QueryRow(ctx, `
		select request from par_requests
		where handle_hash = $1 and client_id = $2 and expires_at > $3 and used_at is null`, hash, clientID, now).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errRequestURI
	}
	if err != nil {
		return nil, fmt.Errorf("loading the pushed request: %w", err)
	}
	text, err := s.keyring.Open(seal.Session, parPlace(hash), sealed)
	if err != nil {
		return nil, fmt.Errorf("opening the pushed request: %w", err)
	}
	return url.ParseQuery(string(text))
}
