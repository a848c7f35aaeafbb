package provider

import (
	"context"
	"fmt"
	"slices"
	"time"

	"huskyidp/accounts"
)

// scopeClaims are the claims that a scope releases (OpenID Connect Core 5.4 and this service's husky.member).
var scopeClaims = map[string][]string{
	"profile":      {"name", "given_name", "family_name", "birthdate", "preferred_username", "profile", "locale", "zoneinfo", "updated_at"},
	"email":        {"email", "email_verified"},
	"husky.member": {"husky_member_number", "husky_program", "husky_coverage_start", "husky_coverage_end"},
}

// claimNames returns all claims, for the metadata.
func claimNames() []string {
	names := []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"}
	for _, scope := range memberScopes {
		names = append(names, scopeClaims[scope]...)
	}
	return names
}

// claims returns the answer of userinfo: the claims of the grant's scopes, and those requested individually.
func (s *Service) claims(ctx context.Context, g *grant) (map[string]any, error) {
	var wanted []string
	for _, scope := range g.Scopes {
		wanted = append(wanted, scopeClaims[scope]...)
	}
	if g.Claims != nil {
		wanted = append(wanted, g.Claims.Userinfo...)
	}
	claims, err := s.facts(ctx, g, wanted)
	if err != nil {
		return nil, err
	}
	claims["sub"] = g.Subject
	return claims, nil
}

// idTokenClaims returns the member's claims that the app requested in the ID token (Core 5.5).
func (s *Service) idTokenClaims(ctx context.Context, g *grant) (map[string]any, error) {
	if g == nil || g.Claims == nil || len(g.Claims.IDToken) == 0 {
		return nil, nil
	}
	return s.facts(ctx, g, g.Claims.IDToken)
}

// facts returns the wanted claims of a member. Unknown facts are omitted, never null or empty (Core 5.3.2).
func (s *Service) facts(ctx context.Context, g *grant, wanted []string) (map[string]any, error) {
	claims := map[string]any{}
	client, err := s.clients.Get(g.ClientID)
	if err != nil {
		return claims, nil // disabled in the meantime
	}
	if wanted = client.claimsFor(wanted); len(wanted) == 0 {
		return claims, nil
	}
	account, err := s.accounts.Get(ctx, g.AccountID)
	if err != nil {
		return nil, fmt.Errorf("reading the account: %w", err)
	}
	set := func(name string, value any) {
		if value != "" && slices.Contains(wanted, name) {
			claims[name] = value
		}
	}
	set("email", account.Email)
	set("email_verified", account.EmailProven)
	set("preferred_username", account.Username)
	set("profile", s.strategy.issuer+"/account")
	set("locale", account.Language)
	set("zoneinfo", s.timeZone) // members live in one state
	updated := account.UpdatedAt
	if slices.ContainsFunc(wanted, onRoster) {
		updated, err = s.rosterFacts(ctx, account, set)
	}
	set("updated_at", updated.Unix())
	return claims, err
}

// onRoster reports whether a claim comes from the roster, which takes another round trip.
func onRoster(name string) bool {
	switch name {
	case "email", "email_verified", "preferred_username", "profile", "locale", "zoneinfo":
		return false
	}
	return true
}

// rosterFacts sets what the roster knows; updated is the last change of the member or the account.
func (s *Service) rosterFacts(ctx context.Context, account accounts.Account, set func(name string, value any)) (updated time.Time, err error) {
	if account.Staff() {
		return account.UpdatedAt, nil
	}
	member, err := s.members.Member(ctx, account.MemberID)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the member: %w", err)
	}
	family := member.LastName
	if member.Suffix != "" {
		family += " " + member.Suffix
	}
	set("given_name", member.FirstName)
	set("family_name", family)
	set("name", member.FirstName+" "+family)
	set("birthdate", member.BirthDate.String())
	set("husky_member_number", member.MemberNumber)
	if !member.Ended { // ended members keep their account and lose coverage claims
		set("husky_program", member.Program)
		set("husky_coverage_start", member.CoverageStart.String())
		set("husky_coverage_end", member.CoverageEnd.String())
	}
	if member.ChangedAt.After(account.UpdatedAt) {
		return member.ChangedAt, nil
	}
	return account.UpdatedAt, nil
}
