package provider

import (
	"context"
	"fmt"
)

// scopeClaims are the claims that a scope releases (OpenID Connect Core 5.4 and this
// service's husky.member), for the metadata.
var scopeClaims = []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid",
	"name", "given_name", "family_name", "birthdate", "preferred_username", "locale", "updated_at",
	"email", "email_verified",
	"husky_member_number", "husky_program", "husky_coverage_start", "husky_coverage_end"}

// claims are the member's facts that the grant's scopes release. A fact that is not
// known is left out, never null or empty (Core 5.3.2).
func (s *Service) claims(ctx context.Context, g *grant) (map[string]any, error) {
	claims := map[string]any{"sub": g.Subject}
	if !g.has("profile") && !g.has("email") && !g.has("husky.member") {
		return claims, nil
	}
	account, err := s.accounts.Get(ctx, g.AccountID)
	if err != nil {
		return nil, fmt.Errorf("reading the account: %w", err)
	}
	set := func(name, value string) {
		if value != "" {
			claims[name] = value
		}
	}
	if g.has("email") {
		set("email", account.Email)
		claims["email_verified"] = true // an account exists only once its address was proven
	}
	if !g.has("profile") && !g.has("husky.member") {
		return claims, nil
	}
	member, err := s.members.Member(ctx, account.MemberID)
	if err != nil {
		return nil, fmt.Errorf("reading the member: %w", err)
	}
	if g.has("profile") {
		family := member.LastName
		if member.Suffix != "" {
			family += " " + member.Suffix
		}
		set("given_name", member.FirstName)
		set("family_name", family)
		set("name", member.FirstName+" "+family)
		set("birthdate", member.BirthDate.String())
		set("preferred_username", account.Username)
		set("locale", account.Language)
		claims["updated_at"] = account.UpdatedAt.Unix()
	}
	if g.has("husky.member") {
		set("husky_member_number", member.MemberNumber)
		if !member.Ended { // ended members keep their account and lose coverage claims
			set("husky_program", member.Program)
			set("husky_coverage_start", member.CoverageStart.String())
			set("husky_coverage_end", member.CoverageEnd.String())
		}
	}
	return claims, nil
}
