package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"github.com/ory/fosite"

	"huskyidp/accounts"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// grantDevice is the grant type of RFC 8628 section 3.4. A client registers it by name.
const grantDevice = "urn:ietf:params:oauth:grant-type:device_code"

const (
	deviceLife = 10 * time.Minute
	devicePoll = 5 * time.Second
)

// The member's decisions.
const (
	deviceAllowed = "allowed"
	deviceDenied  = "denied"
)

// userCodeLetters spell no words and are not confused with each other (RFC 8628 6.1).
const userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"

// deviceRequest is a request that waits for a member's decision.
type deviceRequest struct {
	DeviceHash []byte
	ClientID   string
	Scopes     []string
	Audience   []string
	Poll       int32
	PolledAt   *time.Time
	Decision   *string
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// deviceAuthorization is the device authorization endpoint (RFC 8628 3.1).
func (h *Handler) deviceAuthorization(c *gin.Context) error {
	ctx, in := c.Request.Context(), h.newCall(c)
	if err := errors.Join(checkForm(c, "resource"), refuseDetails(in.form)); err != nil {
		return h.tokenError(c, err)
	}
	client, err := h.service.authenticateClient(ctx, in)
	if err != nil {
		return h.tokenError(c, err)
	}
	if !slices.Contains(client.Metadata.GrantTypes, grantDevice) {
		return h.tokenError(c, worded(fosite.ErrUnauthorizedClient, "The client is not registered for the device grant."))
	}
	scopes := knownScopes(in.form, client)
	if err := client.onlyRegistered(scopes); err != nil {
		return h.tokenError(c, err)
	}
	audience, err := client.resources(in.form, h.service.strategy.issuer)
	if err != nil {
		return h.tokenError(c, err)
	}
	if client.IsPublic() {
		if err := h.service.takeRow(ctx, client, in.source, in.now); err != nil {
			return err
		}
	}
	deviceCode, userCode, err := h.service.newDeviceCode(ctx, client, scopes, audience, in.now)
	if err != nil {
		return err
	}
	page := h.service.strategy.issuer + "/device"
	noStore(c)
	c.JSON(http.StatusOK, gin.H{
		"device_code": deviceCode, "user_code": userCode, "verification_uri": page, "verification_uri_complete": page + "?user_code=" + userCode,
		"expires_in": int(deviceLife.Seconds()), "interval": int(devicePoll.Seconds()),
	})
	return nil
}

func (s *Service) newDeviceCode(ctx context.Context, client *Client, scopes, audience []string, now time.Time) (deviceCode, userCode string, err error) {
	deviceCode = seal.NewToken()
	for range 5 {
		userCode = newUserCode()
		_, err = s.store.db.From(ctx).Exec(ctx, `
			insert into device_codes (device_hash, user_code_hash, client_id, scopes, audience, poll_seconds, created_at, expires_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			seal.Digest(deviceCode), s.userCodeMAC(userCode), client.ID, nonNil(scopes), nonNil(audience), int(devicePoll.Seconds()), now, now.Add(deviceLife))
		if postgres.Violated(err) != "device_codes_user_code_hash_key" {
			break
		}
	}
	if err != nil {
		return "", "", fmt.Errorf("storing a device code: %w", err)
	}
	return deviceCode, userCode, nil
}

func newUserCode() string {
	letters := make([]byte, 8)
	for i := range letters {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(userCodeLetters))))
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		letters[i] = userCodeLetters[n.Int64()]
	}
	return string(letters[:4]) + "-" + string(letters[4:])
}

// userCodeMAC is keyed: a code is too short for a plain digest (S-49).
func (s *Service) userCodeMAC(typed string) []byte {
	return s.store.keyring.MAC(seal.TokenMAC, []byte("user code"), []byte(canonicalUserCode(typed)))
}

// canonicalUserCode ignores case, and drops spaces and punctuation (RFC 8628 6.1).
func canonicalUserCode(typed string) string { return strings.ToUpper(accounts.BareCode(typed)) }

const deviceColumns = `device_hash, client_id, scopes, audience, poll_seconds, polled_at, decision, created_at, expires_at`

func scanDevice(row pgx.Row) (*deviceRequest, error) {
	d := &deviceRequest{}
	err := row.Scan(&d.DeviceHash, &d.ClientID, &d.Scopes, &d.Audience, &d.Poll, &d.PolledAt, &d.Decision, &d.CreatedAt, &d.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fosite.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("loading a device code: %w", err)
	}
	return d, nil
}

// pollDevice records that the device polls, and returns the request as it was before.
func (s *store) pollDevice(ctx context.Context, hash []byte, now time.Time) (*deviceRequest, error) {
	return scanDevice(s.db.From(ctx).QueryRow(ctx, `
		with before as (select `+deviceColumns+` from device_codes where device_hash = $1 for update),
		polled as (
			update device_codes d
			set polled_at = $2,
			    poll_seconds = d.poll_seconds + case when d.polled_at > $2::timestamptz - make_interval(secs => d.poll_seconds) then 5 else 0 end
			from before where d.device_hash = before.device_hash)
		select `+deviceColumns+` from before`, hash, now))
}

func (s *store) deviceByUserCode(ctx context.Context, mac []byte) (*deviceRequest, error) {
	return scanDevice(s.db.From(ctx).QueryRow(ctx, `select `+deviceColumns+` from device_codes where user_code_hash = $1`, mac))
}
