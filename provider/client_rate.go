package provider

import (
	"context"
	"time"

	"huskyidp/internal/ratelimit"
	"huskyidp/internal/web"
)

// callsWindow is the period over which a client's calls are evened out.
const callsWindow = 10 * time.Second

// Limits on rows that callers who only know a client_id can have stored: per source, and per client, which bounds the
// rows.
var (
	unknownRows = ratelimit.Limit{Name: "public_pushes", Count: 300, Per: 5 * time.Minute}
	clientRows  = ratelimit.Limit{Name: "public_client_rows", Count: 30_000, Per: 5 * time.Minute}
)

// tooManyCalls is returned if a client exceeds its rate on this instance.
type tooManyCalls struct{ wait time.Duration }

func (e *tooManyCalls) Error() string             { return "provider: the client calls too often" }
func (e *tooManyCalls) RetryAfter() time.Duration { return e.wait }

// takeCall counts one call of an authenticated client (S-09). A public client proves nothing, so its calls count per
// source: an unauthenticated caller cannot use them up.
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

// takeRow counts a row that a caller who has not authenticated as the client is about to have stored for it.
// Authenticated clients are limited by their calls.
func (s *Service) takeRow(ctx context.Context, client *Client, source string, now time.Time) error {
	return s.limiter.TakeAll(ctx, now, ratelimit.Ask{Limit: unknownRows.Times(web.SourceFactor(ctx)), Key: source}, ratelimit.Ask{Limit: clientRows, Key: client.ID})
}
