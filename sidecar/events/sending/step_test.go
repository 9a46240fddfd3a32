package sending

import (
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
)

func TestWhatFollowsAnAnswer(t *testing.T) {
	refused, lost := delivery.Answer{Meaning: delivery.Refused, Status: 500}, delivery.Answer{Meaning: delivery.Lost}
	for _, c := range []struct {
		name   string
		tried  tried
		answer delivery.Answer
		want   Step
	}{
		{"what is taken moves the cursor", tried{events: 100, most: 5}, delivery.Answer{Meaning: delivery.Taken}, Advance},
		{"410 stops", tried{events: 1, most: 5, others: true}, delivery.Answer{Meaning: delivery.Gone}, Stop},
		{"429 keeps all", tried{events: 1, alone: 4, most: 5, others: true, witness: true}, delivery.Answer{Meaning: delivery.Busy}, KeepAll},
		{"a wrong secret keeps all", tried{events: 30, alone: 4, most: 5, others: true, witness: true}, delivery.Answer{Meaning: delivery.Denied}, KeepAll},
		{"no connection keeps all", tried{events: 1, alone: 4, most: 5, others: true, witness: true}, delivery.Answer{Meaning: delivery.Unreachable}, KeepAll},
		{"of several that are refused half is sent", tried{events: 2, most: 5, witness: true}, refused, Halve},
		{"of several without an answer none is tried at once", tried{events: 2, most: 5, witness: true}, lost, KeepAll},
		{"of one that is refused others are asked", tried{events: 1, most: 5, witness: true}, refused, Witness},
		{"and of one without an answer", tried{events: 1, most: 5, witness: true}, lost, Witness},
		{"with none to ask it may be the receiver", tried{events: 1, alone: 4, most: 5}, refused, KeepAll},
		{"others were taken meanwhile: it is the event", tried{events: 1, most: 5, others: true, witness: true}, refused, KeepLane},
		{"the time before the last", tried{events: 1, alone: 3, most: 5, others: true}, refused, KeepLane},
		{"the last time", tried{events: 1, alone: 4, most: 5, others: true}, refused, SetAside},
		{"the last time, without an answer", tried{events: 1, alone: 4, most: 5, others: true}, lost, SetAside},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := next(c.tried, c.answer); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestWhatAWitnessTells(t *testing.T) {
	for _, c := range []struct {
		name   string
		tried  tried
		answer delivery.Meaning
		want   Step
	}{
		{"it was taken: the event is refused for itself", tried{events: 1, most: 5}, delivery.Taken, KeepLane},
		{"once too often", tried{events: 1, alone: 4, most: 5}, delivery.Taken, SetAside},
		{"it was refused too: it may be the receiver", tried{events: 1, alone: 4, most: 5}, delivery.Refused, KeepAll},
		{"no answer", tried{events: 1, alone: 4, most: 5}, delivery.Lost, KeepAll},
		{"no connection", tried{events: 1, alone: 4, most: 5}, delivery.Unreachable, KeepAll},
		{"no time", tried{events: 1, alone: 4, most: 5}, delivery.Busy, KeepAll},
		{"gone", tried{events: 1, alone: 4, most: 5}, delivery.Gone, Stop},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := heard(c.tried, delivery.Answer{Meaning: c.answer}); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
