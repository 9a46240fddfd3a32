package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/receiver"
)

func TestWhatAReceiverTookIsHeldAgainstTheOutbox(t *testing.T) {
	const kind, learner = "dev.progresssync.lesson.completed", "ada"
	at := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	body := func(data string) receiver.Body {
		return receiver.Body{Type: kind, Subject: learner, Time: at, Data: json.RawMessage(data)}
	}
	taken := receiver.Event{Taken: 1, Bodies: []receiver.Body{body(`{"percentage":100}`)}}
	twice := receiver.Event{Taken: 2, Bodies: []receiver.Body{body(`{"percentage":90}`), body(`{"percentage":100}`)}}
	for name, c := range map[string]struct {
		received map[string]receiver.Event
		aside    string
		losses   int
		says     string
	}{
		"each":                           {received: map[string]receiver.Event{"a": taken}, aside: "poison"},
		"one is missing":                 {aside: "poison", says: "1 were never taken"},
		"one was only refused":           {received: map[string]receiver.Event{"a": {Refused: 9, Bodies: taken.Bodies}}, aside: "poison", says: "1 were never taken"},
		"one that there is not":          {received: map[string]receiver.Event{"a": taken, "b": taken}, aside: "poison", says: "1 that are not in the outbox"},
		"one is a dead letter":           {received: map[string]receiver.Event{"a": taken}, aside: "poison a", says: "1 that it would have taken are dead letters"},
		"the refused one is nowhere":     {received: map[string]receiver.Event{"a": taken}, says: "1 that it refuses are none"},
		"told otherwise":                 {received: map[string]receiver.Event{"a": twice}, aside: "poison", says: "1 with too many bodies"},
		"told otherwise, after a loss":   {received: map[string]receiver.Event{"a": twice}, aside: "poison", losses: 1},
		"only told as it is not written": {received: map[string]receiver.Event{"a": {Taken: 1, Bodies: twice.Bodies[:1]}}, aside: "poison", losses: 1, says: "1 not as they are in the outbox"},
	} {
		t.Run(name, func(t *testing.T) {
			e := written{kind: kind, learner: learner, at: at, data: json.RawMessage(`{"percentage": 100}`)}
			p := pushed{outbox: map[string]written{"a": e, "poison": e}, poison: map[string]bool{"poison": true}}
			if c.received == nil {
				c.received = map[string]receiver.Event{}
			}
			c.received["poison"] = receiver.Event{Refused: 5, Bodies: taken.Bodies}
			aside := map[string]bool{}
			for id := range strings.FieldsSeq(c.aside) {
				aside[id] = true
			}
			err := p.compare(c.received, aside, c.losses)
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("got %v", err)
			}
		})
	}
}
