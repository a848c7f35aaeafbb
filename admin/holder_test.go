package admin

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/recovery"
)

func newRecovery(t *testing.T, d *desk, db *postgres.DB, limiter *ratelimit.Limiter, log *audit.Log, _ *mail.Outbox, now func() time.Time) *recovery.Service {
	return must[*recovery.Service](t)(recovery.New(recovery.Deps{DB: db, Limiter: limiter, Audit: log, Now: now}))
}

// holder stands for recovery until it holds changes.
type holder struct {
	d    *desk
	held []Change
}

func newHolder(d *desk) *holder { return &holder{d: d} }

func (h *holder) SendUsername(ctx context.Context, id uuid.UUID) error {
	return h.d.people.Notify(ctx, id, "username", nil)
}
func (h *holder) StartReset(context.Context, uuid.UUID) error { return nil }
func (h *holder) Hold(_ context.Context, c Change) error {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	h.held = append(h.held, c)
	return nil
}
func (h *holder) Pending(_ context.Context, id uuid.UUID) (all []Held, err error) {
	for _, c := range h.held {
		if c.AccountID == id {
			all = append(all, Held{c.Act, c.ApplyAt})
		}
	}
	return all, nil
}
