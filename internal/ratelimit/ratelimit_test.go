package ratelimit_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
)

var (
	noon  = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	three = ratelimit.Limit{Name: "test", Count: 3, Per: time.Hour}
)

func TestTake(t *testing.T) {
	t.Parallel()
	l := ratelimit.New(postgrestest.New(t), seal.Ephemeral())
	for i, step := range []struct {
		key  string
		at   time.Duration
		wait time.Duration // 0 is allowed
	}{
		{"a", 0, 0}, {"a", time.Minute, 0}, {"a", 2 * time.Minute, 0},
		{"a", 3 * time.Minute, 57 * time.Minute},
		{"b", 3 * time.Minute, 0},
		{"a", 59 * time.Minute, time.Minute},
		{"a", time.Hour, 0}, // a new window
		{"a", 61 * time.Minute, 0}, {"a", 62 * time.Minute, 0},
		{"a", 63 * time.Minute, 57 * time.Minute},
	} {
		err := l.Take(t.Context(), three, step.key, noon.Add(step.at))
		exceeded, refused := errors.AsType[*ratelimit.Exceeded](err)
		switch {
		case err != nil && !refused:
			t.Fatalf("step %d: Take: %v", i, err)
		case refused != (step.wait > 0):
			t.Errorf("step %d: Take(%s at %v) = %v, want a wait of %v", i, step.key, step.at, err, step.wait)
		case refused && exceeded.RetryAfter() != step.wait:
			t.Errorf("step %d: RetryAfter = %v, want %v", i, exceeded.RetryAfter(), step.wait)
		}
	}
	if err := l.Release(t.Context(), "test", "a"); err != nil {
		t.Fatalf("Release: %v", err)
	}
	if err := l.Take(t.Context(), three, "a", noon.Add(64*time.Minute)); err != nil {
		t.Errorf("Take after Release = %v, want nil", err)
	}
}

// parallel takes never get more than the limit.
func TestTakeInParallel(t *testing.T) {
	t.Parallel()
	l := ratelimit.New(postgrestest.NewPool(t, 8), seal.Ephemeral())
	var allowed atomic.Int32
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if l.Take(t.Context(), three, "a", noon) == nil {
				allowed.Add(1)
			}
		})
	}
	all.Wait()
	if got := allowed.Load(); got != 3 {
		t.Errorf("%d of 32 parallel takes were allowed, want 3", got)
	}
}

// All or nothing: a limit that is reached keeps the others as they are.
func TestTakeAll(t *testing.T) {
	t.Parallel()
	l := ratelimit.New(postgrestest.New(t), seal.Ephemeral())
	one := ratelimit.Limit{Name: "one", Count: 1, Per: time.Minute}
	for i, step := range []struct {
		at      time.Duration
		asks    []ratelimit.Ask
		reached string
		wait    time.Duration
	}{
		{0, []ratelimit.Ask{{three, "a"}, {one, "a"}, {three, "b"}}, "", 0},
		{time.Second, []ratelimit.Ask{{three, "a"}, {one, "a"}, {three, "b"}}, "one", 59 * time.Second},
		{2 * time.Second, []ratelimit.Ask{{three, "a"}, {three, "b"}}, "", 0},
		{3 * time.Second, []ratelimit.Ask{{three, "a"}}, "", 0},
		{4 * time.Second, []ratelimit.Ask{{one, "b"}, {three, "a"}}, "test", time.Hour - 4*time.Second},
		{5 * time.Second, []ratelimit.Ask{{one, "b"}, {three, "b"}}, "", 0},
		{61 * time.Minute, []ratelimit.Ask{{one, "a"}, {three, "a"}}, "", 0}, // new windows
	} {
		err := l.TakeAll(t.Context(), noon.Add(step.at), step.asks...)
		exceeded, refused := errors.AsType[*ratelimit.Exceeded](err)
		switch {
		case err != nil && !refused:
			t.Fatalf("step %d: TakeAll: %v", i, err)
		case refused != (step.reached != ""):
			t.Errorf("step %d: TakeAll = %v, want %q", i, err, step.reached)
		case refused && (exceeded.Limit != step.reached || exceeded.RetryAfter() != step.wait):
			t.Errorf("step %d: %s for %v, want %s for %v", i, exceeded.Limit, exceeded.RetryAfter(), step.reached, step.wait)
		}
	}
}

