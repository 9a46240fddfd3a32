package roll

import (
	"context"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

// Registry is the table of sidecars in the database.
type Registry interface {
	// Enroll says that a sidecar is there and returns the others, given those that it
	// knows already. With tidy it also removes those that were not seen for a day.
	Enroll(ctx context.Context, self members.Member, known members.View, tidy bool) (members.View, error)
	// Leave removes a process from the registry.
	Leave(ctx context.Context, writer, owner uuid.UUID) error
}

// Keys are what the sidecar shows to others.
type Keys interface {
	// Fingerprints are those to register.
	Fingerprints() ([]members.Fingerprint, error)
	// Registered tells that the registry has these.
	Registered([]members.Fingerprint)
}

// Observer is told how enrolling goes, by one goroutine. Its methods must return at
// once.
type Observer interface {
	// Enrolled is told of each success, with the members that are known then.
	Enrolled(members.Set)
	// NotEnrolled is told of each failure. The members stay as they are.
	NotEnrolled(error)
}

// Options are what a Roll works with. All are needed.
type Options struct {
	// Self is the sidecar as it is, without fingerprints and without Leaving. It is
	// asked for each time, since the table that the sidecar writes may change.
	Self     func() members.Member
	Registry Registry
	Keys     Keys
	Observer Observer
	// Chance is a random number in [0, 1).
	Chance func() float64
}
