package ingest

import (
	"context"
	"net/http"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/stats"
)

// readStats serves GET /v1/stats: what a learner did of courses, of what is saved and
// what is not, as the learner's home knows it. Where the database does not answer
// there are no numbers, since those of a part look like those of all.
func (h *Handler) readStats(w http.ResponseWriter, r *http.Request, limits Limits) {
	user, wrong := requireUser(r, limits.UserHeader)
	if wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	filter, wrong := filterOf(r, user, "userId")
	if wrong == nil && filter.LessonID != "" {
		wrong = queryProblem("lessonId", "can't be asked for here: leave it out, or ask GET /v1/progress")
	}
	if wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	h.saveForHome(r, filter, limits)
	answered, missed := h.handOn(w, r, filter.UserID, limits)
	if answered {
		return
	}
	room := h.lease(limits)
	defer room.end()
	unsaved := h.buffer.Tally(filter).Records
	if unsaved > postgres.MaxReadRecords {
		h.writeProblem(w, tooManyLessons(filter))
		return
	}
	if !room.grow(int64(unsaved)*recordBytes) || !h.reads.enter(limits.maxReads()) {
		h.writeProblem(w, h.overloaded())
		return
	}
	defer h.reads.leave()
	v := h.inTime(r.Context(), filter, limits)
	switch {
	case v.tooMany:
		h.writeProblem(w, tooManyLessons(filter))
		return
	case v.silent:
		h.writeProblem(w, h.noStatistics("the database did not answer in time; GET /v1/sync says what is wrong with it. Ask again later"))
		return
	case !room.grow(int64(len(v.saved)+len(v.unsaved)) * 2 * recordBytes):
		h.writeProblem(w, h.overloaded())
		return
	}
	records := v.merged(limits.Completion)
	// The time that the read has left over may be none.
	ctx, cancel := context.WithTimeout(r.Context(), limits.ReadTimeout)
	defer cancel()
	catalogue, err := h.statistics.Listed(ctx, filter.CourseID, records)
	if err != nil {
		h.writeProblem(w, h.noStatistics(postgres.Classify(err).Message))
		return
	}
	learner := stats.Fold(records, catalogue, limits.Kept)
	if totals := catalogue.Courses[filter.CourseID]; len(learner.Courses) == 0 && totals.Lessons > 0 {
		learner.Courses = []stats.Course{stats.NothingOf(filter.CourseID, totals, limits.Kept)}
	}
	h.writeJSON(w, http.StatusOK, answerLearner(filter, learner, v.stale || missed))
}

// merged are the records as they will be when all is saved.
func (v *view) merged(completion progress.Completion) []progress.Record {
	records := make([]progress.Record, 0, len(v.saved)+len(v.unsaved))
	v.each(func(saved *progress.Record, unsaved *buffer.Unsaved) {
		switch {
		case unsaved == nil:
			records = append(records, *saved)
		case saved == nil:
			records = append(records, completion.Of(unsaved.Record))
		default:
			records = append(records, completion.Of(progress.MergeForReader(*saved, unsaved.Record.Raise(saved.Generation))))
		}
	})
	return records
}

// noStatistics is the answer where numbers could be wrong.
func (h *Handler) noStatistics(detail string) *problem {
	return &problem{
		status: http.StatusServiceUnavailable, kind: "no-statistics", title: "No statistics now",
		detail: detail, retryAfter: h.untilNextSync(),
	}
}

// learnerAnswer is the statistics of a learner. What is not known is left out.
type learnerAnswer struct {
	UserID  string         `json:"userId"`
	Courses []courseAnswer `json:"courses"`
	// Totals are there if no course was asked for.
	Totals *totalsAnswer `json:"totals,omitempty"`
	Stale  bool          `json:"stale"`
}

type courseAnswer struct {
	CourseID          string      `json:"courseId"`
	LessonsStarted    int64       `json:"lessonsStarted"`
	LessonsCompleted  *int64      `json:"lessonsCompleted,omitempty"`
	Percent           *float64    `json:"percent,omitempty"`
	PercentOf         stats.Basis `json:"percentOf"`
	Lessons           int64       `json:"lessons,omitempty"`
	RequiredLessons   *int64      `json:"requiredLessons,omitempty"`
	RequiredCompleted *int64      `json:"requiredCompleted,omitempty"`
	RequiredPercent   *float64    `json:"requiredPercent,omitempty"`
	TimeSpentSeconds  *float64    `json:"timeSpentSeconds,omitempty"`
	FirstSeenAt       *time.Time  `json:"firstSeenAt,omitempty"`
	LastSeenAt        *time.Time  `json:"lastSeenAt,omitempty"`
}

type totalsAnswer struct {
	Courses          *int64     `json:"courses,omitempty"`
	LessonsStarted   int64      `json:"lessonsStarted"`
	LessonsCompleted *int64     `json:"lessonsCompleted,omitempty"`
	TimeSpentSeconds *float64   `json:"timeSpentSeconds,omitempty"`
	FirstSeenAt      *time.Time `json:"firstSeenAt,omitempty"`
	LastSeenAt       *time.Time `json:"lastSeenAt,omitempty"`
}

func answerLearner(filter buffer.Filter, l stats.Learner, stale bool) learnerAnswer {
	answer := learnerAnswer{UserID: filter.UserID, Courses: make([]courseAnswer, 0, len(l.Courses)), Stale: stale}
	for _, c := range l.Courses {
		a := courseAnswer{
			CourseID: c.CourseID, LessonsStarted: c.LessonsStarted, LessonsCompleted: c.LessonsCompleted,
			Percent: c.Percent, PercentOf: c.PercentOf, Lessons: c.Lessons, RequiredCompleted: c.RequiredCompleted,
			RequiredPercent: c.RequiredPercent, TimeSpentSeconds: c.TimeSpent,
			FirstSeenAt: timeOf(c.FirstSeen), LastSeenAt: timeOf(c.LastSeen),
		}
		if c.PercentOf == stats.OfCourse {
			a.RequiredLessons = &c.RequiredLessons
		}
		answer.Courses = append(answer.Courses, a)
	}
	if filter.CourseID == "" {
		t := l.Totals
		answer.Totals = &totalsAnswer{
			Courses: t.Courses, LessonsStarted: t.LessonsStarted, LessonsCompleted: t.LessonsCompleted,
			TimeSpentSeconds: t.TimeSpent, FirstSeenAt: timeOf(t.FirstSeen), LastSeenAt: timeOf(t.LastSeen),
		}
	}
	return answer
}
