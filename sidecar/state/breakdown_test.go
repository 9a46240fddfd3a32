package state

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/learnerhash"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// compared is a policy with a class of its own for courses that begin with "exam", and
// two arms.
func compared() config.Config {
	c := config.Default()
	short := config.Duration(time.Minute)
	c.Sync.Classes = []config.Class{{Name: "exam", Match: config.ClassMatch{CourseIDs: []string{"exam*"}}, Interval: &short}}
	c.Variants = config.Variants{Seed: "s", Arms: []config.Arm{{Name: "a", Weight: 1}, {Name: "b", Weight: 3}}}
	return c
}

func recordOf(user, course string, updates int64) progress.Record {
	return progress.Record{Key: progress.Key{UserID: user, CourseID: course, LessonID: "1"}, UpdateCount: updates}
}

// learnerOf finds a learner of an arm.
func learnerOf(t *testing.T, c config.Config, arm string) string {
	t.Helper()
	table := timing.New(c, 0)
	for i := range 1000 {
		if id := fmt.Sprintf("learner-%d", i); table.Variant(id) == arm {
			return id
		}
	}
	t.Fatalf("no learner is in %s", arm)
	return ""
}

func counted(lag status.Lag) map[float64]int64 {
	out := map[float64]int64{}
	for i, n := range lag.Counts {
		if n > 0 {
			out[append(status.LagBounds(), -1)[i]] = n
		}
	}
	return out
}

// An exam's record would otherwise be told to have waited as long as the lecture's
// that happened to be in its batch.
func TestEachRecordHasItsOwnLag(t *testing.T) {
	s, _ := newState(t)
	s.SetConfig(config.Choice{Config: compared()})
	s.BatchSaved(progress.Batch{
		Oldest:  progress.InstantOf(start),
		Opened:  []progress.Instant{progress.InstantOf(start.Add(4 * time.Minute)), progress.InstantOf(start)},
		Records: []progress.Record{recordOf("ada", "exam-1", 6), recordOf("ada", "history", 30)},
	}, 2, start.Add(5*time.Minute))
	classes := s.Document().Classes
	if len(classes) != 2 || classes[0].Name != "exam" || classes[1].Name != config.DefaultClass {
		t.Fatalf("classes %+v", classes)
	}
	for i, want := range []struct{ interval, lag float64 }{{60, 60}, {180, 300}} {
		c := classes[i]
		if c.IntervalSeconds != want.interval || c.RecordsSaved != 1 || counted(c.SaveLag)[want.lag] != 1 {
			t.Errorf("%+v", c)
		}
	}
	if got := s.SaveLag(); got != (SaveLag{2, 60, 300}) {
		t.Errorf("the panel has %+v", got)
	}
	if n := len(s.Document().Variants); n != 2 {
		t.Errorf("%d variants", n)
	}
}

func TestTheLagIsThatOfTheOldestWhereNoMoreIsKnown(t *testing.T) {
	now := progress.InstantOf(start.Add(time.Minute))
	two := make([]progress.Record, 2)
	for name, c := range map[string]struct {
		opened []progress.Instant
		want   float64
	}{
		"frozen before the process started": {nil, 60},
		"accepted later than the oldest":    {[]progress.Instant{progress.InstantOf(start), progress.InstantOf(start.Add(50 * time.Second))}, 10},
		"not known of this record":          {[]progress.Instant{progress.InstantOf(start), 0}, 60},
		"of other records":                  {[]progress.Instant{now}, 60},
		"the clock was set back":            {[]progress.Instant{now, now + 1}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := progress.Batch{Oldest: progress.InstantOf(start), Opened: c.opened, Records: two}
			if got := lagOf(&b, 1, now); got != c.want {
				t.Errorf("%g s", got)
			}
		})
	}
}

