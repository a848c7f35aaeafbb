package provider

import (
	"encoding/base64"
	"slices"

	"huskyidp/internal/seal"
)

// Two apps that compare what they got must not see that they serve the same member: whatever
// a client with pairwise subjects is given is its sector's own, or what the member allowed it
// (OpenID Connect Core 8.1, S-42). The time of a sign-in stays the same everywhere: max_age
// needs it.

func (c *Client) pairwise() bool { return c.Metadata.SubjectType == subjectPairwise }

// sidAt is a session's sid as the client sees it, in ID tokens and at both logout channels.
// Who does not know the session's own cannot tell two of them from those of two sessions.
func (c *Client) sidAt(sid string) string {
	if !c.pairwise() {
		return sid
	}
	return base64.RawURLEncoding.EncodeToString(seal.Digest("sid\x00" + c.sector() + "\x00" + sid)[:16])
}

// commonClaims would be the same at every app, and nobody is asked about them one by one: the
// name that the member signs in with, and the moment of the last change.
var commonClaims = []string{"preferred_username", "updated_at"}

// claimsFor are the claims of those wanted that the client may have.
func (c *Client) claimsFor(wanted []string) []string {
	if !c.pairwise() {
		return wanted
	}
	return slices.DeleteFunc(slices.Clone(wanted), func(name string) bool { return slices.Contains(commonClaims, name) })
}
