package buffer

import (
	"context"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func byWatched(o *Options) { o.Policy.CompletionByWatched = true }

// seen is an update of key 1 that says that a part of the lesson was seen. The lesson has
// so many seconds, 0 for one whose length nobody knows.
func seen(duration, from, to float64) progress.Update {
	u := progress.Update{Key: key(1), CurrentTime: progress.Some(to), WatchedSegments: progress.SegmentsOf([][2]float64{{from, to}}, duration)}
	if duration > 0 {
		u.Duration = progress.Some(duration)
	}
	return u
}

func TestALessonIsCompletedByWhatIsHeldOfIt(t *testing.T) {
	toTheEnd := progress.Update{Key: key(1), CurrentTime: progress.Some(100), Duration: progress.Some(100), SeekEvents: 1}
	for name, tt := range map[string]struct {
		first, second progress.Update
		between       func(*rig)
		completed     bool
	}{
		"one half and then the other":            {seen(100, 0, 50), seen(100, 50, 100), func(*rig) {}, true},
		"the first half is on its way":           {seen(100, 0, 50), seen(100, 50, 100), func(b *rig) { b.MakeDue(Filter{}); b.freezeAll(10) }, true},
		"the sidecar was killed in between":      {seen(100, 0, 50), seen(100, 50, 100), func(b *rig) { b.crash() }, true},
		"the duration comes later":               {seen(0, 0, 100), progress.Update{Key: key(1), Duration: progress.Some(100)}, func(*rig) {}, true},
		"the same half twice":                    {seen(100, 0, 50), seen(100, 0, 50), func(*rig) {}, false},
		"half of it and a seek to the end":       {seen(100, 0, 50), toTheEnd, func(*rig) {}, false},
		"a seek to the end and the last seconds": {toTheEnd, seen(100, 98, 100), func(*rig) {}, false},
		"a lesson without a duration":            {seen(0, 0, 50), seen(0, 50, 100), func(*rig) {}, false},
		"one that was reset in between": {seen(100, 0, 50), seen(100, 50, 100), func(b *rig) {
			if _, err := b.Reset(context.Background(), []progress.Key{key(1)}); err != nil {
				b.t.Fatal(err)
			}
		}, false},
		"the first half is saved, so that only the database knows": {seen(100, 0, 50), seen(100, 50, 100), func(b *rig) {
			b.MakeDue(Filter{})
			b.confirm(b.freezeAll(10)...)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newRig(t, byWatched)
			b.put(tt.first)
			tt.between(b)
			result := b.put(tt.second)[0]
			if result.Record.Completed != tt.completed {
				t.Errorf("the answer says completed: %v, at %v %%", result.Record.Completed, result.Record.Percentage)
			}
			if held := b.Unsaved(Filter{})[0].Record; held.Completed != tt.completed {
				t.Errorf("a reader is told completed: %v", held.Completed)
			}
			// What is completed is written at once, and only that.
			b.clock.Advance(time.Second)
			if due := len(b.freezeAll(10)) > 0; due != tt.completed {
				t.Errorf("due at once: %v", due)
			}
		})
	}
}
