package conformance

import (
	"crypto"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

type jwks struct {
	Keys []jose.JSONWebKey `json:"keys"`
}

func (s jwks) public() (all []crypto.PublicKey) {
	for _, k := range s.Keys {
		all = append(all, k.Key)
	}
	return all
}

// failed are the checks of a run that ended so.
func (r Run) ended(o Outcome) (ids []string) {
	for id, result := range r.Results {
		if result.Outcome == o {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// TestRightApp: an app on libraries that others wrote, which also compares iss (RFC 9207), passes all that a sign-in can show.
func TestRightApp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, o := range map[string]Settings{"with a secret": {}, "public": {Auth: "none"}} {
		r := b.start(o)
		r = b.app(r, faults{}).goThrough(r.ID)
		if failed, unseen := r.ended(Failed), r.ended(Unseen); len(failed)+len(unseen) > 0 {
			t.Errorf("%s: failed %v, unseen %v: %+v", name, failed, unseen, r.Results)
		}
		if passed := r.ended(Passed); len(passed) != 21 {
			t.Errorf("%s: passed %d: %v", name, len(passed), passed)
		}
	}
}

// TestWrongApps: each app is wrong in one way, and fails that check, and no other.
func TestWrongApps(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		faults
		want string
	}{
		"sends no state":                  {faults{noState: true, ignoresState: true}, "other_state state"},
		"sends one nonce for ever":        {faults{sameNonce: true}, "nonce"},
		"does without PKCE":               {faults{noPKCE: true}, "pkce"},
		"does not compare iss":            {faults{ignoresISS: true}, "no_iss other_iss"},
		"does not compare state":          {faults{ignoresState: true}, "other_state"},
		"asks for tokens after an error":  {faults{ignoresError: true}, "denied unavailable"},
		"sends a refused code again":      {faults{sendsCodeAgain: true}, "refused_code"},
		"does without an ID token":        {faults{ignoresMissingToken: true}, "no_id_token"},
		"does not compare the issuer":     {faults{ignoresIssuer: true}, "other_issuer"},
		"does not compare the audience":   {faults{ignoresAudience: true}, "other_audience"},
		"does not verify signatures":      {faults{ignoresSignature: true}, "no_signature"},
		"does not look at exp":            {faults{ignoresExpiry: true}, "expired"},
		"does not compare the nonce":      {faults{ignoresNonce: true}, "other_nonce"},
		"reads the keys once":             {faults{keepsKeys: true}, "new_key"},
		"keeps its first refresh token":   {faults{usesOldRefresh: true}, "refresh"},
		"authenticates by another secret": {faults{wrongSecret: true}, "authentication sign_in"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			r := b.start(Settings{})
			r = b.app(r, test.faults).goThrough(r.ID)
			if got := r.Results["other_key"].Outcome; (got == Allowed) != test.ignoresSignature {
				t.Errorf("a token of another key: %s", got)
			}
			failed := strings.Join(r.ended(Failed), " ")
			if failed != test.want {
				t.Errorf("failed %s, want %s", failed, test.want)
			}
			for _, id := range strings.Fields(failed) {
				if byID[id].Section == "" || r.Results[id].Found == "" {
					t.Errorf("%s names no section, or not what was found: %+v", id, r.Results[id])
				}
			}
		})
	}
}

// TestNothingSeen: of an app that does nothing with its tokens nobody can tell whether it let somebody in; it is not said to have passed.
func TestNothingSeen(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.start(Settings{})
	r = b.app(r, faults{neverUsesTokens: true, ignoresNonce: true}).goThrough(r.ID)
	want := []string{"expired", "new_key", "no_id_token", "no_signature", "other_audience", "other_issuer", "other_key", "other_nonce", "refresh"}
	if got := r.ended(Unseen); !slices.Equal(got, want) {
		t.Errorf("unseen: %v, want %v", got, want)
	}
}
