package provider

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"huskyidp/accounts"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

// Two apps that compare their data must not find out that they serve the same member: a client with pairwise subjects
// receives only values of its own sector, and what the member allowed (OpenID Connect Core 8.1, S-42). The time of a
// sign-in is the same everywhere, because max_age needs it.

func (c *Client) pairwise() bool { return c.Metadata.SubjectType == subjectPairwise }

// sidAt returns a session's sid as the client sees it, in ID tokens and on both logout channels. Without the session's
// own sid, two of them cannot be linked to one session.
func (c *Client) sidAt(sid string) string {
	if !c.pairwise() {
		return sid
	}
	return base64.RawURLEncoding.EncodeToString(seal.Digest("sid\x00" + c.sector() + "\x00" + sid)[:16])
}

// commonClaims would be the same at every app, and members are not asked about them individually: the username and the
// time of the last change.
var commonClaims = []string{"preferred_username", "updated_at"}

// claimsFor returns the wanted claims that the client may have.
func (c *Client) claimsFor(wanted []string) []string {
	if !c.pairwise() {
		return wanted
	}
	return slices.DeleteFunc(slices.Clone(wanted), func(name string) bool { return slices.Contains(commonClaims, name) })
}

// subjectAt returns the member's sub at a client: the public one, or one per sector that is random, never derived, and
// never reused (S-42).
func (s *store) subjectAt(ctx context.Context, session *accounts.Session, client *Client) (string, error) {
	if !client.pairwise() {
		return session.Subject, nil
	}
	var subject string
	err := s.db.From(ctx).QueryRow(ctx, `
		insert into pairwise_subjects (account_id, sector, subject) values ($1, $2, $3)
		on conflict on constraint pairwise_subjects_pkey do update set sector = excluded.sector
		returning subject`, session.AccountID, client.sector(), rand.Text()).Scan(&subject)
	if postgres.Violated(err) != "" {
		return "", fmt.Errorf("drawing a pairwise subject: %w", err)
	}
	return subject, err
}

// The values of subject_type, OpenID Connect Core 8.
const (
	subjectPublic   = "public"
	subjectPairwise = "pairwise"
)

// sector returns the group with which the client shares its pairwise subjects: clients with the same redirect host or
// the same sector file (OpenID Connect Core 8.1). A redirect URI with a private-use scheme or on this machine proves no
// host, so that such a client shares them with none; nor does the redirect URI of a client that registered itself.
func (c *Client) sector() string {
	if c.RegistrationMAC != nil && c.Metadata.SectorIdentifierURI == "" {
		return "client:" + c.ID
	}
	if host := c.Metadata.sector(); host != "" {
		return host
	}
	return "client:" + c.ID
}

// sector returns a host, or "" for a client by itself.
func (m *Metadata) sector() string {
	if m.SectorIdentifierURI != "" {
		return hostOf(m.SectorIdentifierURI)
	}
	if len(m.RedirectURIs) == 0 || slices.ContainsFunc(m.RedirectURIs, func(uri string) bool { return hostOf(uri) == "" }) {
		return ""
	}
	return hostOf(m.RedirectURIs[0])
}

// hostOf returns the host of an address on the network, "" for this machine and for schemes without one.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || isLoopback(u.Hostname()) || isLocalhost(u.Hostname()) {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
