package epoch

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/postgres"
)

// Voided says how many rows of a table were voided.
type Voided struct {
	What string
	Rows int64
}

// here selects what the server says about itself: cluster, database and timeline.
const here = `
	(select system_identifier from pg_control_system()) as system_identifier,
	(select oid::bigint from pg_database where datname = current_database()) as database_oid,
	('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint as timeline`

// synchronous is true where a commit that was acknowledged is on a standby too.
const synchronous = `(current_setting('synchronous_standby_names') <> '' and current_setting('synchronous_commit') not in ('off', 'local'))`

// Voids names what Raise voids.
func Voids() (all []string) {
	for _, d := range decisions {
		if d.Void != "" {
			all = append(all, d.What)
		}
	}
	return all
}

// Raise begins a new epoch in one transaction: it can be killed and run again.
func Raise(ctx context.Context, db *postgres.DB, log *audit.Log, now time.Time) (epoch int, all []Voided, err error) {
	err = change(ctx, db, now, func(ctx context.Context) error {
		all = nil
		data := map[string]string{}
		for _, d := range decisions {
			if d.Void == "" {
				continue
			}
			tag, err := db.From(ctx).Exec(ctx, d.Void, pgx.NamedArgs{"now": now})
			if err != nil {
				return fmt.Errorf("voiding %s: %w", d.Table, err)
			}
			all = append(all, Voided{d.What, tag.RowsAffected()})
			data[d.Table] = strconv.FormatInt(tag.RowsAffected(), 10)
		}
		err := db.From(ctx).QueryRow(ctx, `update settings set epoch = epoch + 1, raised_at = $1 returning epoch`, now).Scan(&epoch)
		if err != nil {
			return err
		}
		data["epoch"] = strconv.Itoa(epoch)
		return log.Record(ctx, audit.Event{Kind: audit.EpochRaised, At: now, Actor: "idp restore-epoch", Success: true, Data: data})
	})
	return epoch, all, err
}

// Trust accepts the database as it is: the operator asserts that nothing acknowledged was lost.
func Trust(ctx context.Context, db *postgres.DB, log *audit.Log, now time.Time) error {
	return change(ctx, db, now, func(ctx context.Context) error {
		return log.Record(ctx, audit.Event{Kind: audit.EpochTrusted, At: now, Actor: "idp restore-epoch", Success: true})
	})
}

// change runs act and clears the doubt in one transaction without a time limit.
func change(ctx context.Context, db *postgres.DB, now time.Time, act func(context.Context) error) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		b.Queue(`set local statement_timeout = 0`)
		b.Queue(`set local lock_timeout = '30s'`)
		b.Queue(`update settings set doubt = null, beat_at = greatest(beat_at, clock_timestamp()), synchronous = ` + synchronous + `,
			(system_identifier, database_oid, timeline) = (select system_identifier, database_oid, timeline from (select ` + here + `) h)`)
		if err := db.From(ctx).SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		return act(ctx)
	})
}
