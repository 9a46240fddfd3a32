package truth

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// listing is one of the lessons of a course's catalogue.
type listing struct {
	CourseID, LessonID string
	Weight             int
	Required           bool
}

// Views are the names of the views for statistics over one table.
type Views struct {
	LearnerCourse, CourseLessons, LearnerTotals string
}

// OwnViews are those over OwnTable.
func OwnViews() Views {
	return Views{"progress_sync.learner_course", "progress_sync.course_lessons", "progress_sync.learner_totals"}
}

// VerifyViews reads the views and returns how they differ from what all rows of their
// table and the catalogue say, worked out the slow way.
func VerifyViews(ctx context.Context, conn *pgx.Conn, views Views, rows []Row) ([]string, error) {
	result, err := conn.Query(ctx, "SELECT course_id, lesson_id, weight, required FROM progress_sync.course_catalogue")
	if err != nil {
		return nil, fmt.Errorf("reading the catalogue: %w", err)
	}
	catalogue, err := pgx.CollectRows(result, pgx.RowToStructByPos[listing])
	if err != nil {
		return nil, fmt.Errorf("reading the catalogue: %w", err)
	}
	var found []string
	var started []Row
	for _, r := range rows {
		if r.UpdateCount > 0 {
			started = append(started, r)
		}
	}
	for _, v := range []struct {
		name, columns string
		want          map[string][]float64
	}{
		{views.LearnerCourse, `user_id || '/' || course_id, lessons_started, lessons_completed, percent, coalesce(required_percent, -1),
			coalesce(lessons, 0), coalesce(required_lessons, 0), coalesce(required_completed, 0), time_spent_seconds,
			extract(epoch FROM first_seen), extract(epoch FROM last_seen)`, learnerCourses(started, catalogue)},
		{views.CourseLessons, `course_id || '/' || lesson_id, learners, completed, coalesce(completion_percent, -1),
			coalesce(median_percent, -1), coalesce(median_position_seconds, -1), coalesce(weight, 0), unfinished_by_tenth[1], unfinished_by_tenth[2],
			unfinished_by_tenth[5], unfinished_by_tenth[10], (SELECT sum(n) FROM unnest(unfinished_by_tenth) AS n)`, courseLessons(started, catalogue)},
		{views.LearnerTotals, `user_id, courses, lessons_started, lessons_completed, time_spent_seconds,
			extract(epoch FROM first_seen), extract(epoch FROM last_seen)`, learnerTotals(started)},
	} {
		got, err := readView(ctx, conn, "SELECT "+v.columns+" FROM "+v.name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", v.name, err)
		}
		for key, want := range v.want {
			if !same(got[key], want) {
				found = append(found, fmt.Sprintf("%s, %s: %v, want %v", v.name, key, got[key], want))
			}
			delete(got, key)
		}
		for key := range got {
			found = append(found, fmt.Sprintf("%s, %s: a row that nothing is known of", v.name, key))
		}
	}
	slices.Sort(found)
	return found, nil
}

// readView reads numbers by the key in front of them.
func readView(ctx context.Context, conn *pgx.Conn, sql string) (map[string][]float64, error) {
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string][]float64{}
	for rows.Next() {
		var key string
		numbers := make([]float64, len(rows.FieldDescriptions())-1)
		into := []any{&key}
		for i := range numbers {
			into = append(into, &numbers[i])
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		all[key] = numbers
	}
	return all, rows.Err()
}

// same allows for percentages that the views round to millionths.
func same(got, want []float64) bool {
	return slices.EqualFunc(got, want, func(g, w float64) bool { return math.Abs(g-w) <= 1e-6+1e-15*math.Abs(w) })
}

// done is how much of a lesson is, in percent.
func (r Row) done() float64 {
	if r.Completed {
		return 100
	}
	return r.Percentage
}

func group(rows []Row, by func(Row) string) map[string][]Row {
	groups := map[string][]Row{}
	for _, r := range rows {
		groups[by(r)] = append(groups[by(r)], r)
	}
	return groups
}

func learnerCourses(rows []Row, catalogue []listing) map[string][]float64 {
	all := map[string][]float64{}
	courses := map[string][]listing{}
	for _, l := range catalogue {
		courses[l.CourseID] = append(courses[l.CourseID], l)
	}
	for key, of := range group(rows, func(r Row) string { return r.UserID + "/" + r.CourseID }) {
		listed := map[string]listing{}
		var weight, requiredWeight, required float64
		for _, l := range courses[of[0].CourseID] {
			listed[l.LessonID] = l
			weight += float64(l.Weight)
			if l.Required {
				required++
				requiredWeight += float64(l.Weight)
			}
		}
		var started, completed, done, requiredDone, requiredCompleted float64
		for _, r := range of {
			l, isListed := listed[r.LessonID]
			if len(listed) == 0 {
				l.Weight = 1
			} else if !isListed {
				continue
			}
			started++
			done += r.done() * float64(l.Weight)
			if r.Completed {
				completed++
			}
			if l.Required {
				requiredDone += r.done() * float64(l.Weight)
				if r.Completed {
					requiredCompleted++
				}
			}
		}
		if len(listed) == 0 {
			weight = started
		}
		requiredPercent := -1.0
		if requiredWeight > 0 {
			requiredPercent = requiredDone / requiredWeight
		}
		all[key] = append([]float64{started, completed, done / weight, requiredPercent, float64(len(listed)), required, requiredCompleted}, visits(of)...)
	}
	return all
}

// visits are the seconds that rows took, and the first and the last moment.
func visits(rows []Row) []float64 {
	var spent int64
	first, last := rows[0].FirstWatchedAt, rows[0].LastWatchedAt
	for _, r := range rows {
		spent += r.TimeSpent
		if r.FirstWatchedAt.Before(first) {
			first = r.FirstWatchedAt
		}
		if r.LastWatchedAt.After(last) {
			last = r.LastWatchedAt
		}
	}
	return []float64{float64(spent) / 1e6, epoch(first), epoch(last)}
}

func epoch(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

func courseLessons(rows []Row, catalogue []listing) map[string][]float64 {
	all := map[string][]float64{}
	weights := map[string]float64{}
	for _, l := range catalogue {
		key := l.CourseID + "/" + l.LessonID
		weights[key] = float64(l.Weight)
		all[key] = []float64{0, 0, -1, -1, -1, float64(l.Weight), 0, 0, 0, 0, 0}
	}
	for key, of := range group(rows, func(r Row) string { return r.CourseID + "/" + r.LessonID }) {
		var completed float64
		var done, positions []float64
		var tenths [10]float64
		for _, r := range of {
			done, positions = append(done, r.done()), append(positions, r.MaxPosition)
			if r.Completed {
				completed++
			} else {
				tenths[min(9, int(r.Percentage/10))]++
			}
		}
		learners := float64(len(of))
		all[key] = []float64{learners, completed, 100 * completed / learners, median(done), median(positions), weights[key],
			tenths[0], tenths[1], tenths[4], tenths[9], learners - completed}
	}
	return all
}

func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

func learnerTotals(rows []Row) map[string][]float64 {
	all := map[string][]float64{}
	for user, of := range group(rows, func(r Row) string { return r.UserID }) {
		var completed float64
		for _, r := range of {
			if r.Completed {
				completed++
			}
		}
		courses := group(of, func(r Row) string { return r.CourseID })
		all[user] = append([]float64{float64(len(courses)), float64(len(of)), completed}, visits(of)...)
	}
	return all
}
