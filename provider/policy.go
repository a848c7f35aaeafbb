package provider

import (
	"fmt"
	"slices"
	"strings"

	"huskyidp/accounts"
)

// ScopeACR is the minimum acr of each scope that asks for more than a password (S-19).
type ScopeACR map[string]string

// scopeACR are the scopes that always take a second step; a deployment may raise them
// and name further ones, never lower these.
var scopeACR = ScopeACR{"admin": accounts.ACRFactor}

// Check says which acr value nobody here knows.
func (p ScopeACR) Check() error {
	for scope, acr := range p {
		if accounts.Rank(acr) == 0 {
			return fmt.Errorf("the scope %s asks for the acr %q, which is none of %s", scope, acr, strings.Join(accounts.ACRValues(), ", "))
		}
	}
	return nil
}

// rank is the highest rung that one of the scopes asks for.
func (p ScopeACR) rank(scopes []string) (rank int) {
	for _, scope := range scopes {
		rank = max(rank, accounts.Rank(p[scope]), accounts.Rank(scopeACR[scope]))
	}
	return rank
}

// assurance is how much proof a request wants of the member.
type assurance struct {
	minimum int      // rank without which there is no answer but an error
	wish    int      // rank that the app would like, where the member has what it takes
	insists bool     // on its wish: less is no answer where the member has what it takes (S-21)
	named   []string // acr values that the app knows
}

// assuranceOf gathers what the app asks for (Core 3.1.2.1, 5.5.1.1), what it was
// registered with, and what its scopes need. Voluntary values stand in the app's order:
// the first that is known here is its wish.
func (s *Service) assuranceOf(r *authorizeRequest, essential, voluntary []string) (assurance, error) {
	voluntary = append(voluntary, words(r.form.Get("acr_values"))...)
	if len(essential)+len(voluntary) == 0 {
		voluntary = r.client.Metadata.DefaultACRValues
	}
	a := assurance{minimum: s.minimumACR(r.client, r.scopes), named: append(voluntary, essential...)}
	if i := slices.IndexFunc(voluntary, possibleACR); i >= 0 {
		a.wish = accounts.Rank(voluntary[i])
	}
	if slices.Contains(r.scopes, AdminScope) {
		a.wish, a.insists = accounts.Rank(accounts.ACRPhishingResistant), true
	}
	if len(essential) > 0 {
		enough := 0 // any of them will do
		for _, acr := range essential {
			if rank := accounts.Rank(acr); rank > 0 && (enough == 0 || rank < enough) {
				enough = rank
			}
		}
		if enough == 0 {
			return a, errUnmetAuthentication
		}
		a.minimum = max(a.minimum, enough)
	}
	return a, nil
}

// minimumACR is the rank that client and scopes need, whatever the app asks for.
func (s *Service) minimumACR(client *Client, scopes []string) int {
	return max(accounts.Rank(client.Metadata.MinimumACR), s.scopeACR.rank(scopes))
}

func possibleACR(acr string) bool { return accounts.Rank(acr) > 0 }

// wanted is the rank to be reached by a member whose factors give at most best.
func (a assurance) wanted(best int) int { return max(a.minimum, min(a.wish, best)) }

// acr is what tokens say of a session: the value that it reached, or one that the app
// named and that is no more than that.
func (a assurance) acr(reached string) string {
	if len(a.named) == 0 || slices.Contains(a.named, reached) {
		return reached
	}
	said := reached
	highest := 0
	for _, acr := range a.named {
		if rank := accounts.Rank(acr); rank > highest && rank <= accounts.Rank(reached) {
			said, highest = acr, rank
		}
	}
	return said
}

// ACRMetadata is what a client's registration says of proof.
type ACRMetadata struct {
	DefaultACRValues []string `json:"default_acr_values,omitempty"` // where a request names none; voluntary
	MinimumACR       string   `json:"minimum_acr,omitempty"`        // of every request; this service's own member
}

func (m *ACRMetadata) checkACR() error {
	known := accounts.ACRValues()
	if err := subset("default_acr_values", m.DefaultACRValues, known); err != nil {
		return err
	}
	if m.MinimumACR == "" {
		return nil
	}
	return subset("minimum_acr", []string{m.MinimumACR}, known)
}
