package v1alpha1

// EventsSpec says where events go.
type EventsSpec struct {
	// webhook sends events to an address, signed by the rules of Standard Webhooks.
	//
	// +optional
	Webhook *WebhookSpec `json:"webhook,omitempty"`
}
