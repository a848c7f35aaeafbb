package provider

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/audit"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// RegistrationPath is the dynamic registration endpoint.
const RegistrationPath = "/connect/register"

// registrationDocument is the answer of RFC 7591 3.2.1 and 7592 3.
type registrationDocument struct {
	ClientID                string `json:"client_id"`
	ClientIDIssuedAt        int64  `json:"client_id_issued_at"`
	ClientSecret            string `json:"client_secret,omitempty"`
	ClientSecretExpiresAt   *int64 `json:"client_secret_expires_at,omitempty"` // 0: never
	RegistrationClientURI   string `json:"registration_client_uri,omitempty"`
	RegistrationAccessToken string `json:"registration_access_token,omitempty"`
	Metadata
}

// registerClient lets an app register itself with an initial access token. The endpoint exists only if the deployment
// has set one (S-30). The new client is a partner, or of the profile certification on a deployment for it, or, in a sandbox, an app of the
// health record: it asks for consent, and its operator is never shown as verified.
func (h *Handler) registerClient(c *gin.Context) error {
	if h.service.initialAccessToken == nil {
		return &web.Error{Status: http.StatusNotFound, Key: web.KeyNotFound}
	}
	token, sent := bearer(c.GetHeader("Authorization"))
	if !sent || subtle.ConstantTimeCompare(seal.Digest(token), h.service.initialAccessToken) != 1 {
		return h.refuseRegistration(c, sent)
	}
	ctx := c.Request.Context()
	m, err := h.readRegistration(c)
	if err != nil {
		return registrationError(c, err)
	}
	client, secret, management, err := h.service.clients.register(ctx, m.Metadata)
	if err != nil {
		return registrationError(c, err)
	}
	doc := h.service.registrationOf(client)
	doc.RegistrationAccessToken = management
	if secret != "" {
		doc.ClientSecret, doc.ClientSecretExpiresAt = secret, new(int64)
	}
	noStore(c)
	c.JSON(http.StatusCreated, doc)
	return nil
}

// refuseRegistration counts a call without the token against its source. A caller with the token may register as many
// clients as a test plan needs.
func (h *Handler) refuseRegistration(c *gin.Context, sent bool) error {
	if err := h.takeRegistration(c); err != nil {
		return err
	}
	if !sent {
		return noToken(c, "The request has no initial access token, as a Bearer token in the header Authorization: the operator gives it out.", "Bearer")
	}
	return senderRefused(c, false, "invalid_token", "The initial access token is wrong: the operator gives it out.")
}

func (h *Handler) takeRegistration(c *gin.Context) error {
	limit := ratelimit.Limit{Name: "client_registration", Count: h.service.registrationTries, Per: time.Hour}
	return h.service.limiter.Take(c.Request.Context(), limit, web.Source(c), h.now())
}

func (s *Service) registrationOf(client *Client) registrationDocument {
	return registrationDocument{ClientID: client.ID, ClientIDIssuedAt: client.CreatedAt.Unix(), Metadata: client.Metadata,
		RegistrationClientURI: s.strategy.issuer + RegistrationPath + "/" + client.ID}
}

// sentRegistration is the document that an app sends. What this server issues counts in an update alone.
type sentRegistration struct {
	ClientID     string  `json:"client_id"`
	ClientSecret *string `json:"client_secret"`
	Metadata
}

// readRegistration reads the members that an unauthenticated caller may set; unknown ones are ignored (RFC 7591 2).
// Members see each app under a subject of its own, whatever it asks for.
func (h *Handler) readRegistration(c *gin.Context) (sentRegistration, error) {
	var m sentRegistration
	media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || media != "application/json" {
		return m, &MetadataError{"Content-Type", "is not application/json"}
	}
	body, err := io.ReadAll(io.LimitReader(c.Request.Body, 64<<10))
	if err != nil {
		return m, &MetadataError{"", "the body could not be read"}
	}
	if err := readMembers(body, &m, true); err != nil {
		return m, err
	}
	m.Profile = ProfilePartner
	if h.service.clients.Certification {
		m.Profile = ProfileCertification
	} else {
		m.SubjectType, m.RequirePKCE = subjectPairwise, nil
	}
	m.OperatorVerified, m.ResourceServer, m.Audience, m.SmartMetadata = false, nil, nil, SmartMetadata{}
	if h.service.clients.Sandbox && AsksForRecord(m.Scope) { // of invented people
		m.Profile, m.Audience = ProfileSmart, h.service.clients.FHIRServers()
	}
	m.ClientName = cmp.Or(m.ClientName, m.ClientNameEN, m.ClientNameES, "App")
	if m.OperatorName == "" {
		m.OperatorName = m.ClientName
	}
	return m, h.service.clients.checkOwnNames(&m.Metadata, h.web.Brands())
}

