package xapi

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
)

// Decode reads one statement or an array of them. The events have the order of the
// statements. One statement with a mistake refuses all.
func Decode(body []byte, ask *standards.Ask) ([]standards.Event, *standards.Mistake) {
	if mistake := standards.CheckText(body); mistake != nil {
		return nil, mistake
	}
	var events []standards.Event
	seen := map[string]bool{}
	take := func(_ int, raw []byte) *standards.Mistake {
		event, given, mistake := decode(raw, "", ask)
		if mistake != nil {
			return mistake
		}
		if id := strings.ToLower(event.ID); given {
			if seen[id] {
				return standards.Wrong("id", "is that of another statement in the same array")
			}
			seen[id] = true
		}
		events = append(events, event)
		return nil
	}
	var mistake *standards.Mistake
	if body = bytes.TrimSpace(body); body[0] == '[' {
		mistake = standards.Each(body, ask.MaxEvents, take)
	} else if mistake = take(0, body); mistake != nil {
		mistake = mistake.At(0)
	}
	if mistake != nil {
		return nil, mistake
	}
	return events, nil
}

// DecodeOne reads the one statement that is put under an id.
func DecodeOne(body []byte, id string, ask *standards.Ask) (standards.Event, *standards.Mistake) {
	if mistake := standards.CheckText(body); mistake != nil {
		return standards.Event{}, mistake
	}
	event, _, mistake := decode(body, id, ask)
	return event, mistake
}

// decode reads a statement, which may lack the id if one is given for it. named says
// that it has one.
func decode(raw []byte, id string, ask *standards.Ask) (event standards.Event, named bool, mistake *standards.Mistake) {
	object, mistake := standards.Parse(raw)
	if mistake != nil {
		return event, false, mistake
	}
	s, mistake := read(object)
	if mistake != nil {
		return event, false, mistake
	}
	learner, mistake := s.actor.learner(ask)
	if mistake != nil {
		return event, false, mistake
	}
	switch {
	case id != "" && s.id != "" && !strings.EqualFold(s.id, id):
		return event, false, &standards.Mistake{
			Index: -1, Status: http.StatusBadRequest, Field: "id", Detail: "is not the statementId of the request",
		}
	case s.id != "":
		event.ID, named = s.id, true
	case id != "":
		event.ID, named = id, true
	default:
		event.ID = ask.IDOf(learner, raw, s.timed)
	}
	if event.Outcome = s.outcome(); event.Outcome != standards.OutcomeUpdate {
		return event, named, nil
	}
	s.ranges = ask.Ranges
	event.Update, mistake = s.update(ask)
	event.Update.UserID, event.Update.EventID = learner, strings.ToLower(event.ID)
	return event, named, mistake
}
