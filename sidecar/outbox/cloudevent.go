package outbox

import (
	"encoding/json"
	"net/url"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// Content types of CloudEvents in JSON.
const (
	ContentType      = "application/cloudevents+json"
	BatchContentType = "application/cloudevents-batch+json"
)

// CloudEvent is an event in the JSON of CloudEvents 1.0.
type CloudEvent struct {
	SpecVersion string `json:"specversion"`
	ID          string `json:"id"`
	// Source names database and table, so that source and id together are unique.
	Source string `json:"source"`
	Type   string `json:"type"`
	// Subject is the learner's id.
	Subject         string          `json:"subject"`
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Data            json.RawMessage `json:"data"`
}

// SourceOf names what the events of a target in a database are of.
func SourceOf(database, target string) string {
	return "/progress-sync/" + url.PathEscape(database) + "/" + url.PathEscape(target)
}

// Of makes a CloudEvent of a row.
func Of(source string, e postgres.Event) CloudEvent {
	return CloudEvent{
		SpecVersion: "1.0", ID: e.ID, Source: source, Type: e.Type, Subject: e.Learner, Time: e.At.UTC(),
		DataContentType: "application/json", Data: e.Payload,
	}
}
