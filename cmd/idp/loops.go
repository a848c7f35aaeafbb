package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"huskyidp/internal/audit"
)

// background adds the loops of an instance, except for the job queues.
func (a *app) background(s settings, sv *services) {
	chain := audit.NewChain(a.db, sv.keyring, time.Now)
	var sealAudit func(context.Context) error
	sealAudit, a.sealLast = a.sealAudit(chain, sv.audit)
	a.loops = append(a.loops,
		func(ctx context.Context) { sv.keys.Run(ctx, a.loopLogger) },
		func(ctx context.Context) { sv.clients.Watch(ctx, a.loopLogger) },
		a.every(time.Second, "apps of ended sessions", sv.provider.NotifyApps),
		a.every(5*time.Second, "apps of closed accounts", sv.provider.SignalAccounts),
		a.every(5*time.Second, "audit", sealAudit),
		a.every(time.Minute, "alerts", watch(a.db, sv.audit)),
		a.every(time.Minute, "data keys", sv.keyring.Refresh),
		a.every(time.Minute, "held changes", sv.recovery.ApplyDue),
		a.every(time.Minute, "imported hashes", sv.accounts.RefreshSchemes),
		a.every(time.Minute, "mails without a job", sv.outbox.Requeue),
		a.every(time.Minute, "notices", sv.accounts.SendNotices),
		a.every(time.Minute, "suspended apps", sv.provider.NotifySuspended),
		a.every(10*time.Minute, "reminders of apps", sv.provider.RemindApps),
		a.every(10*time.Minute, "sweep", func(ctx context.Context) error {
			now := time.Now()
			return errors.Join(
				sv.accounts.Sweep(ctx),
				sv.provider.Sweep(ctx),
				sv.partners.Sweep(ctx),
				sv.checks.Sweep(ctx),
				second(sv.registration.Sweep(ctx)),
				second(sv.recovery.Sweep(ctx)),
				second(sv.outbox.Sweep(ctx, now)),
				second(sv.limiter.Sweep(ctx, now)),
				second(sv.keys.Sweep(ctx)),
				pruneAudit(ctx, chain, s.auditRetention))
		}))
}

// every runs work at intervals of about pause, at a different moment on each instance.
func (a *app) every(pause time.Duration, name string, work func(context.Context) error) func(context.Context) {
	return func(ctx context.Context) {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause/2 + rand.N(pause)):
			}
			if err := work(ctx); err != nil && ctx.Err() == nil {
				a.loopLogger.Error("periodic work failed", "work", name, "error", err.Error())
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }
