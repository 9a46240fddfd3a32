package stats

import "time"

// CourseLessons is what the database says of a course, as the view course_lessons does.
// It has nothing of what is not saved.
type CourseLessons struct {
	// AsOf is when the database was asked.
	AsOf time.Time
	// Lessons are sorted by id.
	Lessons []CourseLesson
}

// CourseLesson is what all learners did of a lesson. What is nil is not known.
type CourseLesson struct {
	LessonID          string   `json:"lessonId"`
	Learners          int64    `json:"learners"`
	Completed         *int64   `json:"completed,omitempty"`
	CompletionPercent *float64 `json:"completionPercent,omitempty"`
	MedianPercent     *float64 `json:"medianPercent,omitempty"`
	// MedianPositionSeconds is of the furthest positions.
	MedianPositionSeconds *float64 `json:"medianPositionSeconds,omitempty"`
	// UnfinishedByTenth counts the learners who did not complete the lesson by how far
	// they came: below 10 percent first, from 90 percent on last.
	UnfinishedByTenth []int64 `json:"unfinishedByTenth,omitempty"`
	// Weight and Required are nil for a lesson that is in no catalogue.
	Weight   *int64 `json:"weight,omitempty"`
	Required *bool  `json:"required,omitempty"`
}
