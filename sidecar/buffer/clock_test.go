package buffer

import (
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func TestWindowsGoOnWhateverTheWallClockDoes(t *testing.T) {
	wall := newTestClock()
	c := newClock(wall.Now)
	for _, tt := range []struct {
		what    string
		by      time.Duration
		elapsed time.Duration
	}{
		{"time passes", time.Minute, time.Minute},
		{"the clock is set back by a day", -24 * time.Hour, time.Minute},
		{"time passes after that", time.Minute, 2 * time.Minute},
		{"two readings overtake each other", -time.Millisecond, 2 * time.Minute},
	} {
		wall.Advance(tt.by)
		if got := c.read(); got.elapsed != tt.elapsed || got.wall != progress.InstantOf(wall.Now()) {
			t.Errorf("%s: %v have elapsed, want %v", tt.what, got.elapsed, tt.elapsed)
		}
	}
	now := c.read()
	if at := now.wallOf(now.elapsed - time.Second); at != now.wall-1_000_000 {
		t.Errorf("a second ago was %d, now is %d", at, now.wall)
	}
	if at := c.time(now.elapsed + time.Minute); c.at(at) != now.elapsed+time.Minute {
		t.Errorf("%v and back is %v", now.elapsed+time.Minute, c.at(at))
	}
}

func TestArrivalsRiseAlsoWhenTheClockStandsStill(t *testing.T) {
	var a arrivals
	a.load(100)
	a.load(50)
	if first, second, third := a.next(10), a.next(500), a.next(500); first != 101 || second != 500 || third != 501 || a.newest() != 501 {
		t.Errorf("%d, %d and %d", first, second, third)
	}
}
