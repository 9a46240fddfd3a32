package variant_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/variant"
)

// The draw is part of the product: analytics join by it, and a learner who changes
// arm spoils the comparison.
func TestTheDrawNeverChanges(t *testing.T) {
	for id, want := range map[string]int{"learner-1": 0, "learner-2": 1, "": 0, "Ünïcode": 1} {
		if got := variant.Of("spring", id, []int{50, 50}); got != want {
			t.Errorf("%q is in arm %d, was always in %d", id, got, want)
		}
	}
}

func TestSharesFollowTheWeights(t *testing.T) {
	const learners = 20_000
	for _, weights := range [][]int{{1, 1}, {90, 10}, {1, 1, 1}, {10, 20, 30, 40}, {0, 1}} {
		counts, total := make([]int, len(weights)), 0
		for _, w := range weights {
			total += w
		}
		for i := range learners {
			counts[variant.Of("s", fmt.Sprint("u", i), weights)]++
		}
		for i, w := range weights {
			got, want := float64(counts[i])/learners, float64(w)/float64(total)
			if math.Abs(got-want) > .01 {
				t.Errorf("weights %v: arm %d has %.2f %% of the learners, not %.2f", weights, i, 100*got, 100*want)
			}
		}
	}
}
