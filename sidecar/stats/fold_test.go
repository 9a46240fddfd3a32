package stats_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/stats"
)

func lesson(course, id string, percent float64, completed bool) progress.Record {
	return progress.Record{
		Key: progress.Key{UserID: "u", CourseID: course, LessonID: id}, Percentage: percent, Completed: completed, UpdateCount: 1,
		TimeSpent: 1_500_000, FirstWatchedAt: 5, LastWatchedAt: 9,
	}
}

func TestWhatAPercentIsOf(t *testing.T) {
	started := []progress.Record{lesson("c", "1", 100, true), lesson("c", "2", 50, false), lesson("c", "gone", 90, false)}
	reset := progress.Reset(progress.Key{UserID: "u", CourseID: "c", LessonID: "3"}, 3)
	four := stats.Totals{Lessons: 4, Weight: 10, RequiredLessons: 2, RequiredWeight: 4}
	of := func(n float64) *float64 { return &n }
	count := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		name      string
		records   []progress.Record
		catalogue stats.Catalogue
		kept      stats.Kept
		want      stats.Course
	}{
		{"of the started lessons, without a catalogue", started, stats.Catalogue{}, stats.KeptAll(), stats.Course{
			CourseID: "c", LessonsStarted: 3, LessonsCompleted: count(1), Percent: of(80), PercentOf: stats.OfStarted,
			TimeSpent: of(4.5), FirstSeen: 5, LastSeen: 9,
		}},
		{"of the course, where lessons that were not started count as 0 and others not at all", started,
			stats.Catalogue{Courses: map[string]stats.Totals{"c": four}, Lessons: []stats.Listed{{Weight: 1, Required: true}, {Weight: 3}, {}}},
			stats.KeptAll(), stats.Course{
				CourseID: "c", LessonsStarted: 2, LessonsCompleted: count(1), Percent: of(25), PercentOf: stats.OfCourse,
				Lessons: 4, RequiredLessons: 2, RequiredCompleted: count(1), RequiredPercent: of(25), TimeSpent: of(4.5), FirstSeen: 5, LastSeen: 9,
			}},
		{"a reset lesson is not started", []progress.Record{started[0], reset}, stats.Catalogue{}, stats.KeptAll(), stats.Course{
			CourseID: "c", LessonsStarted: 1, LessonsCompleted: count(1), Percent: of(100), PercentOf: stats.OfStarted,
			TimeSpent: of(1.5), FirstSeen: 5, LastSeen: 9,
		}},
		{"a lesson that was completed below 100 percent is done", []progress.Record{lesson("c", "1", 0, true)}, stats.Catalogue{}, stats.KeptAll(), stats.Course{
			CourseID: "c", LessonsStarted: 1, LessonsCompleted: count(1), Percent: of(100), PercentOf: stats.OfStarted,
			TimeSpent: of(1.5), FirstSeen: 5, LastSeen: 9,
		}},
		{"of no required lesson there is no percent", started[:1],
			stats.Catalogue{Courses: map[string]stats.Totals{"c": {Lessons: 1, Weight: 2}}, Lessons: []stats.Listed{{Weight: 2}}}, stats.KeptAll(), stats.Course{
				CourseID: "c", LessonsStarted: 1, LessonsCompleted: count(1), Percent: of(100), PercentOf: stats.OfCourse,
				Lessons: 1, RequiredCompleted: count(0), TimeSpent: of(1.5), FirstSeen: 5, LastSeen: 9,
			}},
		{"what the table does not keep is not known", started[:1], stats.Catalogue{}, stats.Kept{Course: true}, stats.Course{
			CourseID: "c", LessonsStarted: 1, PercentOf: stats.OfStarted,
		}},
		{"what an app wrote out of range is within it", []progress.Record{lesson("c", "1", 300, false), lesson("c", "2", -5, false), lesson("c", "3", math.NaN(), false)},
			stats.Catalogue{}, stats.Kept{Course: true, Percentage: true}, stats.Course{
				CourseID: "c", LessonsStarted: 3, Percent: of(200.0 / 3), PercentOf: stats.OfStarted,
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := stats.Fold(c.records, c.catalogue, c.kept)
			if len(got.Courses) != 1 {
				t.Fatalf("%d courses", len(got.Courses))
			}
			if diff := cmp.Diff(c.want, got.Courses[0]); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestTotalsAreOfAllThatWasStarted(t *testing.T) {
	records := []progress.Record{lesson("a", "1", 100, true), lesson("b", "1", 10, false), lesson("b", "2", 10, true)}
	catalogue := stats.Catalogue{Courses: map[string]stats.Totals{"b": {Lessons: 1, Weight: 1}}}
	got := stats.Fold(records, catalogue, stats.KeptAll()).Totals
	if *got.Courses != 2 || got.LessonsStarted != 3 || *got.LessonsCompleted != 2 || *got.TimeSpent != 4.5 || got.FirstSeen != 5 || got.LastSeen != 9 {
		t.Errorf("they are %+v", got)
	}
	without := stats.Fold(records, catalogue, stats.Kept{Completed: true})
	if len(without.Courses) > 0 || without.Totals.Courses != nil || *without.Totals.LessonsCompleted != 2 || without.Totals.TimeSpent != nil {
		t.Errorf("of a table without courses: %+v", without)
	}
}