// One who waits for an exam to be saved would look at another class.
func TestWhatWaitsIsToldOfEachClass(t *testing.T) {
	s, b := newState(t)
	s.SetConfig(config.Choice{Config: compared()})
	due := start.Add(time.Minute)
	b.stats = buffer.Stats{Pending: 7, Overdue: 4 * time.Second, NextDue: start.Add(5 * time.Minute)}
	b.classes = []buffer.ClassStats{
		{Class: config.DefaultClass, Interval: 5 * time.Minute},
		{Class: "exam", Interval: 90 * time.Second, Pending: 7, Oldest: progress.InstantOf(start.Add(3 * time.Second)), NextDue: due},
	}
	want := []status.Class{
		{Name: "exam", IntervalSeconds: 90, PendingRecords: 7, OldestPendingSeconds: 7, NextSyncAt: &due},
		{Name: config.DefaultClass, IntervalSeconds: 300},
	}
	if diff := cmp.Diff(want, s.Document().Classes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	lines := strings.Split(get(t, s, "/metrics").Body.String(), "\n")
	for _, line := range []string{
		`progress_sync_class_records_pending{class="exam"} 7`, `progress_sync_class_records_pending{class="default"} 0`, `progress_sync_overdue_seconds 4`,
	} {
		if !slices.Contains(lines, line) {
			t.Errorf("no line %s", line)
		}
	}
	if got := s.Document().Sync.OverdueSeconds; got != 4 {
		t.Errorf("%g s overdue", got)
	}
	s.ConditionChanged(failed(flush.PhaseRetrying))
	again := start.Add(20 * time.Second)
	want[0].NextSyncAt = &again // when the attempt is repeated
	if diff := cmp.Diff(want, s.Document().Classes); diff != "" {
		t.Errorf("after a failure (-want +got):\n%s", diff)
	}
}

// Whoever compares the arms would compare wrong numbers.
func TestTheArmsAddUpToTheWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, _ := newState(t)
		c := compared()
		s.SetConfig(config.Choice{Config: c})
		table := timing.New(c, 0)
		for n := range rapid.Uint64Range(1, 20).Draw(rt, "batches") {
			b := progress.Batch{Number: n, Oldest: progress.InstantOf(start)}
			for range rapid.IntRange(0, 12).Draw(rt, "records") {
				r := recordOf(fmt.Sprint(rapid.IntRange(0, 50).Draw(rt, "learner")), rapid.SampledFrom([]string{"exam-1", "history"}).Draw(rt, "course"), 2)
				b.Records = append(b.Records, r)
				s.Accepted(2, 1)
				s.Merged(table.Of(&r), learnerhash.Of(r.UserID))
				s.Merged(table.Of(&r), learnerhash.Of(r.UserID))
			}
			rows := rapid.Int64Range(0, int64(len(b.Records))).Draw(rt, "rows")
			if rapid.Bool().Draw(rt, "replayed") {
				s.BatchReplayed(b, rows)
			} else {
				s.BatchSaved(b, rows, start.Add(time.Minute))
			}
		}
		d := s.Document()
		var whole status.Variant
		classes := int64(0)
		for _, v := range d.Variants {
			if v.RowsWritten < 0 {
				rt.Errorf("%s has %d rows", v.Name, v.RowsWritten)
			}
			whole.UpdatesAccepted += v.UpdatesAccepted
			whole.RowsWritten += v.RowsWritten
			whole.SaveLag = whole.SaveLag.Plus(v.SaveLag)
		}
		for _, of := range d.Classes {
			classes += of.RecordsSaved
		}
		got := []int64{whole.UpdatesAccepted, whole.RowsWritten, whole.SaveLag.Records(), classes}
		want := []int64{d.Counters.UpdatesAccepted, d.Counters.RowsWritten, d.Counters.RecordsSaved, d.Counters.RecordsSaved}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Errorf("updates, rows, and records by arm and by class (-want +got):\n%s", diff)
		}
	})
}