// parallel takes of several limits, in whatever order, neither exceed one nor wait for each other in a ring.
func TestTakeAllInParallel(t *testing.T) {
	t.Parallel()
	l := ratelimit.New(postgrestest.NewPool(t, 8), seal.Ephemeral())
	asks := []ratelimit.Ask{{three, "a"}, {ratelimit.Limit{Name: "many", Count: 100, Per: time.Hour}, "b"}, {three, "c"}}
	var allowed atomic.Int32
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			mine := slices.Clone(asks)
			if i%2 == 0 {
				slices.Reverse(mine)
			}
			err := l.TakeAll(t.Context(), noon, mine...)
			if _, refused := errors.AsType[*ratelimit.Exceeded](err); err == nil {
				allowed.Add(1)
			} else if !refused {
				t.Errorf("TakeAll = %v", err)
			}
		})
	}
	all.Wait()
	if got := allowed.Load(); got != 3 {
		t.Errorf("%d of 32 parallel takes were allowed, want 3", got)
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	l := ratelimit.New(postgrestest.New(t), seal.Ephemeral())
	for _, key := range []string{"a", "b"} {
		if err := l.Take(t.Context(), three, key, noon); err != nil {
			t.Fatalf("Take: %v", err)
		}
	}
	if n, err := l.Sweep(t.Context(), noon.Add(59*time.Minute)); n != 0 || err != nil {
		t.Errorf("Sweep before the end = %d, %v, want 0", n, err)
	}
	if n, err := l.Sweep(t.Context(), noon.Add(time.Hour)); n != 2 || err != nil {
		t.Errorf("Sweep after the end = %d, %v, want 2", n, err)
	}
}

// TestLeft: support sees what is left and when the window ends, and looking takes nothing.
func TestLeft(t *testing.T) {
	t.Parallel()
	l := ratelimit.New(postgrestest.New(t), seal.Ephemeral())
	want := func(at time.Time, left int, until time.Time) {
		t.Helper()
		if n, end, err := l.Left(t.Context(), three, "a", at); err != nil || n != left || !end.Equal(until) {
			t.Errorf("Left = %d, %v, %v, want %d, %v", n, end, err, left, until)
		}
	}
	want(noon, 3, time.Time{})
	for range 3 {
		if err := l.Take(t.Context(), three, "a", noon); err != nil {
			t.Fatal(err)
		}
	}
	want(noon.Add(time.Minute), 0, noon.Add(time.Hour))
	want(noon.Add(time.Hour), 3, time.Time{})
}

// The limit that chooses between two others is never what refuses; what is not chosen is neither counted nor asked.
func TestQueueElse(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t)
	l := ratelimit.New(db, seal.Ephemeral())
	one, two := ratelimit.Limit{Name: "one", Count: 1, Per: time.Hour}, ratelimit.Limit{Name: "two", Count: 2, Per: time.Hour}
	for i, step := range []struct{ network, key, reached string }{
		{"n1", "a", ""}, {"n1", "a", ""}, {"n1", "b", ""}, {"n1", "c", "instead"}, // one first, two more
		{"n2", "a", "test"}, {"n2", "b", ""}, // a has its two; n2 is not used up by what was refused
		{"n3", "c", "two"}, // two firsts
	} {
		var err error
		b := &pgx.Batch{}
		l.QueueElse(b, &err, noon, []ratelimit.Ask{{Limit: one, Key: step.network}, {Limit: two, Key: "all"}},
			[]ratelimit.Ask{{Limit: ratelimit.Limit{Name: "instead", Count: 2, Per: time.Hour}, Key: "all"}}, ratelimit.Ask{Limit: ratelimit.Limit{Name: "test", Count: 2, Per: time.Hour}, Key: step.key})
		if err := db.From(t.Context()).SendBatch(t.Context(), b).Close(); err != nil {
			t.Fatal(err)
		}
		reached := ""
		if exceeded, ok := errors.AsType[*ratelimit.Exceeded](err); ok {
			reached = exceeded.Limit
		}
		if reached != step.reached {
			t.Errorf("step %d: refused by %q, want %q", i, reached, step.reached)
		}
	}
}
