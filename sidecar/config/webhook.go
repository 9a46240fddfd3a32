package config

import (
	"net/url"
	"slices"
)

// Webhook is an address that events are sent to. What signs them is in the mounted
// Secret.
type Webhook struct {
	URL string `json:"url"`
	// Types of the events that are sent, of EventTypes; all if empty.
	Types []string `json:"types,omitempty"`
	// Batch is how many events one request has at most; 1 to 100, 0 is 1.
	Batch int `json:"batch,omitempty"`
}

// EventCompleted is the type of an event that a lesson became completed.
const EventCompleted = "dev.progresssync.lesson.completed"

// EventTypes are what Webhook.Types may name.
func EventTypes() []string {
	return []string{EventCompleted, "dev.progresssync.lesson.reset", "dev.progresssync.learner.erased"}
}

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
