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

// ErrRestored says that the database is not the one that was served, or not as far on.
var ErrRestored = errors.New("the database was restored or copied")

const (
	beatEvery    = 5 * time.Second
	failoverLoss = 30 * time.Second // that a failover may lose
	failoverTime = time.Minute      // that one may take, when nobody was there to see it
)

// Guard asks each new connection of a server which database it leads to.
type Guard struct {
	logger *slog.Logger
	lost   func(time.Duration) // told of a failover that lost commits
	mu     sync.Mutex
	seen   *memory // nil: nothing yet
	fault  error
	told   chan struct{} // closed with fault
}

// memory is the furthest that this server has seen.
type memory struct {
	epoch int
	beat  time.Time
}

// NewGuard remembers nothing yet. It tells lost of a failover that took commits with it, at most so many.
func NewGuard(logger *slog.Logger, lost func(time.Duration)) *Guard {
	return &Guard{logger: logger, lost: lost, told: make(chan struct{})}
}

// Err is ErrRestored, with why and what to do, once a connection was refused; else nil.
func (g *Guard) Err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.fault
}

// row is what the settings say, and what the server says of itself.
type row struct {
	Epoch                                               int
	SystemIdentifier, DatabaseOID, Timeline             *int64
	Beat                                                *time.Time
	Doubt                                               *string
	SystemIdentifierHere, DatabaseOIDHere, TimelineHere int64
	Now                                                 time.Time
}

const read = `
	select s.epoch, s.system_identifier, s.database_oid, s.timeline, s.beat_at, s.doubt,
		h.system_identifier, h.database_oid, h.timeline, clock_timestamp()
	from settings s, (select ` + here + `) h`

// Check is for a new connection, before anything is asked of it.
func (g *Guard) Check(ctx context.Context, conn *pgx.Conn) error {
	g.mu.Lock()
	seen, fault := g.seen, g.fault // before the question: what is read later may only be further on
	g.mu.Unlock()
	if fault != nil {
		return fault
	}
	var r row
	err := conn.QueryRow(ctx, read).Scan(&r.Epoch, &r.SystemIdentifier, &r.DatabaseOID, &r.Timeline, &r.Beat, &r.Doubt,
		&r.SystemIdentifierHere, &r.DatabaseOIDHere, &r.TimelineHere, &r.Now)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && (pg.Code == "42P01" || pg.Code == "42703") && seen == nil {
		return nil // no schema, or one of before: CheckSchema says so
	}
	if err != nil {
		return fmt.Errorf("asking which database this is: %w", err)
	}
	if r.Doubt != nil {
		return g.refuse(*r.Doubt)
	}
	if why := r.judge(seen); why != "" {
		// so that a server which starts later, and remembers nothing, refuses too
		if _, err := conn.Exec(ctx, `update settings set doubt = $1 where doubt is null`, why); err != nil {
			g.logger.ErrorContext(ctx, "the doubt about the database could not be written down", "error", err.Error())
		}
		return g.refuse(why)
	}
	if lost := r.lost(seen); lost > 0 {
		go g.lost(lost) // it may need a connection, as we do
	}
	if r.same() {
		g.remember(r.Epoch, r.Beat)
		return nil
	}
	var beat time.Time
	err = conn.QueryRow(ctx, `update settings set beat_at = greatest(beat_at, clock_timestamp()),
		(system_identifier, database_oid, timeline) = (select system_identifier, database_oid, timeline from (select `+here+`) h)
		returning beat_at`).Scan(&beat)
	if err != nil {
		return fmt.Errorf("writing down which database this is: %w", err)
	}
	g.logger.InfoContext(ctx, "database", "system_identifier", r.SystemIdentifierHere, "timeline", r.TimelineHere, "epoch", r.Epoch)
	g.remember(r.Epoch, &beat)
	return nil
}

// same says that the database is the one of the row, on the same timeline.
func (r row) same() bool { return r.identified() && r.Timeline != nil && *r.Timeline == r.TimelineHere }

