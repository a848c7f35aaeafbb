package admin

import (
	"context"
	"time"
)

// Diary is what a person did, saw and was denied within the last day, and what remains of the hourly limits.
type Diary struct {
	Lines   []Line
	Lookups int // remaining
	Acts    int // remaining
}

const diaryShown = 500

// Diary returns a person's own lines of the book.
func (s *Service) Diary(ctx context.Context, p Person) (d Diary, err error) {
	err = s.record(ctx, p, entry{act: Activity}, func(ctx context.Context, _ *entry) error {
		if err := s.allow(p, Activity, nil); err != nil {
			return err
		}
		if d.Lines, err = s.store.ofPerson(ctx, p.ID, s.now().Add(-24*time.Hour), diaryShown); err != nil {
			return err
		}
		if d.Lookups, _, err = s.limiter.Left(ctx, lookups, p.ID.String(), s.now()); err != nil {
			return err
		}
		d.Acts, _, err = s.limiter.Left(ctx, acts, p.ID.String(), s.now())
		return err
	})
	return d, err
}
