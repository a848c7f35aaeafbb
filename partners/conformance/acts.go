package conformance

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/uuid"
)

// Line is a check with how it ended, for the page of a run.
type Line struct {
	Check
	Result
	IsNext  bool
	CanMeet bool // a sign-in can meet it
	IsSent  bool // a logout token
}

// Lines are the checks of a run; those of logout tokens only where the app takes them.
func (r Run) Lines() (lines []Line) {
	for _, c := range all {
		if c.stage == ofLogout && r.LogoutURI == "" {
			continue
		}
		lines = append(lines, Line{c, r.Results[c.ID], r.Next == c.ID, c.meets(), c.stage == ofLogout})
	}
	return lines
}

// Count is how many checks ended so.
func (r Run) Count(o Outcome) (n int) {
	for _, line := range r.Lines() {
		if line.Outcome == o {
			n++
		}
	}
	return n
}

// own changes a run of the organisation.
func (s *Service) own(ctx context.Context, organisation uuid.UUID, id string, do func(r *Run) error) error {
	if _, err := s.Run(ctx, organisation, id); err != nil {
		return err
	}
	return s.change(ctx, id, do)
}

// Again lets the next sign-in meet a check once more. The error is ErrNotFound, also for a check that no sign-in meets, or the database's.
func (s *Service) Again(ctx context.Context, organisation uuid.UUID, id, check string) error {
	if c, ok := byID[check]; !ok || !c.meets() {
		return ErrNotFound
	}
	return s.own(ctx, organisation, id, func(r *Run) error {
		r.settle(s.Now())
		if r.is(check) != Given {
			r.set(check, s.Now(), Open, "", "")
		}
		r.Next = check
		return nil
	})
}

// Finish judges the newest sign-in without another one.
func (s *Service) Finish(ctx context.Context, organisation uuid.UUID, id string) error {
	return s.own(ctx, organisation, id, func(r *Run) error {
		r.settle(s.Now())
		return nil
	})
}

// Logout sends the logout tokens, the good one last, and notes what the app answers. The error is ErrNotFound, *ratelimit.Exceeded, or
// the database's.
func (s *Service) Logout(ctx context.Context, organisation uuid.UUID, id string) error {
	r, err := s.Run(ctx, organisation, id)
	if err != nil {
		return err
	}
	if r.LogoutURI == "" {
		return ErrNotFound
	}
	if err := s.Limiter.Take(ctx, calls, organisation.String(), s.Now()); err != nil {
		return err
	}
	found, isSilent := map[string]Result{}, false
	for _, c := range all {
		if c.stage != ofLogout {
			continue
		}
		token, err := s.logoutToken(&r, c.ID, s.Now())
		if err != nil {
			return fmt.Errorf("making a logout token: %w", err)
		}
		result := Result{Outcome: Failed, Found: "no_answer", At: s.Now()}
		if isSilent {
			found[c.ID] = result
			continue
		}
		if answer, err := s.Poster.PostForm(ctx, r.LogoutURI, url.Values{"logout_token": {token}}); err == nil {
			isGood := answer.Status == http.StatusOK || answer.Status == http.StatusNoContent
			result.Found, result.Detail = "answered", strconv.Itoa(answer.Status)
			if c.ID == "logout" && isGood || c.ID != "logout" && answer.Status == http.StatusBadRequest {
				result.Outcome = Passed
			}
		} else {
			isSilent = true // nobody waits for it seven times
		}
		found[c.ID] = result
	}
	return s.change(ctx, id, func(r *Run) error {
		for check, result := range found {
			r.set(check, result.At, result.Outcome, result.Found, result.Detail)
		}
		return nil
	})
}
