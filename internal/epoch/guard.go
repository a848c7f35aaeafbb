package epoch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/internal/postgres"
)

// ErrRestored says that the database is not the one served before, or is an older state of it.
var ErrRestored = errors.New("the database was restored or copied")

const (
	beatEvery    = 5 * time.Second
	beatAgain    = time.Second      // after a failure
	stalledAfter = 3 * beatEvery    // without a commit the database takes no writes
	failoverLoss = 30 * time.Second // the most that a failover may lose
	failoverTime = time.Minute      // the longest that a failover may take while no server was watching
)

// Guard asks each new connection which database it leads to.
type Guard struct {
	logger *slog.Logger
	lost   func(time.Duration) // called after a failover that may have lost commits
	mu     sync.Mutex
	seen   *memory // nil: nothing seen yet
	fault  error
	told   chan struct{} // closed once fault is set
	path   string        // file that persists seen; "" for none
	moved  time.Time     // when a beat was committed last, or Watch began
}

// memory is the latest state that this server has seen.
type memory struct {
	Epoch int       `json:"epoch"`
	Beat  time.Time `json:"beat"`
	kept  bool      // loaded from an earlier run: other servers may have written since
}

// witnessed reports whether this server was running at the given beat, and so can tell a failover from a restore.
func (m *memory) witnessed(beat *time.Time) bool {
	return m != nil && !(m.kept && beat != nil && beat.After(m.Beat))
}

// NewGuard returns a guard that has seen nothing. It calls lost after a failover that may have lost commits, with an
// upper bound of the time span lost.
func NewGuard(logger *slog.Logger, lost func(time.Duration)) *Guard {
	return &Guard{logger: logger, lost: lost, told: make(chan struct{})}
}

// Err returns ErrRestored, with the cause and the remedy, once a connection was refused; otherwise nil.
func (g *Guard) Err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.fault
}

// Stalled reports whether the database has not committed for a while, although it may answer questions: a primary that
// waits for a synchronous standby does.
func (g *Guard) Stalled() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.moved.IsZero() && time.Since(g.moved) > stalledAfter
}

func (g *Guard) committed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.moved = time.Now()
}

// row holds what the table settings says, and what the server says about itself.
type row struct {
	Epoch                                               int
	SystemIdentifier, DatabaseOID, Timeline             *int64
	Beat                                                *time.Time
	Doubt                                               *string
	Synchronous                                         bool // commits waited for a standby, on the primary of the last beat
	SystemIdentifierHere, DatabaseOIDHere, TimelineHere int64
	Now                                                 time.Time
}

const read = `
	select s.epoch, s.system_identifier, s.database_oid, s.timeline, s.beat_at, s.doubt, s.synchronous,
		h.system_identifier, h.database_oid, h.timeline, clock_timestamp()
	from settings s, (select ` + here + `) h`

// write advances the beat and records which database this is and whether its commits wait for a standby. Its commit is flushed whatever the server's setting.
const write = `
	update settings set beat_at = greatest(beat_at, clock_timestamp()), synchronous = ` + synchronous + `,
		(system_identifier, database_oid, timeline) = (select system_identifier, database_oid, timeline from (select ` + here + `) h)
	returning beat_at, set_config('synchronous_commit', 'on', true) is null`

func (r *row) columns() []any {
	return []any{&r.Epoch, &r.SystemIdentifier, &r.DatabaseOID, &r.Timeline, &r.Beat, &r.Doubt, &r.Synchronous,
		&r.SystemIdentifierHere, &r.DatabaseOIDHere, &r.TimelineHere, &r.Now}
}

// Check runs on a new connection before any other statement.
func (g *Guard) Check(ctx context.Context, conn *pgx.Conn) error {
	g.mu.Lock()
	seen, fault := g.seen, g.fault // read before asking: the database may only be ahead of it
	g.mu.Unlock()
	if fault != nil {
		return fault
	}
	var r row
	err := conn.QueryRow(ctx, read, pgx.QueryExecModeExec).Scan(r.columns()...)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && (pg.Code == "42P01" || pg.Code == "42703") && seen == nil {
		return nil // no schema or an old one: CheckSchema reports that
	}
	if err != nil {
		return fmt.Errorf("identifying the database: %w", err)
	}
	if why := r.judge(seen); why != "" {
		// so that servers started later, which remember nothing, refuse too
		if _, err := conn.Exec(ctx, `update settings set doubt = $1 where doubt is null`, why); err != nil && ctx.Err() == nil { // else another connection was refused at the same time
			g.logger.ErrorContext(ctx, "the doubt about the database could not be written down", "error", err.Error())
		}
		return g.refuse(why)
	}
	if lost := r.mayLack(seen); lost > 0 {
		go g.lost(lost) // it may need a connection, as this function does
	}
	if r.same() {
		g.remember(r.Epoch, r.Beat)
		return nil
	}
	var beat time.Time
	var void bool
	err = conn.QueryRow(ctx, write).Scan(&beat, &void)
	if err != nil {
		return fmt.Errorf("recording which database this is: %w", err)
	}
	g.logger.InfoContext(ctx, "database", "system_identifier", r.SystemIdentifierHere, "timeline", r.TimelineHere, "epoch", r.Epoch)
	g.remember(r.Epoch, &beat)
	return nil
}

