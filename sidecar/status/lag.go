package status

import "slices"

// LagBounds are the upper bounds of Lag.Counts, in seconds.
func LagBounds() []float64 {
	return []float64{.15, .5, 1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 600, 1800, 3600, 14400, 86400}
}

// Add counts n records that took so many seconds.
func (l *Lag) Add(seconds float64, n int64) {
	bounds := LagBounds()
	if l.Counts == nil {
		l.Counts = make([]int64, len(bounds)+1)
	}
	i, _ := slices.BinarySearch(bounds, seconds)
	l.Counts[i] += n
}

// Plus is what both count, where o is of the same bounds or empty; otherwise l.
func (l Lag) Plus(o Lag) Lag {
	if len(l.Counts) == 0 {
		return Lag{slices.Clone(o.Counts)}
	}
	sum := Lag{slices.Clone(l.Counts)}
	if len(o.Counts) != len(sum.Counts) {
		return sum
	}
	for i, n := range o.Counts {
		sum.Counts[i] += n
	}
	return sum
}

// Records that were counted.
func (l Lag) Records() (n int64) {
	for _, c := range l.Counts {
		n += c
	}
	return n
}

// Within is what a share, from 0 to 1, of the records took at most: the bound below
// which they are, and the last one of those beyond it. It is 0 without records.
func (l Lag) Within(share float64) float64 {
	bounds, all, passed := LagBounds(), l.Records(), int64(0)
	for i, n := range l.Counts {
		if passed += n; all > 0 && float64(passed) >= share*float64(all) {
			return bounds[min(i, len(bounds)-1)]
		}
	}
	return 0
}
