package webhook

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
	"github.com/progress-sync/progress-sync/sidecar/outbox"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// message is what one request carries.
type message struct {
	id, contentType string
	body            []byte
}

// batchName is what the ids of batches are made under, with those of their events.
const batchName = "urn:progress-sync:webhook-batch:"

// messageOf makes a request's content. Its id is that of a single event; of several it
// follows from their ids, so that it is the same when the same events are sent again.
func messageOf(source string, events []delivery.Event, array bool) (message, error) {
	all := make([]outbox.CloudEvent, 0, len(events))
	ids := []byte(batchName)
	for _, e := range events {
		all = append(all, outbox.Of(source, postgres.Event{ID: e.ID.String(), Type: e.Type, Learner: e.Learner, At: e.At, Payload: e.Data}))
		ids = append(ids, e.ID[:]...)
	}
	m := message{id: all[0].ID, contentType: outbox.ContentType}
	if len(all) > 1 {
		m.id = uuid.NewSHA1(uuid.NameSpaceURL, ids).String()
	}
	var err error
	if array {
		m.contentType = outbox.BatchContentType
		m.body, err = json.Marshal(all)
	} else {
		m.body, err = json.Marshal(all[0])
	}
	if err != nil {
		return message{}, fmt.Errorf("writing events for the webhook: %w", err)
	}
	return m, nil
}