// same reports whether the database is the recorded one, on the same timeline.
func (r row) same() bool { return r.identified() && r.Timeline != nil && *r.Timeline == r.TimelineHere }

func (r row) identified() bool {
	return r.SystemIdentifier != nil && r.DatabaseOID != nil && *r.SystemIdentifier == r.SystemIdentifierHere && *r.DatabaseOID == r.DatabaseOIDHere
}

// mayLack returns the time span whose commits may be missing on a new timeline: beats are seconds apart, so only a primary
// that waited for its standby has lost nothing between them.
func (r row) mayLack(seen *memory) time.Duration {
	switch {
	case r.same() || r.Timeline == nil || r.Beat == nil:
		return 0
	case r.Synchronous:
		return r.lost(seen)
	}
	return r.Now.Sub(*r.Beat)
}

// lost returns how far the database is behind what a server remembers.
func (r row) lost(seen *memory) time.Duration {
	if seen == nil || r.Beat == nil || r.Epoch != seen.Epoch {
		return 0
	}
	return seen.Beat.Sub(*r.Beat)
}

// judge returns why the database must not be served, or "".
func (r row) judge(seen *memory) string {
	switch {
	case r.Doubt != nil:
		return *r.Doubt
	case r.SystemIdentifier == nil && seen == nil:
		return "" // no server has been on it yet
	case !r.identified():
		return "it is in another cluster or under another oid than the one that was served (loaded from a dump, or cloned)"
	case seen != nil && r.Epoch < seen.Epoch:
		return fmt.Sprintf("its epoch is %d and was %d", r.Epoch, seen.Epoch)
	case r.same() && r.lost(seen) > 0:
		return fmt.Sprintf("it is %s behind what was served", r.lost(seen).Round(time.Second))
	case !r.same() && r.lost(seen) > failoverLoss:
		return fmt.Sprintf("it is on timeline %d, %s behind what was served", r.TimelineHere, r.lost(seen).Round(time.Second))
	case !r.same() && !seen.witnessed(r.Beat) && (r.Beat == nil || r.Now.Sub(*r.Beat) > failoverTime):
		return fmt.Sprintf("it is on timeline %d, and no server was there to see whether a failover or a restore made it", r.TimelineHere)
	}
	return ""
}

func (g *Guard) remember(epoch int, beat *time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.seen == nil || epoch > g.seen.Epoch {
		g.seen = &memory{Epoch: epoch}
	}
	if beat != nil && !beat.Before(g.seen.Beat) && epoch == g.seen.Epoch {
		g.seen = &memory{Epoch: epoch, Beat: *beat}
	}
}

func (g *Guard) refuse(why string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fault == nil {
		g.fault = fmt.Errorf("%w: %s. What was spent, revoked or ended since would count again. Run `idp restore-epoch --yes`, "+
			"which voids it, or with --nothing-lost if you know that nothing was lost, as after a planned promotion; docs/operate.md has the steps", ErrRestored, why)
		close(g.told)
	}
	return g.fault
}

// Watch advances the beat until ctx ends, which is not an error, or until the database turns out to have been restored,
// which is one: the server must then stop, because what it has cached belongs to another database.
func (g *Guard) Watch(ctx context.Context, db *postgres.DB) error {
	g.committed()
	for {
		pause := beatEvery
		if err := g.Beat(ctx, db); err != nil && ctx.Err() == nil && g.Err() == nil {
			g.logger.WarnContext(ctx, "the beat of the database was not moved on", "error", err.Error())
			pause = beatAgain
		}
		select {
		case <-ctx.Done():
			return nil
		case <-g.told:
			return g.Err()
		case <-time.After(pause):
		}
	}
}

// Beat advances the mark by a flushed commit, so that a crash never loses it. Behind a pooler, connections outlive
// failovers and restores, so both are judged here too.
func (g *Guard) Beat(ctx context.Context, db *postgres.DB) error {
	ctx, cancel := context.WithTimeout(ctx, beatEvery)
	defer cancel()
	g.mu.Lock()
	seen, fault := g.seen, g.fault
	g.mu.Unlock()
	if fault != nil {
		return fault
	}
	var r row
	var why string
	var beat time.Time
	err := db.InTx(ctx, func(ctx context.Context) error {
		err := db.From(ctx).QueryRow(ctx, read+` for update of s`).Scan(r.columns()...)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		if why = r.judge(seen); why != "" {
			b.Queue(`update settings set doubt = coalesce(doubt, $1)`, why)
		} else {
			b.Queue(write).QueryRow(func(row pgx.Row) error {
				var void bool
				return row.Scan(&beat, &void)
			})
		}
		return db.Finish(ctx, b)
	})
	if why != "" {
		return errors.Join(g.refuse(why), err)
	}
	if err != nil {
		return err
	}
	if lost := r.mayLack(seen); lost > 0 {
		go g.lost(lost)
	}
	g.committed()
	g.remember(r.Epoch, &beat)
	return g.keep()
}
