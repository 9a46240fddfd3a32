package standards

import (
	"fmt"
	"net/http"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Outcome is what becomes of an event that is accepted.
type Outcome string

const (
	// OutcomeUpdate is an event that became an update.
	OutcomeUpdate Outcome = "update"
	// OutcomeIgnored is an event that says nothing of progress, or not in words that
	// this sidecar knows.
	OutcomeIgnored Outcome = "ignored"
	// OutcomeVoiding is a statement that takes another one back. What was merged stays.
	OutcomeVoiding Outcome = "voiding"
)

// Outcomes are all of them.
func Outcomes() []Outcome { return []Outcome{OutcomeUpdate, OutcomeIgnored, OutcomeVoiding} }

// Event is one that is accepted.
type Event struct {
	ID      string
	Outcome Outcome
	Update  progress.Update // of OutcomeUpdate
}

// Ask is what a body is read for.
type Ask struct {
	// User is whose events they must be, empty if they say so themselves.
	User string
	// Prefixes are cut from the IRIs of learners, courses and lessons; the longest
	// that fits.
	Prefixes []string
	// MaxEvents in one body.
	MaxEvents int
	// Received is now.
	Received progress.Instant
	// Ranges are what numbers may be.
	Ranges Ranges
	// NewID makes an id for an event that has none and can't be told by its content.
	NewID func() string
}

// Mistake is why a whole body is refused.
type Mistake struct {
	Index  int    // of the event, from 0; -1 if it is none's
	Status int    // of the answer
	Field  string // as a path, such as "result.duration"; empty if it is no field's
	Detail string
}

// Words say what is wrong with which field.
func (m *Mistake) Words() string {
	if m.Field == "" {
		return m.Detail
	}
	return m.Field + " " + m.Detail
}

// Wrong is a mistake in a field of an event, whose index is set later.
func Wrong(field, detail string) *Mistake {
	return &Mistake{Index: -1, Status: http.StatusBadRequest, Field: field, Detail: detail}
}

// Foreign is that an event is of another learner than that of Ask.
func Foreign(field string) *Mistake {
	return &Mistake{
		Index: -1, Status: http.StatusForbidden, Field: field,
		Detail: "is not the learner who is logged in",
	}
}

// At is the mistake of the event with that index.
func (m *Mistake) At(index int) *Mistake {
	at := *m
	at.Index = index
	return &at
}

func tooMany(limit int) *Mistake {
	return &Mistake{
		Index: -1, Status: http.StatusRequestEntityTooLarge,
		Detail: fmt.Sprintf("the body has more than %d events", limit),
	}
}

func tooLarge(index int) *Mistake {
	return &Mistake{
		Index: index, Status: http.StatusRequestEntityTooLarge,
		Detail: fmt.Sprintf("the event has more than %d bytes", MaxEventBytes),
	}
}
