package provider_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"huskyidp/internal/audit"
	"huskyidp/members"
)

// The roster changes what an account releases: updated_at moves with it, and what became another person's is not released.
func TestClaimsFollowTheRoster(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4)
	id, secret := b.client(nil)
	w := b.signedIn()
	released := func() answer {
		t.Helper()
		address, verifier := b.request(id, url.Values{"scope": {"openid profile husky.member"}})
		tokens := b.redeem(id, secret, w.get(address).location.Query().Get("code"), verifier)
		tokens.want(t, 200, "")
		return b.userinfo(tokens.text("access_token"))
	}
	before := released()
	roster, err := members.New(members.Deps{DB: b.db, Keyring: b.ring, Audit: audit.New(b.db), Now: b.clock.now})
	must(t, err)
	load := func(line string, o members.ImportOptions) members.Report {
		t.Helper()
		b.clock.advance(2 * time.Second)
		report, err := roster.Import(t.Context(), strings.NewReader("member_number,first_name,last_name,suffix,birth_date,program,coverage_start,coverage_end\n"+
			line+"\n012345679,TOMÁS,RUIZ,,1990-01-02,A,2026-01-01,\n"), o)
		must(t, err)
		return report
	}
	load("012345678,MARÍA,NÚÑEZ VEGA,,1984-03-05,B,2026-01-01,", members.ImportOptions{})
	after := released()
	if before.body["updated_at"].(float64) >= after.body["updated_at"].(float64) || after.text("family_name") != "NÚÑEZ VEGA" {
		t.Errorf("before %v, after %v: updated_at has to move with the name", before.body, after.body)
	}
	if again := released(); again.body["updated_at"] != after.body["updated_at"] {
		t.Errorf("updated_at moved from %v to %v without a change", after.body, again.body)
	}

	const other = "012345678,EVA,PAZ,,1999-01-02,C,2026-01-01,"
	held := load(other, members.ImportOptions{})
	if info := released(); info.text("given_name") != "MARÍA" || info.text("husky_program") != "B" {
		t.Errorf("held line: userinfo %v, want the member as before", info.body)
	}
	load(other, members.ImportOptions{OtherPerson: []int{2}, Review: held.Review})
	info := released()
	if info.text("given_name") != "MARÍA" || info.text("husky_member_number") != "" || info.text("husky_program") != "" {
		t.Errorf("the number is another person's: userinfo %v, want MARÍA without number and coverage", info.body)
	}
	if info.body["updated_at"].(float64) <= after.body["updated_at"].(float64) {
		t.Errorf("updated_at %v has to move as the coverage goes", info.body["updated_at"])
	}
}