// checkIssued compares what this server issued and an update sends back (RFC 7592 2.2).
func (s *Service) checkIssued(client *Client, sent sentRegistration) error {
	if sent.ClientID != client.ID {
		return &MetadataError{"client_id", "is not that of this registration: an update sends it back (RFC 7592 section 2.2)"}
	}
	if sent.ClientSecret != nil && (!client.usesSecret() || !s.secretFits(client, credentials{secret: *sent.ClientSecret})) {
		return &MetadataError{"client_secret", "is not that of this registration: send it as it is, or leave it out (RFC 7592 section 2.2)"}
	}
	return nil
}

func registrationError(c *gin.Context, err error) error {
	fault, ok := errors.AsType[*MetadataError](err)
	if !ok {
		return err
	}
	programError(c, http.StatusBadRequest, fault.Code(), fault.Error())
	return nil
}

// managed returns the client of the address to the holder of its registration token. Anybody else is refused, and the
// client is nil; a wrong token and an unknown client look alike.
func (h *Handler) managed(c *gin.Context) (*Client, error) {
	token, sent := bearer(c.GetHeader("Authorization"))
	if !sent {
		return nil, noToken(c, "The request has no registration access token, as a Bearer token in the header Authorization: it came with the registration.", "Bearer")
	}
	client, err := h.service.clients.Find(c.Request.Context(), c.Param("id"))
	if err != nil || client.RegistrationMAC == nil ||
		!h.service.store.keyring.VerifyMAC(seal.Client, client.RegistrationMAC, []byte("registration"), []byte(client.ID), []byte(token)) {
		return nil, senderRefused(c, false, "invalid_token", "The registration access token is wrong, or the client of this address is no longer registered.")
	}
	return client, nil
}

// readClient, updateClient and deleteClient implement RFC 7592 section 2.
func (h *Handler) readClient(c *gin.Context) error {
	client, err := h.managed(c)
	if client == nil {
		return err
	}
	noStore(c)
	c.JSON(http.StatusOK, h.service.registrationOf(client))
	return nil
}

func (h *Handler) updateClient(c *gin.Context) error {
	client, err := h.managed(c)
	if client == nil {
		return err
	}
	if err := h.takeRegistration(c); err != nil {
		return err // each update may cause fetches
	}
	m, err := h.readRegistration(c)
	if err == nil {
		err = h.service.checkIssued(client, m)
	}
	if err != nil {
		return registrationError(c, err)
	}
	m.keepLimits(&client.Metadata)
	if client, err = h.service.clients.updateItself(c.Request.Context(), client.ID, m.Metadata); err != nil {
		return registrationError(c, err)
	}
	noStore(c)
	c.JSON(http.StatusOK, h.service.registrationOf(client))
	return nil
}

// deletedByOwner is the reason in the audit for a client that its own registration ended.
const deletedByOwner = "deleted by its owner"

func (h *Handler) deleteClient(c *gin.Context) error {
	client, err := h.managed(c)
	if client == nil {
		return err
	}
	if err := h.service.clients.Disable(c.Request.Context(), client.ID, deletedByOwner); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// register creates a client with its own registration token.
func (r *Clients) register(ctx context.Context, m Metadata) (client *Client, secret, management string, err error) {
	pictures, err := r.check(ctx, &m)
	if err != nil {
		return nil, "", "", err
	}
	now := r.Now()
	client = &Client{ID: seal.NewToken(), Metadata: m, CreatedAt: now, UpdatedAt: now, logos: pictures}
	secret, management = r.newSecret(client), seal.NewToken()
	client.RegistrationMAC = r.Keyring.MAC(seal.Client, []byte("registration"), []byte(client.ID), []byte(management))
	return client, secret, management, r.change(ctx, audit.ClientCreated, client, r.insert)
}
