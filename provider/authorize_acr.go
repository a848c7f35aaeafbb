package provider

import (
	"fmt"
	"slices"
	"strings"

	"huskyidp/accounts"
)

// ScopeACR is the minimum acr of each scope that requires more than a password (S-19).
type ScopeACR map[string]string

// scopeACR are the scopes that always require a second step; a deployment may raise them and add others, but never
// lower these.
var scopeACR = ScopeACR{"admin": accounts.ACRFactor}

// Check returns an error for an unknown acr value.
func (p ScopeACR) Check() error {
	for scope, acr := range p {
		if accounts.Rank(acr) == 0 {
			return fmt.Errorf("the scope %s asks for the acr %q, which is none of %s", scope, acr, strings.Join(accounts.ACRValues(), ", "))
		}
	}
	return nil
}

// rank returns the highest rank that one of the scopes requires.
func (p ScopeACR) rank(scopes []string) (rank int) {
	for _, scope := range scopes {
		rank = max(rank, accounts.Rank(p[scope]), accounts.Rank(scopeACR[scope]))
	}
	return rank
}

// assurance is how much proof a request requires of the member.
type assurance struct {
	minimum int      // rank below which the only answer is an error
	wish    int      // rank that the app prefers, if the member can reach it
	insists bool     // the wish is mandatory for a member who can reach it (S-21)
	named   []string // acr values that the app knows
}

// assuranceOf combines what the app asks for (Core 3.1.2.1, 5.5.1.1), its registration, and what its scopes require.
// Voluntary values are in the app's order: the first known one is its wish.
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
		enough := 0 // any of them is sufficient
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

// minimumACR returns the rank that client and scopes require, whatever the app asks for.
func (s *Service) minimumACR(client *Client, scopes []string) int {
	return max(accounts.Rank(client.Metadata.MinimumACR), s.scopeACR.rank(scopes))
}

func possibleACR(acr string) bool { return accounts.Rank(acr) > 0 }

// wanted returns the rank to reach for a member whose factors give at most best.
func (a assurance) wanted(best int) int { return max(a.minimum, min(a.wish, best)) }

// acr returns the value for tokens: the one that the session reached or, if the app named others, the highest named one
// that is not above it, if any.
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

// ACRMetadata is the part of a client's registration about proof.
type ACRMetadata struct {
	DefaultACRValues []string `json:"default_acr_values,omitempty"` // if a request names none; voluntary
	MinimumACR       string   `json:"minimum_acr,omitempty"`        // for every request; a member of our own
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
