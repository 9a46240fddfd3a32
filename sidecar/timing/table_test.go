package timing_test

import (
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

func duration(d time.Duration) *config.Duration { c := config.Duration(d); return &c }

// classes are those of the sample: by duration, exams by their names before them.
func classes() config.Config {
	c := config.Default()
	off := false
	c.Sync.Classes = []config.Class{
		{Name: "exam", Match: config.ClassMatch{CourseIDs: []string{"go-101"}, LessonIDs: []string{"exam-*", "final"}}, Interval: duration(10 * time.Second)},
		{Name: "short", Match: config.ClassMatch{MaxDuration: config.Duration(5 * time.Minute)}, Interval: duration(time.Minute)},
		{Name: "long", Match: config.ClassMatch{MinDuration: config.Duration(30 * time.Minute)}, Interval: duration(5 * time.Minute), FlushOnComplete: &off},
		{Name: "live", Match: config.ClassMatch{ModuleIDs: []string{"live"}}, Interval: duration(10 * time.Minute)},
	}
	return c
}

func lesson(course, module, id string, d time.Duration) *progress.Record {
	u := progress.Update{Key: progress.Key{UserID: "ada", CourseID: course, LessonID: id}, ModuleID: module}
	if d > 0 {
		u.Duration = progress.Some(d.Seconds())
	}
	r := u.Record(1, 95)
	return &r
}

// A lesson in the wrong class is saved too late, or costs the database too much.
func TestTheClassOf(t *testing.T) {
	table := timing.New(classes(), 0)
	for name, tt := range map[string]struct {
		record *progress.Record
		want   string
	}{
		"a lesson of unknown duration":                {lesson("go-101", "", "l", 0), config.DefaultClass},
		"a lesson of four minutes":                    {lesson("go-101", "", "l", 4*time.Minute), "short"},
		"a lesson of exactly the most":                {lesson("go-101", "", "l", 5*time.Minute), "short"},
		"a lesson between two classes":                {lesson("go-101", "", "l", 20*time.Minute), config.DefaultClass},
		"a lesson of exactly the least":               {lesson("go-101", "", "l", 30*time.Minute), "long"},
		"an exam, by the beginning of its name":       {lesson("go-101", "", "exam-2", time.Hour), "exam"},
		"an exam, by its whole name":                  {lesson("go-101", "", "final", 0), "exam"},
		"a name that only begins like a whole one":    {lesson("go-101", "", "final-2", 0), config.DefaultClass},
		"an exam of another course":                   {lesson("go-102", "", "exam-2", time.Hour), "long"},
		"a short lesson of a module that has a class": {lesson("go-101", "live", "l", time.Minute), "short"},
		"a lesson of a module":                        {lesson("go-101", "live", "l", 0), "live"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := table.Of(tt.record).Class; got != tt.want {
				t.Errorf("is %q, want %q", got, tt.want)
			}
		})
	}
}

// An arm must not take from a class what the class needs.
func TestWhoseSettingCounts(t *testing.T) {
	c := classes()
	c.Variants = config.Variants{Seed: "s", Arms: []config.Arm{
		{Name: "slow", Weight: 1, Sync: config.ArmSync{Interval: duration(8 * time.Minute), LeaveGrace: duration(20 * time.Second)}},
		{Name: "as it is", Weight: 1},
	}}
	table := timing.New(c, 0)
	if !table.HasVariants() || len(table.All()) != 10 {
		t.Fatalf("%d terms", len(table.All()))
	}
	want := map[string]time.Duration{
		"short slow": time.Minute, "short as it is": time.Minute, "default slow": 8 * time.Minute, "default as it is": 3 * time.Minute,
	}
	for i, terms := range table.All() {
		if terms.Index != i {
			t.Errorf("%s has index %d at %d", terms.Class, terms.Index, i)
		}
		if interval, told := want[terms.Class+" "+terms.Variant]; told && terms.Interval != interval {
			t.Errorf("%s, %s is written each %v, want %v", terms.Class, terms.Variant, terms.Interval, interval)
		}
		if grace := map[string]time.Duration{"slow": 20 * time.Second, "as it is": 5 * time.Second}[terms.Variant]; terms.LeaveGrace != grace {
			t.Errorf("%s, %s waits %v for one who leaves", terms.Class, terms.Variant, terms.LeaveGrace)
		}
		if terms.FlushOnComplete == (terms.Class == "long") {
			t.Errorf("%s: flush on complete is %v", terms.Class, terms.FlushOnComplete)
		}
	}
	r := lesson("go-101", "", "l", 0)
	if of := table.Of(r); of.Variant != table.Variant("ada") {
		t.Errorf("ada is in %q and in %q", of.Variant, table.Variant("ada"))
	}
}

func TestInAHurryNothingWaitsLonger(t *testing.T) {
	for _, terms := range timing.New(classes(), time.Second).All() {
		if terms.Interval != time.Second || terms.Linger != 100*time.Millisecond {
			t.Errorf("%s waits %v and %v", terms.Class, terms.Interval, terms.Linger)
		}
	}
}
