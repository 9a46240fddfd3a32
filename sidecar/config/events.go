package config

import "slices"

// Events are told of lessons that are completed or reset and of learners that are
// erased: in progress_sync.outbox, by the transaction that writes what they tell of.
type Events struct {
	// Enabled says whether there are any. Into a mapped table it takes
	// Mapping.EventMark too.
	Enabled bool `json:"enabled"`
	// RetentionDays is how long an event can be read at least, and it is gone a day
	// later at most; 1 to 90.
	RetentionDays int `json:"retentionDays"`
	// Webhook, if set, is sent the events.
	Webhook *Webhook `json:"webhook,omitempty"`
	// XAPI, if set, is sent statements of what was completed.
	XAPI *XAPI `json:"xapi,omitempty"`
}

const defaultRetentionDays, maxRetentionDays = 7, 90

// IsZero leaves the defaults out of a file, so that a sidecar that knows no events gets
// the file of before.
func (e Events) IsZero() bool { return e == Events{RetentionDays: defaultRetentionDays} }

// Departures reports whether there is an event of a learner who leaves a lesson, as
// somebody is to get it: an LRS, or a webhook that asks for it.
func (e Events) Departures() bool {
	return e.Enabled && (e.XAPI != nil || e.Webhook != nil && slices.Contains(e.Webhook.Types, EventLeft))
}

// eventFields are the settings of Events.
func eventFields(c *Config) []field {
	e := &c.Events
	return []field{
		{"events", "enabled", &e.Enabled, "true or false", always},
		{"events", "retentionDays", &e.RetentionDays, "an integer from 1 to 90", between(&e.RetentionDays, 1, maxRetentionDays)},
		{"events", "webhook", &e.Webhook,
			"an object of url, an http or https address without user and fragment, types, and batch, an integer from 1 to 100",
			func() bool { return e.Webhook.valid() }},
		{"events", "xapi", &e.XAPI,
			"an object of endpoint, an http or https address without user, query, fragment and /statements, version, 1.0.3 or 2.0.0, homePage, an IRI, " +
				"activityId, an IRI with {lessonId}, courseActivityId, an IRI with {courseId}, and batch, an integer from 1 to 100",
			func() bool { return e.XAPI.valid() }},
	}
}
