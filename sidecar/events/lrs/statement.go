package lrs

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
)

// What statements name. Extensions are those of the video profile, the rest is ADL's.
const (
	verbCompleted  = "http://adlnet.gov/expapi/verbs/completed"
	verbTerminated = "http://adlnet.gov/expapi/verbs/terminated"
	typeLesson     = "http://adlnet.gov/expapi/activities/lesson"
	typeCourse     = "http://adlnet.gov/expapi/activities/course"
	videoExtension = "https://w3id.org/xapi/video/extensions/"
	platform       = "progress-sync"
)

// statementName is what the ids of statements are made under, with those of events.
const statementName = "urn:progress-sync:xapi-statement:"

// data is what the outbox has of a lesson.
type data struct {
	UserID           string
	CourseID         string
	LessonID         string
	CompletedAt      *time.Time
	LeftAt           *time.Time
	Completed        *bool // told of who left
	Percentage       *float64
	PositionSeconds  *float64
	DurationSeconds  *float64
	TimeSpentSeconds *float64
	WatchedSegments  [][2]float64
}

type statement struct {
	ID        string    `json:"id"`
	Actor     actor     `json:"actor"`
	Verb      verb      `json:"verb"`
	Object    activity  `json:"object"`
	Result    result    `json:"result"`
	Context   during    `json:"context"`
	Timestamp time.Time `json:"timestamp"`
}

type actor struct {
	ObjectType string  `json:"objectType"`
	Account    account `json:"account"`
}

type account struct {
	HomePage string `json:"homePage"`
	Name     string `json:"name"`
}

type verb struct {
	ID      string            `json:"id"`
	Display map[string]string `json:"display"`
}

type activity struct {
	ObjectType string     `json:"objectType"`
	ID         string     `json:"id"`
	Definition definition `json:"definition"`
}

type definition struct {
	Type string `json:"type"`
}

type result struct {
	Completion *bool          `json:"completion,omitempty"`
	Duration   string         `json:"duration,omitempty"`
	Extensions map[string]any `json:"extensions,omitempty"`
}

type during struct {
	Platform   string                `json:"platform"`
	Activities map[string][]activity `json:"contextActivities"`
	Extensions map[string]any        `json:"extensions,omitempty"`
}

// statementOf says an event of a lesson that was completed, or that a learner has left.
func (f form) statementOf(e delivery.Event) (statement, error) {
	var d data
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return statement{}, fmt.Errorf("reading event %s of the outbox: %w", e.ID, err)
	}
	s := statement{
		ID:     statementID(e.ID),
		Actor:  actor{"Agent", account{f.homePage, e.Learner}},
		Object: activity{"Activity", f.lesson(d), definition{typeLesson}},
		Context: during{
			Platform:   platform,
			Activities: map[string][]activity{"parent": {{"Activity", f.course(d), definition{typeCourse}}}},
		},
		Result: resultOf(d),
	}
	at := d.CompletedAt
	if e.Type == config.EventLeft {
		// How long the session was is not known, only the lesson's whole time.
		s.Verb, s.Result.Completion, at = said(verbTerminated, "terminated"), d.Completed, d.LeftAt
	} else {
		done := true
		s.Verb, s.Result.Completion, s.Result.Duration = said(verbCompleted, "completed"), &done, d.duration()
	}
	s.Timestamp = e.At.UTC()
	if at != nil {
		s.Timestamp = at.UTC()
	}
	if d.DurationSeconds != nil && *d.DurationSeconds > 0 {
		s.Context.Extensions = map[string]any{videoExtension + "length": *d.DurationSeconds}
	}
	return s, nil
}

func said(id, word string) verb { return verb{id, map[string]string{"en-US": word}} }

// duration is the time spent as ISO 8601 has it, empty where that is not known.
func (d data) duration() string {
	if d.TimeSpentSeconds == nil {
		return ""
	}
	return "PT" + hundredths(*d.TimeSpentSeconds) + "S"
}

// resultOf says where the learner stands.
func resultOf(d data) result {
	r := result{Extensions: map[string]any{}}
	if d.Percentage != nil {
		r.Extensions[videoExtension+"progress"] = math.Round(1e4*min(max(*d.Percentage/100, 0), 1)) / 1e4
	}
	if d.PositionSeconds != nil {
		r.Extensions[videoExtension+"time"] = *d.PositionSeconds
	}
	if len(d.WatchedSegments) > 0 {
		r.Extensions[videoExtension+"played-segments"] = played(d.WatchedSegments)
	}
	return r
}

// statementID follows from an event's id. It is of version 5, since there are stores that
// refuse the later versions.
func statementID(event uuid.UUID) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, append([]byte(statementName), event[:]...)).String()
}

// played writes segments as the video profile has them: 0[.]12[,]30[.]45.
func played(segments [][2]float64) string {
	parts := make([]string, 0, len(segments))
	for _, s := range segments {
		parts = append(parts, hundredths(s[0])+"[.]"+hundredths(s[1]))
	}
	return strings.Join(parts, "[,]")
}

// hundredths of a second are what a store has to keep at least.
func hundredths(seconds float64) string {
	return strconv.FormatFloat(math.Round(seconds*100)/100, 'f', -1, 64)
}