// An arm that always lost by rounding would seem to write less.
func TestRowsAreSharedOutWithoutFavour(t *testing.T) {
	rows := []int64{0, 0}
	for n := range uint64(300) {
		parts := []count{{records: 1}, {records: 2}}
		share(parts, 1, n)
		rows[0] += parts[0].rows
		rows[1] += parts[1].rows
	}
	if !slices.Equal(rows, []int64{100, 200}) {
		t.Errorf("of 300 rows for one record and two the arms have %d", rows)
	}
}

func TestALearnerCountsOnceForItsArm(t *testing.T) {
	s, _ := newState(t)
	c := compared()
	s.SetConfig(config.Choice{Config: c})
	table := timing.New(c, 0)
	ada := learnerOf(t, c, "b")
	for _, course := range []string{"exam-1", "history", "history"} {
		r := recordOf(ada, course, 1)
		for range 10 {
			s.Merged(table.Of(&r), learnerhash.Of(ada))
		}
	}
	v := s.Document().Variants
	if v[1].Learners != 1 || v[1].UpdatesAccepted != 30 || v[0].Learners != 0 || v[0].UpdatesAccepted != 0 || v[1].Weight != 3 {
		t.Errorf("%+v", v)
	}
}

// A sidecar's memory would grow with every learner that there ever was.
func TestLearnersBeyondTheBoundAreToldOf(t *testing.T) {
	var l learners
	for i := range uint64(maxLearners) {
		if !l.add(i) {
			t.Fatal("a learner was not counted", i)
		}
	}
	if l.add(7) || l.more {
		t.Error("one that was there already is told to be beyond the bound")
	}
	if l.add(maxLearners) || !l.more || len(l.seen) != maxLearners {
		t.Errorf("%d learners are remembered, more: %v", len(l.seen), l.more)
	}
}

func TestWhatThePolicyDropsIsForgotten(t *testing.T) {
	for name, c := range map[string]struct {
		change      func(*config.Config)
		class, arms int64
	}{
		"another interval changes nothing":                {func(c *config.Config) { c.Sync.Interval *= 2 }, 1, 1},
		"settings of an arm change nobody's arm":          {func(c *config.Config) { c.Variants.Arms[0].Sync.Interval = &c.Sync.Interval }, 1, 1},
		"of a class that is gone nothing is left":         {func(c *config.Config) { c.Sync.Classes = nil }, 0, 1},
		"another seed draws anew":                         {func(c *config.Config) { c.Variants.Seed = "t" }, 1, 0},
		"other weights draw anew":                         {func(c *config.Config) { c.Variants.Arms[0].Weight = 2 }, 1, 0},
		"without variants nothing is counted of learners": {func(c *config.Config) { c.Variants = config.Variants{} }, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newState(t)
			before, after := compared(), compared()
			c.change(&after)
			s.SetConfig(config.Choice{Config: before})
			r := recordOf("ada", "exam-1", 1)
			terms := timing.New(before, 0).Of(&r)
			s.Merged(terms, 1)
			s.FinalLag(terms, time.Second)
			s.BatchSaved(progress.Batch{Records: []progress.Record{r}}, 1, start)

			s.SetConfig(config.Choice{Config: after})
			s.FinalLag(terms, time.Second) // of a record that was there before
			s.SetConfig(config.Choice{Config: before})
			d := s.Document()
			arms := status.Variant{}
			for _, v := range d.Variants {
				arms.Learners += v.Learners
				arms.UpdatesAccepted += v.UpdatesAccepted
				arms.UpdatesSaved += v.UpdatesSaved
				arms.RowsWritten += v.RowsWritten
			}
			want := status.Variant{Learners: c.arms, UpdatesAccepted: c.arms, UpdatesSaved: c.arms, RowsWritten: c.arms}
			if diff := cmp.Diff(want, arms); diff != "" || d.Classes[0].RecordsSaved != c.class || d.Classes[0].FinalLag.Records() != 2*c.class {
				t.Errorf("class %+v, arms (-want +got):\n%s", d.Classes[0], diff)
			}
		})
	}
}
