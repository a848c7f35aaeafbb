package provider

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
)

// identity is what members judge an app by when they allow it: its names, operator and pages, and where it takes them. Another one
// is another app to them.
func (c *Client) identity() map[string]string {
	m := c.Metadata
	same := m.LanguageMetadata.fields()
	maps.Copy(same, map[string]string{"client_name": m.ClientName, "operator_name": m.OperatorName, "client_uri": m.ClientURI,
		"logo_uri": m.LogoURI, "policy_uri": m.PolicyURI, "tos_uri": m.TosURI})
	for _, uri := range m.RedirectURIs {
		if at, err := url.Parse(uri); err == nil {
			same["redirect "+at.Scheme+"://"+at.Host] = ""
		}
	}
	return same
}

// updateItself is Update by the app. If it becomes another one to members, what they allowed the former one ends: they are asked again.
func (r *Clients) updateItself(ctx context.Context, id string, m Metadata) (*Client, error) {
	old, client, err := r.updated(ctx, id, m)
	if err != nil {
		return nil, err
	}
	if maps.Equal(old.identity(), client.identity()) {
		return client, r.change(ctx, audit.ClientUpdated, client, r.replace)
	}
	return client, r.changeFor(ctx, audit.ClientUpdated, "another identity", client, func(ctx context.Context, c *Client) error {
		if err := r.replace(ctx, c); err != nil {
			return err
		}
		return r.endPermissions(ctx, c.ID, c.UpdatedAt)
	})
}

// keepLimits keeps the limits that an app's update leaves out or widens: the operator may have set them, and only the operator takes
// them away.
func (m *Metadata) keepLimits(before *Metadata) {
	if days := before.ConsentMaxDays; days > 0 && (m.ConsentMaxDays == 0 || m.ConsentMaxDays > days) {
		m.ConsentMaxDays = days
	}
	if accounts.Rank(m.MinimumACR) < accounts.Rank(before.MinimumACR) {
		m.MinimumACR = before.MinimumACR
	}
	m.RequirePAR = m.RequirePAR || before.RequirePAR
	m.RequireSignedRequest = m.RequireSignedRequest || before.RequireSignedRequest
	m.DPoPBoundTokens = m.DPoPBoundTokens || before.DPoPBoundTokens
}

// endPermissions ends what all members allowed a client, and its tokens.
func (r *Clients) endPermissions(ctx context.Context, id string, now time.Time) error {
	_, err := r.DB.From(ctx).Exec(ctx, `
		with ended as (update consents set revoked_at = $2 where client_id = $1 and revoked_at is null)
		update grants set revoked_at = $2 where client_id = $1 and revoked_at is null and expires_at > $2`, id, now)
	if err != nil {
		return fmt.Errorf("ending the permissions of %s: %w", id, err)
	}
	return nil
}

// checkOwnNames refuses names of an app that registers itself which members could take for the service's own, or for an app that the
// operator registered. brands are the service's names.
func (r *Clients) checkOwnNames(m *Metadata, brands []string, own ...string) error {
	names := map[string]string{"client_name": m.ClientName, "operator_name": m.OperatorName}
	for member, name := range m.LanguageMetadata.fields() {
		if strings.HasPrefix(member, "client_name#") {
			names[member] = name
		}
	}
	taken := map[string]bool{}
	for _, client := range r.List() {
		if client.RegistrationMAC == nil && !slices.Contains(own, client.ID) {
			for _, name := range client.called() {
				taken[folded(name)] = true
			}
		}
	}
	for _, member := range slices.Sorted(maps.Keys(names)) {
		name := names[member]
		if strings.ContainsFunc(name, func(c rune) bool { return unicode.IsLetter(c) && !unicode.Is(unicode.Latin, c) }) {
			return &MetadataError{member, "has letters of another script than the Latin one, which look like those of other names"}
		}
		if taken[folded(name)] {
			return &MetadataError{member, "is the name of another app"}
		}
		for _, brand := range brands {
			if strings.Contains(folded(name), folded(brand)) {
				return &MetadataError{member, fmt.Sprintf("contains %q: members would take it for the service's own", brand)}
			}
		}
	}
	return nil
}

// folded is a name without accents, case, blanks and signs, and without digits that read as letters.
func folded(name string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(norm.NFKD.String(name)) {
		switch {
		case c == '0':
			b.WriteByte('o')
		case c == '1', c == '|':
			b.WriteByte('l')
		case c == '5':
			b.WriteByte('s')
		case unicode.IsLetter(c), unicode.IsDigit(c):
			b.WriteRune(c)
		}
	}
	return b.String()
}
