package state

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheLagsOfABatchAreKeptInFewGroups(t *testing.T) {
	for name, c := range map[string]struct {
		lags []float64
		want []batchLag
	}{
		"an empty batch":                {nil, nil},
		"one record":                    {[]float64{2}, []batchLag{{2, 1}}},
		"all of the same lag":           {slices.Repeat([]float64{3}, 500), []batchLag{{3, 500}}},
		"few lags are kept as they are": {[]float64{9, 1, 4}, []batchLag{{1, 1}, {4, 1}, {9, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, groupsOf(c.lags), cmp.AllowUnexported(batchLag{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestGroupsTellEveryShareToASixteenth(t *testing.T) {
	var lags []float64
	for i := range 1000 {
		lags = append(lags, float64(1000-i))
	}
	groups := groupsOf(lags)
	if len(groups) != maxGroups || groups[maxGroups-1].seconds != 1000 {
		t.Fatalf("%+v", groups)
	}
	lag := saveLagOf(groups)
	if lag.Records != 1000 || lag.MedianSeconds < 500 || lag.MedianSeconds > 563 || lag.P95Seconds < 950 {
		t.Errorf("%+v", lag)
	}
}
