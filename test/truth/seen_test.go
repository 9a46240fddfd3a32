package truth

import "testing"

func TestSeen(t *testing.T) {
	update := func(duration float64, segments ...[2]float64) Update {
		u := Update{Key: lesson, WatchedSegments: segments}
		if duration > 0 {
			u.Duration = some(duration)
		}
		return u
	}
	for name, c := range map[string]struct {
		updates []Update
		want    Seen
	}{
		"nothing":                              {[]Update{update(200)}, Seen{}},
		"two stretches of one update":          {[]Update{update(200, [2]float64{0, 2}, [2]float64{3.6, 6.4})}, Seen{"110011", 1}},
		"what overlaps counts once":            {[]Update{update(200, [2]float64{0, 3}), update(200, [2]float64{2, 4})}, Seen{"1111", 1}},
		"a lesson of two hours has 8 s a bit":  {[]Update{update(7200, [2]float64{9, 30})}, Seen{"0111", 8}},
		"the coarser step of two, and any bit": {[]Update{update(976, [2]float64{1, 2}), update(977, [2]float64{4, 6})}, Seen{"101", 2}},
		"without a duration, the furthest end": {[]Update{update(0, [2]float64{1900, 1952})}, Seen{seenFrom(950, 976), 2}},
	} {
		if got := seenIn(c.updates); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func seenFrom(from, to int) string {
	b := make([]byte, to)
	for i := range b {
		b[i] = '0'
		if i >= from {
			b[i] = '1'
		}
	}
	return string(b)
}
