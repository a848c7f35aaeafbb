// Package timingtest judges whether response times distinguish two kinds of requests (S-13).
package timingtest

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// S-13: over at least this many pairs, the median gap and the score of a classifier stay within these bounds.
const (
	minPairs = 300
	maxGap   = 5 * time.Millisecond
	minScore = 0.45
	maxScore = 0.55
)

// Alike runs pairs of one and other in either order, by chance, so that a busy machine and the collector affect both, and fails the test if
// their times differ. A doubtful result is decided by three times as many pairs. between, if set, runs before each
// pair.
func Alike(t testing.TB, pairs int, between, one, other func()) {
	t.Helper()
	if pairs < minPairs {
		t.Fatalf("%d pairs are too few, want %d", pairs, minPairs)
	}
	var took [2][]time.Duration
	turns := []int{0, 1}
	run := []func(){one, other}
	sample := func(pairs int) (gap time.Duration, score float64) {
		for range pairs {
			if between != nil {
				between()
			}
			for _, i := range turns {
				began := time.Now()
				run[i]()
				took[i] = append(took[i], time.Since(began))
			}
			rand.Shuffle(2, func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
		}
		gap, score = median(took[0])-median(took[1]), auc(took[0], took[1])
		t.Logf("%d pairs: median gap %v, a classifier scores %.3f", len(took[0]), gap, score)
		return gap, score
	}
	gap, score := sample(pairs)
	if !within(gap, score) {
		gap, score = sample(2 * pairs) // judged together with those before
	}
	if !within(gap, score) {
		t.Errorf("S-13: the median gap is %v, want at most %v; a classifier scores %.3f, want %.2f to %.2f", gap, maxGap, score, minScore, maxScore)
	}
}

func within(gap time.Duration, score float64) bool {
	return gap.Abs() <= maxGap && score >= minScore && score <= maxScore
}

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// auc returns the probability that an element of a exceeds one of b.
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
