package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// newAlertCounter counts alerts by name. All names are there from the start, so that a rule can ask for an increase.
func newAlertCounter(registry *prometheus.Registry) func(name string) {
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "idp_alerts_total", Help: "Alerts, each also a log line and a row of the audit."}, []string{"alert"})
	registry.MustRegister(counter)
	for _, name := range audit.AlertNames() {
		counter.WithLabelValues(name)
	}
	return func(name string) { counter.WithLabelValues(name).Inc() }
}

// watches are states that are alerts as long as they last: the query returns how many there are, and least is how many
// matter.
var watches = []struct {
	kind audit.Kind
	from int
	sql  string
}{
	{audit.MailsLate, 1, `select count(*) from mails where state = 'queued' and created_at < @now::timestamptz - interval '10 minutes' and created_at > @now::timestamptz - interval '2 days'`},
	{audit.JobsDiscarded, 1, `select count(*) from river_job where state = 'discarded' and finalized_at > @now::timestamptz - interval '1 hour'`},
	// Five times the usual rate of that hour a week before, and not just a few.
	{audit.ResetsRising, 20, `
		select case when now > 5 * usual then now::int else 0 end from (
			select count(*) filter (where at > @now::timestamptz - interval '1 hour') as now, count(*) filter (where at <= @now::timestamptz - interval '1 hour') / 167.0 as usual
			from audit_events where kind = 'password_reset' and at > @now::timestamptz - interval '7 days') counted`},
}

// watchLock is the advisory lock that allows one instance at a time to report a state.
const watchLock = 0x1d9a1e27

// watch raises an alert for each state that lasts, once an hour across all instances.
func watch(db *postgres.DB, log *audit.Log) func(context.Context) error {
	return func(ctx context.Context) error {
		return db.InTx(ctx, func(ctx context.Context) error {
			now := time.Now()
			if _, err := db.From(ctx).Exec(ctx, `select pg_advisory_xact_lock($1)`, watchLock); err != nil {
				return err
			}
			for _, w := range watches {
				var count int
				var reported bool
				args := pgx.NamedArgs{"now": now, "kind": w.kind}
				if err := db.From(ctx).QueryRow(ctx, w.sql, args).Scan(&count); err != nil {
					return fmt.Errorf("watching %s: %w", w.kind, err)
				}
				if count < w.from {
					continue
				}
				if err := db.From(ctx).QueryRow(ctx, `select exists (select from audit_events where kind = @kind and at > @now::timestamptz - interval '1 hour')`, args).Scan(&reported); err != nil {
					return err
				}
				if reported {
					continue
				}
				if err := log.Record(ctx, audit.Event{Kind: w.kind, At: now, Actor: "idp", Data: map[string]string{"count": strconv.Itoa(count)}}); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// tellBroken records a sealed value that cannot be opened, outside of the request that met it, which may be rolled
// back; at most once a minute for each value.
func tellBroken(log *audit.Log, logger *slog.Logger) func(seal.Purpose, seal.Place) {
	reported := web.NewMeter[seal.Place](1, time.Minute)
	return func(p seal.Purpose, at seal.Place) {
		if reported.Take(at, 1, time.Now()) > 0 {
			return
		}
		event := audit.Event{Kind: audit.SealBroken, At: time.Now(), Actor: "idp",
			Data: map[string]string{"purpose": string(p), "table": at.Table, "column": at.Column, "row": shownRow(at.Row)}}
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			if err := log.Record(ctx, event); err != nil {
				logger.Error("an alert could not be recorded", "error", err.Error())
			}
		}()
	}
}

// shownRow is the ID of a row as it may appear in log and audit: some are digests of secrets.
func shownRow(row string) string {
	if id, err := uuid.Parse(row); err == nil {
		return id.String()
	}
	return base64.RawURLEncoding.EncodeToString(seal.Digest(row)[:12])
}
