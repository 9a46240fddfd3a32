package stats

import (
	"maps"
	"math"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Basis says what a percent is of.
type Basis string

const (
	// OfCourse is a percent of all lessons of the catalogue, by their weights.
	OfCourse Basis = "course"
	// OfStarted is a mean over the lessons that the learner has started.
	OfStarted Basis = "started"
)

// Course is what a learner did of a course. What is nil is not known.
type Course struct {
	CourseID string
	// LessonsStarted and LessonsCompleted are those of the catalogue, or all without one.
	LessonsStarted   int64
	LessonsCompleted *int64
	// Percent is 0 to 100. A completed lesson counts as 100.
	Percent   *float64
	PercentOf Basis
	// Lessons of the catalogue, 0 without one. Then there is nothing of required ones.
	Lessons, RequiredLessons int64
	RequiredCompleted        *int64
	RequiredPercent          *float64
	TimeSpent                *float64 // seconds
	FirstSeen, LastSeen      progress.Instant
}

// LearnerTotals are over all courses, whatever their catalogues say.
type LearnerTotals struct {
	// Courses is nil where the table keeps none.
	Courses             *int64
	LessonsStarted      int64
	LessonsCompleted    *int64
	TimeSpent           *float64 // seconds
	FirstSeen, LastSeen progress.Instant
}

// Learner is the answer.
type Learner struct {
	// Courses are sorted by id.
	Courses []Course
	Totals  LearnerTotals
}

// Started reports whether a learner was there: a row that a reset has left behind has
// nothing of it.
func Started(r *progress.Record) bool {
	return r.UpdateCount > 0 || r.Percentage > 0 || r.LastWatchedAt != 0 || r.Completed ||
		r.MaxPosition > 0 || r.Position > 0 || r.Watched > 0 || r.TimeSpent > 0
}

// Fold works out the statistics of one learner.
func Fold(records []progress.Record, catalogue Catalogue, kept Kept) Learner {
	all := sums{}
	courses := map[string]*sums{}
	for i := range records {
		r := &records[i]
		if !Started(r) {
			continue
		}
		all.add(r, Listed{}, kept)
		if !kept.Course {
			continue
		}
		course := courses[r.CourseID]
		if course == nil {
			course = &sums{}
			courses[r.CourseID] = course
		}
		course.add(r, catalogue.lesson(i), kept)
	}
	l := Learner{Totals: LearnerTotals{
		LessonsStarted:   all.started,
		LessonsCompleted: known(kept.Completed, all.completed),
		TimeSpent:        known(kept.TimeSpent, float64(all.spent)/1e6),
		FirstSeen:        all.first, LastSeen: all.last,
	}}
	l.Totals.Courses = known(kept.Course, int64(len(courses)))
	for _, id := range slices.Sorted(maps.Keys(courses)) {
		l.Courses = append(l.Courses, courses[id].course(id, catalogue.Courses[id], kept))
	}
	return l
}

// NothingOf is the course with a catalogue of a learner who has started none of it.
func NothingOf(id string, t Totals, kept Kept) Course { return (&sums{}).course(id, t, kept) }

// sums are what records add up to. Percentages are in millionths, so that the sums
// don't depend on the order; listed ones are of lessons in the catalogue, by weight.
type sums struct {
	started, completed, done            int64
	listed, listedCompleted, listedDone int64
	requiredCompleted, requiredDone     int64
	spent                               int64 // microseconds
	first, last                         progress.Instant
}

func (s *sums) add(r *progress.Record, l Listed, kept Kept) {
	done, completed := millionths(r, kept), int64(0)
	if r.Completed {
		completed = 1
	}
	s.started++
	s.completed += completed
	s.done += done
	if l.Weight > 0 {
		s.listed++
		s.listedCompleted += completed
		s.listedDone += done * l.Weight
	}
	if l.Weight > 0 && l.Required {
		s.requiredCompleted += completed
		s.requiredDone += done * l.Weight
	}
	if more := max(0, r.TimeSpent); s.spent > math.MaxInt64-more {
		s.spent = math.MaxInt64
	} else {
		s.spent += more
	}
	if kept.FirstSeen && r.FirstWatchedAt != 0 && (s.first == 0 || r.FirstWatchedAt < s.first) {
		s.first = r.FirstWatchedAt
	}
	if kept.LastSeen {
		s.last = max(s.last, r.LastWatchedAt)
	}
}

// millionths is how much of a lesson is done, in millionths of a percent.
func millionths(r *progress.Record, kept Kept) int64 {
	switch {
	case r.Completed:
		return 100e6
	case !kept.Percentage:
		return 0
	case !(r.Percentage <= 100): // nor a number
		return 100e6
	default:
		return int64(math.RoundToEven(max(0, r.Percentage) * 1e6))
	}
}

func (s *sums) course(id string, t Totals, kept Kept) Course {
	c := Course{
		CourseID: id, LessonsStarted: s.started, LessonsCompleted: known(kept.Completed, s.completed),
		PercentOf: OfStarted, Percent: percent(kept, s.done, s.started),
		TimeSpent: known(kept.TimeSpent, float64(s.spent)/1e6),
		FirstSeen: s.first, LastSeen: s.last,
	}
	if t.Lessons == 0 {
		return c
	}
	c.Lessons, c.RequiredLessons = t.Lessons, t.RequiredLessons
	c.LessonsStarted, c.LessonsCompleted = s.listed, known(kept.Completed, s.listedCompleted)
	c.PercentOf, c.Percent = OfCourse, percent(kept, s.listedDone, t.Weight)
	c.RequiredCompleted = known(kept.Completed, s.requiredCompleted)
	if t.RequiredWeight > 0 {
		c.RequiredPercent = percent(kept, s.requiredDone, t.RequiredWeight)
	}
	return c
}

func percent(kept Kept, done, of int64) *float64 {
	return known(kept.done(), float64(done)/(float64(of)*1e6))
}

func known[T any](known bool, value T) *T {
	if !known {
		return nil
	}
	return &value
}
