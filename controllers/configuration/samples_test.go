package configuration

import (
	"os"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// sample is the configuration of the sidecars of a sample, read back as they do.
func sample(t *testing.T, name string) config.Config {
	t.Helper()
	text, err := os.ReadFile("../../config/samples/progresssync_v1alpha1_" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	policy := lms().Build() // with the defaults of the API server
	if err := yaml.UnmarshalStrict(text, policy); err != nil {
		t.Fatal(err)
	}
	file, err := File(Of(policy, 0))
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if unknown := config.UnknownSettings([]byte(file)); len(unknown) > 0 {
		t.Errorf("sidecars do not know %q", unknown)
	}
	return c
}

func lesson(id string, minutes float64) *progress.Record {
	r := &progress.Record{}
	r.UserID, r.LessonID = "learner-1", id
	if minutes > 0 {
		r.Duration, r.DurationStamp = 60*minutes, progress.Stamp{At: 1}
	}
	return r
}

// Who takes the sample as it is gets the writes that the page tells of.
func TestTheSampleOfClassesWritesEachLessonAsItSays(t *testing.T) {
	table := timing.New(sample(t, "classes"), 0)
	for name, c := range map[string]struct {
		record    *progress.Record
		class     string
		interval  time.Duration
		autoQuiet bool
		flush     bool
	}{
		"a lesson of 4 minutes":         {lesson("intro", 4), "short", time.Minute, true, true},
		"one of just 5":                 {lesson("intro", 5), "short", time.Minute, true, true},
		"a lesson of 20 minutes":        {lesson("loops", 20), "default", 3 * time.Minute, true, true},
		"a lesson of 60 minutes":        {lesson("lecture", 60), "long", 5 * time.Minute, true, true},
		"a lesson of unknown duration":  {lesson("loops", 0), "default", 3 * time.Minute, true, true},
		"an exam, short as it is":       {lesson("exam-1", 4), "exam", 30 * time.Second, true, true},
		"a live lesson, long or not":    {lesson("live-2027-01-08", 90), "live", 5 * time.Minute, false, false},
		"a lesson that is called alike": {lesson("about-exam-1", 20), "default", 3 * time.Minute, true, true},
	} {
		terms := table.Of(c.record)
		if terms.Class != c.class || terms.Interval != c.interval || terms.AutoQuiet != c.autoQuiet || terms.FlushOnComplete != c.flush || terms.QuietPeriod != 0 {
			t.Errorf("%s: %+v", name, *terms)
		}
	}
}

func TestTheSampleOfVariantsComparesTwoSettings(t *testing.T) {
	c := sample(t, "variants")
	table := timing.New(c, 0)
	intervals := map[string]time.Duration{}
	for _, terms := range table.All() {
		intervals[terms.Variant] = terms.Interval
	}
	if len(intervals) != 2 || intervals["usual"] != 3*time.Minute || intervals["quiet"] != 5*time.Minute {
		t.Errorf("intervals %v", intervals)
	}
	if c.Variants.Arms[0].Weight != 90 || c.Variants.Arms[1].Weight != 10 {
		t.Errorf("%+v", c.Variants)
	}
}

func TestTheOtherSamplesAreRead(t *testing.T) {
	for _, name := range []string{"minimal", "full"} {
		if c := sample(t, name); c.Sync.Interval.D() != 3*time.Minute {
			t.Errorf("%s: an interval of %s", name, c.Sync.Interval)
		}
	}
}
