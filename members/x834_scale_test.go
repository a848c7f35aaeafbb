package members

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// The bound of the product: 1,000,000 members in 60 s and 200 MiB, whether the roster is empty, a full file changes
// everybody on it, or a change file does. ROSTER_SCALE=1000000 measures it.
func TestScaleOf834(t *testing.T) {
	t.Parallel()
	n, limit := 20_000, 30*time.Second
	if os.Getenv("ROSTER_SCALE") != "" {
		fmt.Sscan(os.Getenv("ROSTER_SCALE"), &n)
		limit = time.Minute
	}
	full := t.TempDir() + "/roster.834"
	file, err := os.Create(full)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := Sample834(file, n, 3); err != nil {
		t.Fatal(err)
	}
	f := newFixture(t)
	for _, run := range []struct {
		name  string
		file  string
		count func(Report) int
	}{
		{"a full file onto an empty roster", full, func(r Report) int { return r.Added }},
		{"the same people, with a blank behind", rewritten(t, full, "~", "~ "), func(r Report) int { return r.Unchanged }},
		{"a full file that changes everybody", rewritten(t, full, "*HUSKY A", "*HUSKY B", "*HUSKY B", "*HUSKY C", "*HUSKY C", "*HUSKY D", "*HUSKY D", "*HUSKY A"), func(r Report) int { return r.Changed }},
		{"a change file that changes everybody", rewritten(t, full, "0000****4", "0000****2", "*HUSKY A", "*HUSKY C", "*HUSKY B", "*HUSKY D", "*HUSKY C", "*HUSKY A", "*HUSKY D", "*HUSKY B"), func(r Report) int { return r.Changed }},
	} {
		file, err := os.Open(run.file)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		debug.FreeOSMemory()
		var peak uint64
		started := time.Now()
		report, err := f.Import(t.Context(), file, ImportOptions{AllowTest: true, Progress: func(Phase, int64, int64) {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.Sys-m.HeapReleased)
		}})
		took := time.Since(started)
		if err != nil || run.count(report) != n {
			t.Fatalf("%s: Import = %+v, %v, want all of %d", run.name, report, err, n)
		}
		t.Logf("%s: %d members in %s and %d MiB", run.name, n, took.Round(100*time.Millisecond), peak>>20)
		if took > limit || peak > 200<<20 {
			t.Errorf("%s: %d members took %s and %d MiB, want at most %s and 200 MiB", run.name, n, took, peak>>20, limit)
		}
	}
}
