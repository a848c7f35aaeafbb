package members

import (
	"context"
	"fmt"
	"time"
)

// OlderError reports that the file was made before one that was applied. It is an ErrOldFile.
type OlderError struct{ Made, Newest time.Time }

func (e *OlderError) Error() string {
	made, newest := madeOn(e.Made), madeOn(e.Newest)
	if DateOf(e.Made) == DateOf(e.Newest) {
		made, newest = e.Made.Format(time.DateTime), e.Newest.Format(time.DateTime)
	}
	return fmt.Sprintf("the file was made on %s, and one made on %s was applied already; nothing was changed", made, newest)
}

// Unwrap makes it match ErrOldFile, like a file that was itself applied before.
func (e *OlderError) Unwrap() error { return ErrOldFile }

// madeOn formats the time, with the time of day if the file states one.
func madeOn(t time.Time) string {
	if isDay(t) {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04:05")
}

// isDay reports whether an instant is midnight.
func isDay(t time.Time) bool { return t.Equal(t.Truncate(24 * time.Hour)) }

// makings are the times at which the parts of a file were made, as far as it states them.
type makings struct {
	oldest, newest time.Time
	isDay          bool // the oldest may have been made at any time of its day
}

func (m *makings) add(at time.Time, isDay bool) {
	if at.IsZero() {
		return
	}
	if m.oldest.IsZero() || at.Before(m.oldest) {
		m.oldest, m.isDay = at, isDay
	}
	if at.After(m.newest) {
		m.newest = at
	}
}

// readMade reads date and time of X12 (CCYYMMDD; HHMM, HHMMSS or with fractions). It returns the zero time if there is
// no date. A day without a time is any time of that day; 0000 is midnight, when many files are made. The clock is the
// sender's, and is only compared with that of the sender's other files. A future day is an error, since it would block
// all later files.
func readMade(day, clock string, today Date) (made time.Time, isDay bool) {
	at, err := time.Parse("20060102", day)
	if err != nil || today.next().Before(DateOf(at)) {
		return time.Time{}, false
	}
	for _, layout := range []string{"150405", "1504"} {
		if len(clock) < len(layout) {
			continue
		}
		if t, err := time.Parse(layout, clock[:len(layout)]); err == nil {
			return at.Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second), false
		}
	}
	return at, true
}

// checkOrder checks whether a file that was made later was already applied and, if so, whether this one may be applied
// after it.
func (run *importRun) checkOrder(ctx context.Context) error {
	made := run.source.made()
	if made.oldest.IsZero() {
		return nil
	}
	newest, err := run.roster.store.newestMade(ctx, run.hash.Sum(nil))
	if err != nil || newest.IsZero() {
		return err
	}
	reached := newest
	if made.isDay {
		reached = newest.Truncate(24 * time.Hour)
	}
	if made.oldest.Before(reached) {
		run.older = &OlderError{made.oldest, newest}
	}
	return nil
}

// newestMade returns the latest time at which an applied file other than but was made, or zero if none states a time.
func (s store) newestMade(ctx context.Context, but []byte) (newest time.Time, err error) {
	var at *time.Time
	err = s.db.From(ctx).QueryRow(ctx, `SELECT max(made_at) FROM roster_imports WHERE file_sha256 <> $1`, but).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading former imports: %w", err)
	}
	if at == nil {
		return time.Time{}, nil
	}
	return at.UTC(), nil
}
