package delivery

import "time"

// Meaning is what an answer says of a request.
type Meaning int

const (
	// Taken: the receiver has it.
	Taken Meaning = iota
	// Gone: the receiver wants nothing any more (410).
	Gone
	// Busy: the receiver has no time. That says nothing of what was sent.
	Busy
	// Denied: the receiver takes nothing from us, whatever it is.
	Denied
	// Unreachable: nothing was sent, since no connection was had.
	Unreachable
	// Lost: it was sent and no answer came.
	Lost
	// Refused: the receiver answered that it did not take it, by its own fault or by that
	// of what was sent.
	Refused
)

// Answer of the receiver to a request.
type Answer struct {
	Meaning Meaning
	// Status is that of HTTP, zero if no answer came.
	Status int
	// After is how long the receiver wants to be left alone, zero if it doesn't say.
	After time.Duration
}
