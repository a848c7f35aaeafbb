package audit

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// Tally is how often something happened.
type Tally struct {
	Kind   Kind
	Reason string
	N      int
}

// QueueTally counts the events of some kinds from an instant to before another, by kind and reason.
func (l *Log) QueueTally(b *pgx.Batch, from, to time.Time, kinds []Kind, tallies *[]Tally) {
	b.Queue(`
		select kind, reason, count(*) as n from audit_events where at >= $1 and at < $2 and kind = any($3)
		group by kind, reason order by array_position($3, kind), reason`, from, to, kinds).Query(func(rows pgx.Rows) (err error) {
		*tallies, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Tally])
		return err
	})
}

// QueueFurthest follows every subject whose first of some steps is from an instant to before another, until a third, and counts
// them by the last of the steps that each reached.
func (l *Log) QueueFurthest(b *pgx.Batch, from, to, until time.Time, steps []Kind, tallies *[]Tally) {
	b.Queue(`
		select ($4::text[])[step], '', count(*) from (
			select max(array_position($4::text[], kind)) as step from audit_events
			where at >= $1 and at < $3 and kind = any($4) and subject <> ''
			group by subject having min(at) filter (where kind = ($4::text[])[1]) < $2) as each
		group by step order by step`, from, to, until, steps).Query(func(rows pgx.Rows) (err error) {
		*tallies, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Tally])
		return err
	})
}
