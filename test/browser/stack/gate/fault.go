package gate

import (
	"net/http"
	"strings"
)

// UserHeader is where the LMS's proxy names the learner.
const UserHeader = "X-Progress-User"

// Kind is what happens to a request.
type Kind string

const (
	// Answer replies in the sidecar's place.
	Answer Kind = "answer"
	// Swallow lets the sidecar do the request, and breaks the connection instead
	// of passing the answer on.
	Swallow Kind = "swallow"
	// Hold keeps the request until the fault is lifted, then passes it on.
	Hold Kind = "hold"
	// Delay passes the request on after some time.
	Delay Kind = "delay"
)

// Fault is what to do to requests of one learner.
type Fault struct {
	Kind Kind   `json:"kind"`
	User string `json:"user"`
	// Method and Path, if given, must match too; Path is a prefix.
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	// Times is how many requests it meets; 0 for all.
	Times int `json:"times,omitempty"`
	// Status, RetryAfter (seconds, if not empty) and Location (of a redirect) are
	// of an Answer.
	Status     int    `json:"status,omitempty"`
	RetryAfter string `json:"retryAfter,omitempty"`
	Location   string `json:"location,omitempty"`
	// Milliseconds are of a Delay.
	Milliseconds int `json:"milliseconds,omitempty"`
}

func (f Fault) meets(r *http.Request) bool {
	return f.User == r.Header.Get(UserHeader) &&
		(f.Method == "" || f.Method == r.Method) &&
		strings.HasPrefix(r.URL.Path, f.Path)
}

// active is a fault with what is left of it.
type active struct {
	Fault
	left   int
	lifted chan struct{}
}
