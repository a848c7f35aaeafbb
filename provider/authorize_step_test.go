package provider

import (
	"slices"
	"testing"
	"time"

	"huskyidp/accounts"
)

func TestNextStep(t *testing.T) {
	t.Parallel()
	asked := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	before, after := asked.Add(-10*time.Minute), asked.Add(time.Minute)
	session := func(at time.Time) *accounts.Session { return &accounts.Session{Subject: "s1", AuthTime: at} }
	for _, test := range []struct {
		name     string
		prompt   []string
		maxAge   time.Duration
		hint     string
		session  *accounts.Session
		selected *time.Time
		acr      string // of the session
		minimum  string
		wish     string
		insists  bool
		best     string // that the member's factors can give
		want     step
	}{
		{name: "no session", maxAge: -1, want: stepLogin},
		{name: "session", maxAge: -1, session: session(before)},
		{name: "prompt=login with an old session", prompt: []string{"login"}, maxAge: -1, session: session(before), want: stepLogin},
		{name: "prompt=login after signing in", prompt: []string{"login"}, maxAge: -1, session: session(after)},
		{name: "max_age passed", maxAge: 5 * time.Minute, session: session(before), want: stepLogin},
		{name: "max_age not passed", maxAge: 15 * time.Minute, session: session(before)},
		{name: "max_age=0 is prompt=login", maxAge: 0, session: session(before), want: stepLogin},
		{name: "max_age=0 after signing in", maxAge: 0, session: session(after)},
		{name: "hint of the same member", maxAge: -1, hint: "s1", session: session(before)},
		{name: "hint of another member", maxAge: -1, hint: "s2", session: session(before), want: stepLogin},
		{name: "prompt=select_account", prompt: []string{"select_account"}, maxAge: -1, session: session(before), want: stepSelect},
		{name: "account selected", prompt: []string{"select_account"}, maxAge: -1, session: session(before), selected: &after},
		{name: "select_account without a session", prompt: []string{"select_account"}, maxAge: -1, want: stepLogin},
		{name: "prompt=create without a session", prompt: []string{"create"}, maxAge: -1, want: stepRegister},
		{name: "prompt=create with an old session", prompt: []string{"create"}, maxAge: -1, session: session(before), want: stepRegister},
		{name: "prompt=create after registering", prompt: []string{"create"}, maxAge: -1, session: session(after)},
		{name: "no session and a minimum", maxAge: -1, minimum: accounts.ACRFactor, want: stepLogin},
		{name: "less than the minimum", maxAge: -1, session: session(before), acr: accounts.ACRPassword, minimum: accounts.ACRFactor, want: stepFactor},
		{name: "less than the minimum, silently", prompt: []string{"none"}, maxAge: -1, session: session(before), acr: accounts.ACRPassword, minimum: accounts.ACRFactor, want: stepFactor},
		{name: "the minimum", maxAge: -1, session: session(before), acr: accounts.ACRFactor, minimum: accounts.ACRFactor},
		{name: "more than the minimum", maxAge: -1, session: session(before), acr: accounts.ACRPhishingResistant, minimum: accounts.ACRFactor},
		{name: "staff with a password alone", maxAge: -1, session: session(before), acr: accounts.ACRUnmatched, minimum: accounts.ACRPassword, want: stepFactor},
		{name: "a wish within reach", maxAge: -1, session: session(before), acr: accounts.ACRPassword, wish: accounts.ACRFactor, best: accounts.ACRFactor, want: stepFactor},
		{name: "a wish within reach, silently", prompt: []string{"none"}, maxAge: -1, session: session(before), acr: accounts.ACRPassword, wish: accounts.ACRFactor, best: accounts.ACRFactor},
		{name: "a wish out of reach", maxAge: -1, session: session(before), acr: accounts.ACRPassword, wish: accounts.ACRFactor, best: accounts.ACRPassword},
		{name: "a wish half within reach", maxAge: -1, session: session(before), acr: accounts.ACRPassword, wish: accounts.ACRPhishingResistant, best: accounts.ACRFactor, want: stepFactor},
		{name: "a wish met as far as it can be", maxAge: -1, session: session(before), acr: accounts.ACRFactor, wish: accounts.ACRPhishingResistant, best: accounts.ACRFactor},
		{name: "the desk, of whom has a passkey, silently", prompt: []string{"none"}, maxAge: -1, session: session(before), acr: accounts.ACRFactor, minimum: accounts.ACRFactor,
			wish: accounts.ACRPhishingResistant, insists: true, best: accounts.ACRPhishingResistant, want: stepFactor},
		{name: "the desk, of whom has none", maxAge: -1, session: session(before), acr: accounts.ACRFactor, minimum: accounts.ACRFactor,
			wish: accounts.ACRPhishingResistant, insists: true, best: accounts.ACRFactor},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &authorizeRequest{requestedAt: asked, prompt: test.prompt, maxAge: test.maxAge, hintSubject: test.hint,
				assurance: assurance{minimum: accounts.Rank(test.minimum), wish: accounts.Rank(test.wish), insists: test.insists}}
			if test.session != nil {
				test.session.ACR = test.acr
			}
			got, reason := nextStep(facts{request: r, session: test.session, selectedAt: test.selected, best: accounts.Rank(test.best)})
			if got != test.want {
				t.Errorf("nextStep = %q (%s), want %q", got, reason, test.want)
			}
			if (got != stepNone) == (reason == "") {
				t.Errorf("nextStep = %q with reason %q", got, reason)
			}
		})
	}
}

// S-21: who has a passkey comes to the desk with it, whatever the browser was made to ask for.
func TestDeskInsistsOnPasskeys(t *testing.T) {
	t.Parallel()
	both := accounts.Factors{TOTP: true, Passkeys: 1, SavedCodes: 9}
	for _, test := range []struct {
		scopes  []string
		factors accounts.Factors
		want    []string
		wanted  string
	}{
		{[]string{"openid", AdminScope}, both, []string{"passkey"}, accounts.ACRPhishingResistant},
		{[]string{"openid", AdminScope}, accounts.Factors{TOTP: true, SavedCodes: 9}, []string{"totp", "saved-code"}, accounts.ACRFactor},
		{[]string{"openid"}, both, []string{"passkey", "totp", "saved-code"}, ""},
	} {
		r := &authorizeRequest{client: &Client{}, scopes: test.scopes}
		var err error
		if r.assurance, err = (&Service{}).assuranceOf(r, nil, []string{accounts.ACRPassword}); err != nil {
			t.Fatal(err)
		}
		if got := (waiting{request: r}).enrolled(test.factors); !slices.Equal(got, test.want) {
			t.Errorf("%v, %+v: the second steps are %v, want %v", test.scopes, test.factors, got, test.want)
		}
		if got := r.assurance.wanted(test.factors.Best()); test.wanted != "" && got != accounts.Rank(test.wanted) {
			t.Errorf("%v, %+v: the rank %d is wanted, want that of %s", test.scopes, test.factors, got, test.wanted)
		}
	}
}
