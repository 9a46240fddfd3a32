package delivery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
)

// ErrNoSecret says that there is nothing yet for a receiver to know us by.
var ErrNoSecret = errors.New("the receiver's Secret is missing, or has not the key for it; create it, and events are sent")

// Task is what a configuration asks to send to one receiver.
type Task struct {
	Receiver
	// URL that requests go to.
	URL string
	// Batch is how many events one request has at most; 1 or more.
	Batch int
	// Request makes a request of events, of which there is one at least. Source is that of
	// their CloudEvents. An error is ErrNoSecret or says what is wrong with the secret or
	// the events.
	Request func(source string, events []Event) (Request, error)
}

// Request to a receiver, which is always posted.
type Request struct {
	Header http.Header
	Body   []byte
}

// TermsOf makes the Terms of a receiver from its part of the configuration.
func TermsOf(setting any) string {
	// Settings have only fields that encode, so there is no error to handle.
	text, _ := json.Marshal(setting)
	hash := sha256.Sum256(text)
	return hex.EncodeToString(hash[:8])
}

// NameOf the receiver of a policy. A sidecar without one sends for itself and all others
// without one.
func NameOf(namespace, policy string) string { return namespace + "/" + policy }
