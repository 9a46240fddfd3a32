package v1alpha1

// EventsSpec says whether, and for how long, the database has events of lessons that are
// completed or reset and of learners that are erased.
//
// +kubebuilder:validation:XValidation:rule="!has(self.xapi) || has(self.enabled) && self.enabled",message="xapi needs events.enabled: true, or there is nothing to send"
// +kubebuilder:validation:XValidation:rule="!has(self.webhook) || has(self.enabled) && self.enabled",message="webhook needs events.enabled: true, or there is nothing to send"
type EventsSpec struct {
	// enabled writes an event into progress_sync.outbox whenever a lesson is completed or
	// reset, or a learner erased, in the transaction of what it tells of. Whatever is
	// written by a sidecar of an earlier version has none. Into a mapped table it takes
	// database.mapping.eventMark too.
	//
	// +optional
	// +kubebuilder:default=false
	Enabled bool `json:"enabled,omitempty"`

	// retentionDays that an event can be read at least, 1 to 90. It is gone a day later at
	// most.
	//
	// +optional
	// +kubebuilder:default=7
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 90",message="retentionDays must be from 1 to 90"
	RetentionDays int32 `json:"retentionDays,omitempty"`

	// webhook sends events to an address, signed by the rules of Standard Webhooks.
	//
	// +optional
	Webhook *WebhookSpec `json:"webhook,omitempty"`

	// xapi sends a statement to a learning record store for each lesson that is completed,
	// and for each time that a learner leaves one.
	//
	// +optional
	XAPI *XAPISpec `json:"xapi,omitempty"`
}
