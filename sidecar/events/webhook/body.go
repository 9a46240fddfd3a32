package webhook

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
)

// Types of bodies, of CloudEvents 1.0.
const (
	typeSingle = "application/cloudevents+json; charset=utf-8"
	typeBatch  = "application/cloudevents-batch+json; charset=utf-8"
)

// cloudEvent is an event in the structured JSON of CloudEvents 1.0.
type cloudEvent struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject,omitempty"`
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Data            json.RawMessage `json:"data"`
}

// source of all events, as the API calls it too.
const source = "urn:progress-sync"

func cloudEventOf(e delivery.Event) cloudEvent {
	return cloudEvent{
		SpecVersion: "1.0", ID: e.ID.String(), Source: source, Type: e.Type, Subject: e.Learner, Time: e.At.UTC(),
		DataContentType: "application/json", Data: e.Data,
	}
}

// message is what one request carries.
type message struct {
	id, contentType string
	body            []byte
}

// batchSpace is where the ids of batches are.
var batchSpace = [16]byte(uuid.MustParse("0d6c4c6e-4c0b-5d7b-9a39-6f0c2f6c1b7e"))

// messageOf makes a request's content. Its id is that of a single event; of several it
// follows from their ids, so that it is the same when the same events are sent again.
func messageOf(events []delivery.Event, array bool) (message, error) {
	all := make([]cloudEvent, 0, len(events))
	var ids []byte
	for _, e := range events {
		all = append(all, cloudEventOf(e))
		ids = append(ids, e.ID[:]...)
	}
	m := message{id: all[0].ID, contentType: typeSingle}
	if len(all) > 1 {
		m.id = uuid.NewSHA1(batchSpace, ids).String()
	}
	var err error
	if array {
		m.contentType = typeBatch
		m.body, err = json.Marshal(all)
	} else {
		m.body, err = json.Marshal(all[0])
	}
	if err != nil {
		return message{}, fmt.Errorf("writing events for the webhook: %w", err)
	}
	return m, nil
}
