package sending

import (
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
)

// Kind of receiver: how it is told events, and what it means by its answers. A Sender
// sends to one, and all else is the same whoever receives.
type Kind interface {
	// Name is what the receiver is called in logs, and in the names of metrics.
	Name() string
	// Noun is what it is called in a sentence.
	Noun() string
	// Task is what a configuration asks to send, nil for nothing.
	Task(c config.Config) *delivery.Task
	// SecretDir has the files of the mounted Secret, of which CAFile means the same for all
	// kinds; or will have.
	SecretDir() string
	// Ready is nil if there is a secret that can be used, delivery.ErrNoSecret if there is
	// none, or says what is wrong with it.
	Ready() error
	// Meaning of an answer's status to a request with so many events.
	Meaning(status, events int) delivery.Meaning
}
