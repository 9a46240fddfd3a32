package web

import (
	"fmt"
	"time"
)

// progressAnswer is what the sidecar knows of a learner's course.
type progressAnswer struct {
	Progress []record `json:"progress"`
	// Stale means that the database could not be asked, so that all of it may be
	// less than what is saved.
	Stale bool `json:"stale"`
}

// record of a lesson.
type record struct {
	LessonID        string  `json:"lessonId"`
	PositionSeconds float64 `json:"positionSeconds"`
	DurationSeconds float64 `json:"durationSeconds"`
	// Percentage is of the furthest position, 0 to 100.
	Percentage    float64   `json:"percentage"`
	Completed     bool      `json:"completed"`
	LastWatchedAt time.Time `json:"lastWatchedAt"`
}

// overview is what the course page says, in the server's words, so that its
// script, which fills the page later, has none of its own.
type overview struct {
	// Known is false while nobody can say how far the learner is.
	Known bool `json:"known"`
	// Percentage of the course, 0 to 100.
	Percentage float64 `json:"percentage"`
	Summary    string  `json:"summary"`
	// Next is where to go on.
	Next    link           `json:"next"`
	Lessons []lessonStatus `json:"lessons"`
}

type link struct {
	Address string `json:"address"`
	Text    string `json:"text"`
}

// lessonStatus says how far the learner is in a lesson.
type lessonStatus struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Known bool   `json:"known"`
	// Percentage is what the bar shows, 0 to 100.
	Percentage float64 `json:"percentage"`
	Words      string  `json:"words"`
}

const (
	unknownCourse = "Can't be shown right now; it is safe"
	unknownLesson = "Can't be shown right now"
)

// overviewOf makes the course page. Of what is stale only a completion is sure:
// nothing that is saved can be more.
func overviewOf(lessons []Lesson, known progressAnswer) overview {
	found := map[string]record{}
	for _, r := range known.Progress {
		found[r.LessonID] = r
	}
	page := overview{Known: !known.Stale, Summary: unknownCourse}
	completed := 0
	for _, lesson := range lessons {
		r := found[lesson.ID]
		status := lessonStatus{ID: lesson.ID, Title: lesson.Title, Known: !known.Stale || r.Completed, Percentage: r.Percentage}
		switch {
		case r.Completed:
			completed++
			status.Percentage, status.Words = 100, "✓ Completed"
		case !status.Known:
			status.Percentage, status.Words = 0, unknownLesson
		case r.Percentage > 0 || r.PositionSeconds > 0:
			status.Words = fmt.Sprintf("%d %%", int(r.Percentage)) // so that 100 is all of it
		default:
			status.Words = "Not started yet"
		}
		page.Percentage += status.Percentage / float64(len(lessons))
		page.Lessons = append(page.Lessons, status)
	}
	if page.Known {
		page.Summary = fmt.Sprintf("%d of %d lessons completed · %d %%", completed, len(lessons), int(page.Percentage))
	}
	page.Next = next(lessons, found, page.Known)
	return page
}

// next is the lesson that the learner watched last of those that are not
// completed, or else the first of these.
func next(lessons []Lesson, found map[string]record, known bool) link {
	to := func(lesson Lesson, text string) link {
		return link{Address: "/lessons/" + lesson.ID, Text: text + lesson.Title}
	}
	var first, last *Lesson
	for i, lesson := range lessons {
		r := found[lesson.ID]
		if r.Completed {
			continue
		}
		if first == nil {
			first = &lessons[i]
		}
		if known && r.PositionSeconds > 0 && (last == nil || r.LastWatchedAt.After(found[last.ID].LastWatchedAt)) {
			last = &lessons[i]
		}
	}
	switch {
	case first == nil:
		return to(lessons[0], "Watch again: ")
	case !known:
		return to(*first, "Go to: ")
	case last == nil:
		return to(*first, "Start with: ")
	}
	r := found[last.ID]
	// The browser package goes on from there only in the middle of a lesson.
	const start, end = 0.05, 0.9
	if part := r.PositionSeconds / r.DurationSeconds; part > start && part < end {
		return to(*last, "Continue at "+clock(r.PositionSeconds)+" – ")
	}
	return to(*last, "Continue with: ")
}

// clock writes seconds as minutes and seconds.
func clock(seconds float64) string {
	const minute = 60
	return fmt.Sprintf("%d:%02d", int(seconds)/minute, int(seconds)%minute)
}
