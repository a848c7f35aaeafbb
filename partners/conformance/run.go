package conformance

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/seal"
)

// Outcome of a check.
type Outcome string

// The outcomes. Open is also for a check that is to be done again.
const (
	Open   Outcome = ""
	Given  Outcome = "given"  // the app has the wrong answer, and has done nothing forbidden so far
	Passed Outcome = "passed" //
	Failed Outcome = "failed"
	Unseen Outcome = "unseen" // nothing that can be seen from here tells
	// Allowed is for an app that trusts TLS in place of the signature of an ID token that it fetched itself (OpenID Connect Core 1.0,
	// 3.1.3.7 (6)).
	Allowed Outcome = "allowed"
)

// Result is how a check ended.
type Result struct {
	Outcome Outcome
	Found   string // catalog key below partners.found, or ""
	Detail  string // what the app sent, clipped; "" for none
	At      time.Time
}

// Run is one app that goes through the checks. It is a client of an issuer of its own.
type Run struct {
	ID           string    `json:"-"` // also the client_id
	Organisation uuid.UUID `json:"-"`
	CreatedAt    time.Time `json:"-"`
	UsedAt       time.Time `json:"-"`
	Settings
	Secret  string // "" for an app without one
	Keys    [2]json.RawMessage
	Next    string // what the next sign-in meets; "" once all were met: it is answered well
	Results map[string]Result
	Flow    flow     // the newest sign-in
	Used    bool     // a good sign-in was followed by a call with its tokens, so that the lack of one tells something
	Seen    []string // digests of the newest state, nonce and code_challenge values
}

// flow is a sign-in under way.
type flow struct {
	Check, Code, RedirectURI, Nonce, Challenge, SID string
	At                                              time.Time
	Redeemed                                        int
	Access                                          string
	Refresh                                         []string // the newest is the last
	RefreshedAt                                     time.Time
}

// kept is how many values of earlier sign-ins are compared: three of each.
const kept = 90

// repeated reports whether a value of an earlier sign-in comes again, and remembers it.
func (r *Run) repeated(kind, value string) bool {
	digest := hexed(seal.Digest(kind + " " + value))[:20]
	if slices.Contains(r.Seen, digest) {
		return true
	}
	if r.Seen = append(r.Seen, digest); len(r.Seen) > kept {
		r.Seen = r.Seen[len(r.Seen)-kept:]
	}
	return false
}

// set notes a result.
func (r *Run) set(check string, now time.Time, o Outcome, found, detail string) {
	if r.Results == nil {
		r.Results = map[string]Result{}
	}
	r.Results[check] = Result{o, found, clip(detail), now}
}

// is returns the outcome of a check.
func (r *Run) is(check string) Outcome { return r.Results[check].Outcome }

// begin ends the sign-in before, and begins one that meets the next check.
func (r *Run) begin(now time.Time) {
	r.settle(now)
	r.Flow = flow{Check: r.Next, Code: rand.Text(), SID: rand.Text(), At: now}
	if r.Next != "" {
		r.set(r.Next, now, Given, "", "")
	}
	r.Next = ""
	for _, c := range all {
		if c.meets() && r.is(c.ID) == Open {
			r.Next = c.ID
			break
		}
	}
}

// settle judges the newest sign-in by what the app has not done.
func (r *Run) settle(now time.Time) {
	c, f := byID[r.Flow.Check], r.Flow
	if r.is(c.ID) != Given {
		return
	}
	switch {
	case c.stage == ofCallback:
		r.set(c.ID, now, Passed, "code_unused", "")
	case f.Redeemed == 0 && c.ID == "sign_in":
		r.set(c.ID, now, Failed, "never_redeemed", "")
	case f.Redeemed == 0:
		r.set(c.ID, now, Unseen, "never_redeemed", "")
	case c.stage == ofCode:
		r.set(c.ID, now, Passed, "code_once", "")
	case c.stage == ofRefresh:
		r.set(c.ID, now, Unseen, "never_refreshed", "")
	case !r.Used:
		r.set(c.ID, now, Unseen, "never_used", "")
	case c.stage == ofIDToken:
		r.set(c.ID, now, Passed, "tokens_unused", "")
	default: // a sign-in that has to succeed
		r.set(c.ID, now, Failed, "not_taken", "")
	}
}

// use notes that the app does something with the tokens of the newest sign-in.
func (r *Run) use(now time.Time, found string) {
	c := byID[r.Flow.Check]
	switch c.stage {
	case ofIDToken:
		switch {
		case r.is(c.ID) != Given:
		case c.ID == "other_key":
			r.set(c.ID, now, Allowed, "tls", "")
		default:
			r.set(c.ID, now, Failed, found, "")
		}
	case ofSignIn:
		r.seeUse()
		if r.is(c.ID) != Failed {
			r.set(c.ID, now, Passed, "taken", "")
		}
	case ofRequest, ofCallback, ofCode, ofRefresh, ofLogout:
	}
}

// seeUse notes that the app uses its tokens where it may: where it did not, it refused them.
func (r *Run) seeUse() {
	r.Used = true
	for id, result := range r.Results {
		if result.Found == "never_used" && byID[id].stage == ofIDToken {
			r.Results[id] = Result{Passed, "tokens_unused", "", result.At}
		}
	}
}

// clip cuts what an app sent to what is shown.
func clip(s string) string {
	if runes := []rune(s); len(runes) > 200 {
		return string(runes[:200]) + "…"
	}
	return s
}
