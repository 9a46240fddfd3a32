package adaptive

import (
	"math"
	"slices"
	"time"
)

const (
	// mostSamples are kept of a window, the last ones.
	mostSamples = 1000
	// enough writes give a percentile, scarce is so few that shortening is given up.
	// Between the two a shortened interval stays, so that it does not flutter.
	enough, scarce = 10, 5
	// leastSlow writes are no accident.
	leastSlow = 3
	// easyShare of the target is what 90 of a hundred writes take at most before the
	// rate grows. Between that and the target it stays.
	easyShare = 0.7
)

// refused stands for a write that the database refused for its load: it counts as
// slower than any that succeeded.
const refused = time.Duration(math.MaxInt64)

// window is what was measured between two changes of the factor.
type window struct {
	samples []time.Duration
	next    int // where the next sample goes once there are mostSamples
}

func (w *window) add(took time.Duration) {
	if len(w.samples) < mostSamples {
		w.samples = append(w.samples, took)
		return
	}
	w.samples[w.next] = took
	w.next = (w.next + 1) % mostSamples
}

// reading is what a window tells.
type reading struct {
	// writes that ended, with those that were refused for load.
	writes int
	// latency is what 90 of a hundred writes that succeeded took at most, 0 for none.
	latency time.Duration
	// pressure is the same of all writes, those that were refused among them.
	pressure time.Duration
	// slow: more than one in ten took longer than the target, and at least three.
	slow bool
	// easy: at most one in ten took longer than easyShare of the target.
	easy bool
}

func (w *window) read(target time.Duration) reading {
	all := slices.Sorted(slices.Values(w.samples))
	succeeded, _ := slices.BinarySearch(all, refused)
	r := reading{writes: len(all), latency: percentile(all[:succeeded]), pressure: percentile(all)}
	over := func(d time.Duration) int {
		within, _ := slices.BinarySearch(all, d+1)
		return len(all) - within
	}
	r.slow = over(target) >= leastSlow && 10*over(target) > r.writes
	r.easy = r.writes > 0 && 10*over(time.Duration(easyShare*float64(target))) <= r.writes
	return r
}

// mostlySlow reports whether more than half of enough writes took longer than the
// target, which is no accident however long the window lasts.
func (w *window) mostlySlow(target time.Duration) bool {
	slow := 0
	for _, took := range w.samples {
		if took > target {
			slow++
		}
	}
	return len(w.samples) >= enough && 2*slow > len(w.samples)
}

// percentile is what 90 of a hundred of the sorted times are at most, 0 for none.
func percentile(sorted []time.Duration) time.Duration {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return sorted[(9*n+9)/10-1]
}
