package provider

import (
	"encoding/base64"
	"slices"

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