func (r row) identified() bool {
	return r.SystemIdentifier != nil && r.DatabaseOID != nil && *r.SystemIdentifier == r.SystemIdentifierHere && *r.DatabaseOID == r.DatabaseOIDHere
}

// lost is what a failover took from a server that remembers more.
func (r row) lost(seen *memory) time.Duration {
	if seen == nil || r.Beat == nil || r.Epoch != seen.epoch {
		return 0
	}
	return seen.beat.Sub(*r.Beat)
}

// judge says why the database may not be served, or "".
func (r row) judge(seen *memory) string {
	switch {
	case r.SystemIdentifier == nil && seen == nil:
		return "" // no server has been on it yet
	case !r.identified():
		return "it is in another cluster or under another oid than the one that was served (loaded from a dump, or cloned)"
	case seen != nil && r.Epoch < seen.epoch:
		return fmt.Sprintf("its epoch is %d and was %d", r.Epoch, seen.epoch)
	case r.same() && r.lost(seen) > 0:
		return fmt.Sprintf("it is %s behind what was served", r.lost(seen).Round(time.Second))
	case !r.same() && r.lost(seen) > failoverLoss:
		return fmt.Sprintf("it is on timeline %d, %s behind what was served", r.TimelineHere, r.lost(seen).Round(time.Second))
	case !r.same() && seen == nil && (r.Beat == nil || r.Now.Sub(*r.Beat) > failoverTime):
		return fmt.Sprintf("it is on timeline %d, and no server was there to see whether a failover or a restore made it", r.TimelineHere)
	}
	return ""
}

func (g *Guard) remember(epoch int, beat *time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.seen == nil || epoch > g.seen.epoch {
		g.seen = &memory{epoch: epoch}
	}
	if beat != nil && beat.After(g.seen.beat) && epoch == g.seen.epoch {
		g.seen = &memory{epoch, *beat}
	}
}

func (g *Guard) refuse(why string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fault == nil {
		g.fault = fmt.Errorf("%w: %s. What was spent, revoked or ended since would count again. Run `idp restore-epoch`, "+
			"which voids it; docs/operate.md has the steps", ErrRestored, why)
		close(g.told)
	}
	return g.fault
}

// Watch moves the beat on until ctx ends, which is no error, or the database turns out to be restored, which is one: the server
// ends then, since what it holds in memory is of another database.
func (g *Guard) Watch(ctx context.Context, db *postgres.DB) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-g.told:
			return g.Err()
		case <-time.After(beatEvery):
		}
		if err := g.Beat(ctx, db); err != nil && ctx.Err() == nil && g.Err() == nil {
			g.logger.WarnContext(ctx, "the beat of the database was not moved on", "error", err.Error())
		}
	}
}

// Beat moves the mark on by a commit that is flushed, whatever the server is set to: it is never lost by a crash. A connection
// that outlived a restore, as a pooler's may, is noticed by it.
func (g *Guard) Beat(ctx context.Context, db *postgres.DB) error {
	ctx, cancel := context.WithTimeout(ctx, beatEvery)
	defer cancel()
	var epoch int
	var beat time.Time
	g.mu.Lock()
	seen := g.seen
	g.mu.Unlock()
	var before *time.Time
	err := db.InTx(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		b.Queue(`set local synchronous_commit = on`)
		b.Queue(`with old as (select epoch, beat_at from settings for update)
			update settings s set beat_at = greatest(s.beat_at, clock_timestamp()) from old returning s.epoch, old.beat_at, s.beat_at`).
			QueryRow(func(row pgx.Row) error { return row.Scan(&epoch, &before, &beat) })
		return db.Finish(ctx, b)
	})
	if err != nil {
		return err
	}
	if seen != nil && before != nil && (epoch < seen.epoch || epoch == seen.epoch && seen.beat.Sub(*before) > failoverLoss) {
		why := fmt.Sprintf("it is %s behind what was served", seen.beat.Sub(*before).Round(time.Second))
		_, err := db.From(ctx).Exec(ctx, `update settings set doubt = $1 where doubt is null`, why)
		return errors.Join(g.refuse(why), err)
	}
	g.remember(epoch, &beat)
	return nil
}
