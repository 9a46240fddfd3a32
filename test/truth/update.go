package truth

import (
	"time"
)

// Key names one learner in one lesson of one course.
type Key struct {
	UserID   string `json:"userId"`
	CourseID string `json:"courseId"`
	LessonID string `json:"lessonId"`
}

// Update is one update as it is sent: it marshals to the body of
// POST /v1/progress. Times in seconds; nil is a field that is left out.
type Update struct {
	Key
	ModuleID        string   `json:"moduleId,omitempty"`
	CurrentTime     *float64 `json:"currentTime,omitempty"`
	Duration        *float64 `json:"duration,omitempty"`
	Percentage      *float64 `json:"percentage,omitempty"`
	WatchedDuration *float64 `json:"watchedDuration,omitempty"`
	WatchedDelta    *float64 `json:"watchedDelta,omitempty"`
	// WatchedSegments are pairs of seconds, from and to.
	WatchedSegments [][2]float64 `json:"watchedSegments,omitempty"`
	PlaybackSpeed   *float64     `json:"playbackSpeed,omitempty"`
	SeekEvents      int64        `json:"seekEvents,omitempty"`
	PauseEvents     int64        `json:"pauseEvents,omitempty"`
	Completed       bool         `json:"completed,omitempty"`
	OccurredAt      time.Time    `json:"occurredAt"`
}

// Outcome is what is known of an update that was sent.
type Outcome string

const (
	// Acknowledged means that a 2xx answer was seen: it must be in Postgres,
	// once.
	Acknowledged Outcome = "acknowledged"
	// Refused means that it was certainly not taken: an error answer was seen,
	// or no connection came about. It must not be in Postgres.
	Refused Outcome = "refused"
	// Uncertain means that no answer was seen: it may be in Postgres, once.
	// Every update is uncertain until its answer is recorded.
	Uncertain Outcome = "uncertain"
)

// Entry is a line of the account. One with an Update says that it is about to
// be sent; one with an Outcome says what became of it. Recording an entry again
// changes nothing.
type Entry struct {
	// ID names one attempt to send, across all senders of an account.
	ID      string  `json:"id"`
	Update  *Update `json:"update,omitempty"`
	Outcome Outcome `json:"outcome,omitempty"`
}
