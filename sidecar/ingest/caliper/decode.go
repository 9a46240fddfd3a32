package caliper

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"

	"github.com/progress-sync/progress-sync/sidecar/ingest/iso8601"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// envelope is what a sensor sends.
type envelope struct {
	Sensor      *string         `json:"sensor"`
	SendTime    *string         `json:"sendTime"`
	DataVersion *string         `json:"dataVersion"`
	Data        json.RawMessage `json:"data"`
}

// version matches the contexts of the versions that are read, and of their extensions.
var version = regexp.MustCompile(`^https?://purl\.imsglobal\.org/ctx/caliper/v1p[12](/[\w./-]*)?$`)

// Decode reads an envelope. The events have the order of its data. One event with a
// mistake refuses all.
func Decode(body []byte, ask *standards.Ask) ([]standards.Event, *standards.Mistake) {
	if mistake := standards.CheckText(body); mistake != nil {
		return nil, mistake
	}
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, standards.Malformed(fmt.Sprintf("the body is no envelope in JSON: %v", err))
	}
	sent, mistake := e.check(ask)
	if mistake != nil {
		return nil, mistake
	}
	var events []standards.Event
	mistake = standards.Each(e.Data, ask.MaxEvents, func(_ int, raw []byte) *standards.Mistake {
		event, mistake := decode(raw, ask)
		if mistake != nil {
			return mistake
		}
		if event.Outcome == standards.OutcomeUpdate {
			event.Update.SentAt = sent
		}
		events = append(events, event)
		return nil
	})
	if mistake != nil {
		return nil, mistake
	}
	return events, nil
}

// check returns what the sensor's clock showed when it sent the envelope.
func (e *envelope) check(ask *standards.Ask) (progress.Instant, *standards.Mistake) {
	const form = "is missing: send an envelope with sensor, sendTime, dataVersion and data"
	switch {
	case e.Sensor == nil || *e.Sensor == "":
		return 0, standards.Wrong("sensor", form)
	case e.SendTime == nil:
		return 0, standards.Wrong("sendTime", form)
	case e.DataVersion == nil:
		return 0, standards.Wrong("dataVersion", form)
	case !bytes.HasPrefix(e.Data, []byte{'['}):
		return 0, standards.Wrong("data", "must be an array of events")
	}
	sent, err := iso8601.Time(*e.SendTime)
	if err != nil {
		return 0, standards.Wrong("sendTime", err.Error())
	}
	if !version.MatchString(*e.DataVersion) {
		return 0, &standards.Mistake{
			Index: -1, Status: http.StatusUnprocessableEntity, Field: "dataVersion",
			Detail: "must be http://purl.imsglobal.org/ctx/caliper/v1p2 or v1p1",
		}
	}
	return standards.InstantOf(sent, ask.Received), nil
}
