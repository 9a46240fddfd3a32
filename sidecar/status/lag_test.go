package status

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func lagOf(seconds ...float64) (l Lag) {
	for _, s := range seconds {
		l.Add(s, 1)
	}
	return l
}

func TestWhatAShareOfTheRecordsTook(t *testing.T) {
	for name, c := range map[string]struct {
		lag   Lag
		share float64
		want  float64
	}{
		"without a record":                     {Lag{}, .95, 0},
		"a bound is within itself":             {lagOf(5), .95, 5},
		"a little more is within the next one": {lagOf(5.001), .95, 10},
		"half of two":                          {lagOf(1, 60), .5, 1},
		"more than half of two":                {lagOf(1, 60), .51, 60},
		"beyond all bounds":                    {lagOf(1e6), .5, 86400},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.lag.Within(c.share); got != c.want {
				t.Errorf("%g s", got)
			}
		})
	}
}

// The operator adds up what the sidecars count.
func TestLagsOfSeveralSidecarsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.SliceOf(rapid.Float64Range(0, 1e5))
		a, b := seconds.Draw(t, "a"), seconds.Draw(t, "b")
		one, other := lagOf(a...), lagOf(b...)
		before := slices.Clone(one.Counts)
		sum := one.Plus(other)
		if diff := cmp.Diff(lagOf(append(slices.Clone(a), b...)...).Counts, sum.Counts); diff != "" || sum.Records() != int64(len(a)+len(b)) {
			t.Errorf("%d records, (-want +got):\n%s", sum.Records(), diff)
		}
		sum.Add(1, 1)
		if !slices.Equal(before, one.Counts) {
			t.Error("the sum shares its counts with what it was made of")
		}
	})
}

// One of another version may count by other bounds.
func TestALagOfOtherBoundsIsLeftOut(t *testing.T) {
	if got := lagOf(1).Plus(Lag{Counts: []int64{7}}); got.Records() != 1 {
		t.Errorf("%d records", got.Records())
	}
}
