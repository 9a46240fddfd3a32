package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/stats"
)

const (
	// maxReports may wait for the statistics of courses at once.
	maxReports = 16
	// reportWait is the longest time that one waits, for others' and its own.
	reportWait = 25 * time.Second
	// courseLessonBytes is about what a lesson takes in an answer and on its way there.
	courseLessonBytes = 600
)

// courseStatsAnswer is the statistics of a course, as far as they are saved.
type courseStatsAnswer struct {
	CourseID string               `json:"courseId"`
	AsOf     time.Time            `json:"asOf"`
	Lessons  []stats.CourseLesson `json:"lessons"`
}

// readCourseStats serves GET /v1/stats/courses/{courseId}.
func (h *Handler) readCourseStats(w http.ResponseWriter, r *http.Request, limits Limits) {
	id, wrong := courseOf(r)
	if wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	if !h.reports.enter(maxReports) {
		h.writeProblem(w, h.overloaded())
		return
	}
	defer h.reports.leave()
	ctx, cancel := context.WithTimeout(r.Context(), reportWait)
	defer cancel()
	course, err := h.statistics.CourseLessons(ctx, id)
	if err != nil {
		h.writeProblem(w, h.courseProblem(err))
		return
	}
	room := h.lease(limits)
	defer room.end()
	if !room.grow(int64(len(course.Lessons)) * courseLessonBytes) {
		h.writeProblem(w, h.overloaded())
		return
	}
	answer := courseStatsAnswer{CourseID: id, AsOf: course.AsOf.UTC().Truncate(time.Millisecond), Lessons: course.Lessons}
	if answer.Lessons == nil {
		answer.Lessons = []stats.CourseLesson{}
	}
	w.Header().Set("Age", strconv.FormatInt(int64(max(0, h.now().Sub(course.AsOf)).Seconds()), 10))
	h.writeJSON(w, http.StatusOK, answer)
}

func (h *Handler) courseProblem(err error) *problem {
	refused, fromServer := errors.AsType[*pgconn.PgError](err)
	switch {
	case errors.Is(err, postgres.ErrNoCourses):
		return &problem{
			status: http.StatusConflict, kind: "no-courses", title: "No courses",
			detail: "the table that database.mapping names has no column for the course: name one in keyColumns.courseId or columns.courseId",
		}
	case errors.Is(err, postgres.ErrTooManyLessons):
		return &problem{
			status: http.StatusConflict, kind: "too-many-lessons", title: "Too many lessons",
			detail: fmt.Sprintf("the course has more than %d lessons: ask the view progress_sync.course_lessons itself", stats.MaxLessons),
		}
	case errors.Is(err, context.DeadlineExceeded), fromServer && refused.Code == "57014":
		return h.noStatistics("the database did not count the course's rows in time: sidecar migrate --check says whether the index for " +
			"that is there, and how to build it. Ask again later, or ask the view progress_sync.course_lessons itself")
	default:
		return h.noStatistics(postgres.Classify(err).Message)
	}
}

// courseOf reads the course in a path, one segment, percent-encoded.
func courseOf(r *http.Request) (string, *problem) {
	id := r.PathValue("courseId")
	if wrong := scan.CheckText([]byte(id)); wrong != "" {
		return "", queryProblem("courseId", wrong)
	}
	return id, nil
}
