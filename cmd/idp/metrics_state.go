package main

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
	"huskyidp/keys"
)

// stateEvery and rosterEvery are how long a scrape may return what was read before: all instances are scraped, all read
// one database, and a million members are counted.
const (
	stateEvery  = 15 * time.Second
	rosterEvery = 10 * time.Minute
)

// stateMetrics are read from the database at a scrape, because they do not belong to one instance. If the database does
// not answer they are missing, and idp_state_up is 0.
type stateMetrics struct {
	db      *postgres.DB
	signing *keys.Service
	logger  *slog.Logger
	now     func() time.Time

	mutex          sync.Mutex
	shown          []prometheus.Metric
	roster         []prometheus.Metric
	read, readSlow time.Time
}

func stateDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("idp_"+name, help, labels, nil)
}

var (
	stateUp       = stateDesc("state_up", "Whether the database answered what this and the following are read from.")
	mailsQueued   = stateDesc("mails_queued", "Mails that wait to be sent.")
	mailsOldest   = stateDesc("mails_oldest_queued_seconds", "Age of the oldest mail that waits to be sent, 0 without one.")
	jobsNow       = stateDesc("jobs", "Jobs by queue and state.", "queue", "state")
	auditUnsealed = stateDesc("audit_unsealed_events", "Security events that are not in the chain yet.")
	auditSealed   = stateDesc("audit_newest_sealed_timestamp_seconds", "When the newest event of the chain happened.")
	auditChecked  = stateDesc("audit_newest_checkpoint_timestamp_seconds", "When the newest signed checkpoint was made.")
	keyCreated    = stateDesc("signing_key_created_timestamp_seconds", "When the signing key was made.", "alg", "state")
	keyNext       = stateDesc("signing_key_next_rotation_timestamp_seconds", "When the next signing key takes over.", "alg")
	dataKey       = stateDesc("data_key_created_timestamp_seconds", "When the data key was made that seals new values.", "purpose")
	rosterMembers = stateDesc("roster_members", "Members on the roster.", "state")
	rosterImport  = stateDesc("roster_newest_import_timestamp_seconds", "When a roster file was applied last.")
)

// Describe implements prometheus.Collector.
func (s *stateMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{stateUp, mailsQueued, mailsOldest, jobsNow, auditUnsealed, auditSealed, auditChecked, keyCreated, keyNext,
		dataKey, rosterMembers, rosterImport} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (s *stateMetrics) Collect(to chan<- prometheus.Metric) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if now := s.now(); now.Sub(s.read) >= stateEvery {
		s.refresh(now)
		s.read = now
	}
	for _, m := range append(s.shown, s.roster...) {
		to <- m
	}
}

func (s *stateMetrics) refresh(now time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	up := 1.0
	state, err := s.readState(ctx)
	if err == nil && now.Sub(s.readSlow) >= rosterEvery {
		if s.roster, err = s.readRoster(ctx); err == nil {
			s.readSlow = now
		}
	}
	if err != nil {
		s.logger.Warn("metrics of the database's state are missing", "error", err.Error())
		up, state, s.roster, s.readSlow = 0, nil, nil, time.Time{}
	}
	s.shown = append(state, value(stateUp, up))
}

func value(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func instant(d *prometheus.Desc, at *time.Time, labels ...string) []prometheus.Metric {
	if at == nil || at.IsZero() {
		return nil
	}
	return []prometheus.Metric{value(d, float64(at.UnixMilli())/1000, labels...)}
}

// The queues and states that have series; there are as many completed jobs as there were mails.
var (
	jobQueues = []string{"default", "logout", "mail", "recovery", "other"}
	jobStates = []string{"available", "cancelled", "discarded", "pending", "retryable", "running", "scheduled"}
)

// readState uses the queue's index for mails, because most of the table is done.
func (s *stateMetrics) readState(ctx context.Context) (all []prometheus.Metric, err error) {
	add := func(m ...prometheus.Metric) { all = append(all, m...) }
	b := &pgx.Batch{}
	b.Queue(`
		select count(*), coalesce(extract(epoch from now() - min(m.created_at)), 0)::float8
		from river_job j join mails m on m.id = (j.args->>'mail_id')::uuid and m.state = 'queued'
		where j.kind = 'mail_send' and j.state in ('available', 'pending', 'retryable', 'running', 'scheduled')`).QueryRow(func(row pgx.Row) error {
		var waiting, oldest float64
		err := row.Scan(&waiting, &oldest)
		add(value(mailsQueued, waiting), value(mailsOldest, max(0, oldest)))
		return err
	})
	b.Queue(`select queue, state, count(*) from river_job where state = any($1::text[]::river_job_state[]) group by queue, state`, jobStates).Query(func(rows pgx.Rows) error {
		counts := map[[2]string]int64{}
		var queue, state string
		var count int64
		_, err := pgx.ForEachRow(rows, []any{&queue, &state, &count}, func() error {
			counts[[2]string{oneOf(jobQueues, queue), state}] += count
			return nil
		})
		for _, queue := range jobQueues {
			for _, state := range jobStates {
				add(value(jobsNow, float64(counts[[2]string{queue, state}]), queue, state))
			}
		}
		return err
	})
	b.Queue(`
		select (select count(*) from audit_unsealed), (select max(at) from audit_checkpoints),
			(select e.at from audit_chain c join audit_events e on e.id = c.event_id order by c.position desc limit 1)`).QueryRow(func(row pgx.Row) error {
		var unsealed float64
		var checked, sealed *time.Time
		err := row.Scan(&unsealed, &checked, &sealed)
		add(value(auditUnsealed, unsealed))
		add(instant(auditChecked, checked)...)
		add(instant(auditSealed, sealed)...)
		return err
	})
	b.Queue(`select purpose, created_at from data_keys where state = 'writing'`).Query(func(rows pgx.Rows) error {
		var purpose string
		var made time.Time
		_, err := pgx.ForEachRow(rows, []any{&purpose, &made}, func() error {
			if slices.Contains(seal.Purposes(), seal.Purpose(purpose)) { // one each that writes
				add(instant(dataKey, &made, purpose)...)
			}
			return nil
		})
		return err
	})
	b.Queue(`select max(applied_at) from roster_imports`).QueryRow(func(row pgx.Row) error {
		var applied *time.Time
		err := row.Scan(&applied)
		add(instant(rosterImport, applied)...)
		return err
	})
	if err := s.db.From(ctx).SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	signing, err := s.signing.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range signing {
		if k.State == keys.Active || k.State == keys.Next { // one each per algorithm
			add(instant(keyCreated, &k.CreatedAt, oneOf(keys.Algorithms(), k.Alg), string(k.State))...)
		}
	}
	for _, alg := range keys.Algorithms() {
		next := s.signing.NextRotation(signing, alg)
		add(instant(keyNext, &next, alg)...)
	}
	return all, nil
}

func (s *stateMetrics) readRoster(ctx context.Context) ([]prometheus.Metric, error) {
	var current, ended float64
	err := s.db.From(ctx).QueryRow(ctx, `select count(*) filter (where ended_at is null), count(*) filter (where ended_at is not null) from members`).Scan(&current, &ended)
	if err != nil {
		return nil, err
	}
	return []prometheus.Metric{value(rosterMembers, current, "current"), value(rosterMembers, ended, "ended")}, nil
}
