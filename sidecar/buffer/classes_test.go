package buffer

import (
	"fmt"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
	"github.com/progress-sync/progress-sync/test/bench/viewing"
)

func classOf(name string, interval time.Duration, match config.ClassMatch) config.Class {
	own := config.Duration(interval)
	return config.Class{Name: name, Match: match, Interval: &own}
}

// One pod has short, standard and long lessons at once. If this failed, either learners
// of short lessons would wait as long as those of long ones, or the database would be
// written as often for long lessons as for short ones.
func TestEachClassOfLessonsIsWrittenAtItsOwnInterval(t *testing.T) {
	const every = 10 * time.Second
	minutes := func(n int) config.Duration { return config.Duration(time.Duration(n) * time.Minute) }
	var c config.Config
	c.Sync.Interval = minutes(3)
	c.Sync.Classes = []config.Class{
		classOf("short", time.Minute, config.ClassMatch{MaxDuration: minutes(5)}),
		classOf("long", 5*time.Minute, config.ClassMatch{MinDuration: minutes(30)}),
		classOf("standard", 3*time.Minute, config.ClassMatch{MinDuration: minutes(5)}),
	}
	table := timing.New(c, 0)

	type lessons struct {
		class    string
		length   time.Duration
		learners int
		rows     int
		worst    time.Duration
	}
	all := []*lessons{
		{class: "short", length: 4 * time.Minute, learners: 307},
		{class: "standard", length: 20 * time.Minute, learners: 151},
		{class: "long", length: time.Hour, learners: 61},
	}
	p := testPolicy()
	p.Terms, p.MaxPendingRecords = table, 0
	r := newReplay(t, p)
	of := map[string]*lessons{}
	var moments []viewing.Moment
	for _, l := range all {
		of[l.class] = l
		for n := range l.learners {
			k := progress.Key{UserID: fmt.Sprintf("%s-%d", l.class, n), CourseID: "course", LessonID: l.class}
			start := time.Hour * time.Duration(n) / time.Duration(l.learners)
			for watched := time.Duration(0); watched < l.length; watched += every {
				moments = append(moments, viewing.Moment{At: start + watched, Update: progress.Update{
					Key: k, CurrentTime: progress.Some(watched.Seconds()), Duration: progress.Some(l.length.Seconds()),
				}})
			}
		}
	}
	r.wrote = func(record *progress.Record, opened, at time.Duration) {
		l := of[record.LessonID]
		l.rows++
		l.worst = max(l.worst, at-opened)
	}
	r.run(moments)

	for _, l := range all {
		terms := table.Of(&progress.Record{
			Duration: l.length.Seconds(), DurationStamp: progress.Stamp{At: 1, Received: 1},
		})
		if terms.Class != l.class {
			t.Fatalf("lessons of %v are of the class %s", l.length, terms.Class)
		}
		// A window begins with an update, lasts for the interval and up to the linger
		// longer, and the next one begins with the next update.
		most := windows(l.length, terms.Interval) * l.learners
		least := windows(l.length, terms.Interval+terms.Linger+every) * l.learners
		hours := (time.Duration(l.learners) * l.length).Hours()
		t.Logf("%s: %.1f rows a lesson-hour (%.1f to %.1f can be), the longest save lag %v",
			l.class, float64(l.rows)/hours, float64(least)/hours, float64(most)/hours, l.worst)
		if l.rows < least || l.rows > most {
			t.Errorf("%s: %d rows, want %d to %d", l.class, l.rows, least, most)
		}
		if bound := terms.Interval + terms.Linger + time.Second; l.worst > bound {
			t.Errorf("%s: a change waited %v, want at most %v", l.class, l.worst, bound)
		}
	}
}

// windows is how many begin within a lesson, one each so often.
func windows(length, every time.Duration) int { return int((length + every - 1) / every) }
