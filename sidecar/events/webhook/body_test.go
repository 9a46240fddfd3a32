package webhook

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
)

func TestMessages(t *testing.T) {
	event := func(n byte) delivery.Event {
		return delivery.Event{
			Position: delivery.Position{ID: uuid.UUID{15: n}}, Type: "dev.progresssync.lesson.completed", Learner: "ada",
			At: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), Data: json.RawMessage(`{"percentage":100}`),
		}
	}
	const one = `{"specversion":"1.0","id":"00000000-0000-0000-0000-000000000001","source":"/progress-sync/lms/t","type":"dev.progresssync.lesson.completed",` +
		`"subject":"ada","time":"2026-03-01T08:00:00Z","datacontenttype":"application/json","data":{"percentage":100}}`
	write := func(array bool, events ...delivery.Event) message {
		t.Helper()
		m, err := messageOf("/progress-sync/lms/t", events, array)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	single := write(false, event(1))
	if diff := cmp.Diff(one, string(single.body)); diff != "" || single.id != "00000000-0000-0000-0000-000000000001" || single.contentType != "application/cloudevents+json" {
		t.Errorf("%+v (-want +got):\n%s", single, diff)
	}
	if m := write(true, event(1)); string(m.body) != "["+one+"]" || m.id != single.id || m.contentType != "application/cloudevents-batch+json" {
		t.Errorf("one event where batches are asked for: %+v", m)
	}
	two := write(true, event(1), event(2))
	if again := write(true, event(1), event(2)); again.id != two.id {
		t.Error("the same events have another id when they are sent again")
	}
	if other := write(true, event(1), event(3)); other.id == two.id {
		t.Error("other events have the same id")
	}
}
