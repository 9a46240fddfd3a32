package config

import (
	"net/url"
	"slices"
)

// Webhook is an address that events are sent to. What signs them is in the mounted
// Secret.
type Webhook struct {
	URL string `json:"url"`
	// Types of the events that are sent, of EventTypes; DefaultEventTypes if empty.
	Types []string `json:"types,omitempty"`
	// Batch is how many events one request has at most; 1 to 100, 0 is 1.
	Batch int `json:"batch,omitempty"`
}

// The types of events.
const (
	EventCompleted = "dev.progresssync.lesson.completed"
	EventReset     = "dev.progresssync.lesson.reset"
	EventErased    = "dev.progresssync.learner.erased"
	// EventLeft is told only where somebody is to get it (Events.Departures).
	EventLeft = "dev.progresssync.lesson.left"
)

// DefaultEventTypes are those that a webhook is sent which names none.
func DefaultEventTypes() []string { return []string{EventCompleted, EventReset, EventErased} }

// EventTypes are what Webhook.Types may name.
func EventTypes() []string { return append(DefaultEventTypes(), EventLeft) }

const maxBatch = 100

// valid says whether a webhook, nil for none, can be used.
func (w *Webhook) valid() bool {
	if w == nil {
		return true
	}
	u, err := url.Parse(w.URL)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && u.Fragment == "" &&
		w.Batch >= 0 && w.Batch <= maxBatch &&
		!slices.ContainsFunc(w.Types, func(t string) bool { return !slices.Contains(EventTypes(), t) })
}
