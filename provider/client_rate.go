package provider

import (
	"context"
	"time"

	"huskyidp/internal/ratelimit"
)

// callsWindow is over what a client's calls are evened out.
const callsWindow = 10 * time.Second

// What strangers can have stored, by a client_id that they know: from one source, and in all,
// which bounds the rows.
var (
	strangersRows = ratelimit.Limit{Name: "public_pushes", Count: 300, Per: 5 * time.Minute}
	clientRows    = ratelimit.Limit{Name: "public_client_rows", Count: 30_000, Per: 5 * time.Minute}
)

// tooManyCalls says that a client calls faster than it may, on this instance.
type tooManyCalls struct{ wait time.Duration }

func (e *tooManyCalls) Error() string             { return "provider: the client calls too often" }
func (e *tooManyCalls) RetryAfter() time.Duration { return e.wait }

// takeCall counts one call of a client that has been authenticated (S-09). A public client
// proves nothing, so that its calls count by source: a stranger cannot use them up.
func (s *Service) takeCall(client *Client, source string, now time.Time) error {
	key := client.ID
	if client.IsPublic() {
		key += " " + source
	}
	if wait := s.calls.Take(key, 1, now); wait > 0 {
		return &tooManyCalls{wait}
	}
	return nil
}

// takeRow counts what somebody who has not proven to be the client is about to have stored
// for it. A client that has is limited by its calls.
func (s *Service) takeRow(ctx context.Context, client *Client, source string, now time.Time) error {
	return s.limiter.TakeAll(ctx, now, ratelimit.Ask{Limit: strangersRows, Key: source}, ratelimit.Ask{Limit: clientRows, Key: client.ID})
}
