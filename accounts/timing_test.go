package accounts

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/seal"
)

// S-13: the clock does not tell whether a name exists. Pairs of attempts, in turn the one and the other first, so that a busy
// machine is busy for both. A hash costs a twentieth of the real one, which leaves less to hide behind.
func TestTiming(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.hasher.params = HashParams{MemoryKiB: 2048, Passes: 1, Lanes: 1}
	f.hasher.dummy = f.hasher.seal(seal.PepperPassword, passwordPlace(uuid.Nil), "nobody's")
	f.register("maria")
	took := map[string][]time.Duration{}
	names := []string{"maria", "nadie"}
	for range 1000 {
		if _, err := f.querier().Exec(f.ctx(), `delete from sign_in_throttles`); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			began := time.Now()
			f.try(name, wrongPassword)
			took[name] = append(took[name], time.Since(began))
		}
		slices.Reverse(names)
	}
	gap := median(took["maria"]) - median(took["nadie"])
	score := auc(took["maria"], took["nadie"])
	t.Logf("median gap %v, a classifier scores %.3f", gap, score)
	if gap.Abs() > 5*time.Millisecond {
		t.Errorf("the median gap is %v, want at most 5ms", gap)
	}
	if score < 0.45 || score > 0.55 {
		t.Errorf("a classifier scores %.3f, want 0.45 to 0.55", score)
	}
}

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// auc is the chance that one of a takes longer than one of b.
func auc(a, b []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(b))
	var longer float64
	for _, one := range a {
		below, _ := slices.BinarySearch(sorted, one)
		above, _ := slices.BinarySearch(sorted, one+1)
		longer += float64(below) + float64(above-below)/2
	}
	return longer / float64(len(a)*len(b))
}
