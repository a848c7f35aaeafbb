package recovery

import (
	"context"
	"errors"
	"time"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
)

// Flow is the app that waits while a member asks for help; zero if there is none.
type Flow struct{ App string }

// Flows is what recovery needs of the provider.
type Flows interface {
	Flow(ctx context.Context, id string, browser []byte) (Flow, error)
}

// Deps is what a Service is built from. All fields are required.
type Deps struct {
	DB      *postgres.DB
	Limiter *ratelimit.Limiter
	Audit   *audit.Log
	Now     func() time.Time
}

// Service decides; Handler speaks HTTP.
type Service struct {
	store   store
	db      *postgres.DB
	limiter *ratelimit.Limiter
	audit   *audit.Log
	now     func() time.Time
}

// New checks that nothing is missing.
func New(d Deps) (*Service, error) {
	if d.DB == nil || d.Limiter == nil || d.Audit == nil || d.Now == nil {
		return nil, errors.New("recovery: DB, Limiter, Audit and Now are required")
	}
	return &Service{store{d.DB}, d.DB, d.Limiter, d.Audit, d.Now}, nil
}

// Sweep deletes reference numbers after 30 days; cmd/idp runs it.
func (s *Service) Sweep(ctx context.Context) (int64, error) {
	return s.store.sweep(ctx, s.now().AddDate(0, 0, -30))
}
