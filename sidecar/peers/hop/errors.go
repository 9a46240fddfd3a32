package hop

import "errors"

var (
	// ErrUnreachable says that the peer has nothing of the call: nothing was sent, or
	// the peer refused it unread. Every such error is an *UnreachableError.
	ErrUnreachable = errors.New("the learner's home can't be reached")
	// ErrInDoubt says that the peer may have taken the call, or not. A repeat with the
	// same event ids is merged once.
	ErrInDoubt = errors.New("the learner's home did not answer, and may have taken this")
)

// Why a peer has nothing of a call.
const (
	ReasonConnect = "connect" // no connection, or no TLS
	ReasonBreaker = "breaker" // it failed a moment ago
	ReasonRefused = "refused" // it said so, for instance since it stops
	ReasonLeft    = "left"    // it is no member, or this process stops
	ReasonBusy    = "busy"    // as many requests as it takes are under way
)

// Reasons are all of them.
func Reasons() []string {
	return []string{ReasonConnect, ReasonBreaker, ReasonRefused, ReasonLeft, ReasonBusy}
}

// UnreachableError is an ErrUnreachable with its reason.
type UnreachableError struct {
	Reason string // one of Reasons
	cause  error  // nil if the reason says it all
}

// Error implements error.
func (u *UnreachableError) Error() string {
	if u.cause == nil {
		return ErrUnreachable.Error() + " (" + u.Reason + ")"
	}
	return ErrUnreachable.Error() + " (" + u.Reason + "): " + u.cause.Error()
}

// Unwrap gives ErrUnreachable and the cause.
func (u *UnreachableError) Unwrap() []error {
	if u.cause == nil {
		return []error{ErrUnreachable}
	}
	return []error{ErrUnreachable, u.cause}
}

func unreachable(reason string, cause error) error { return &UnreachableError{reason, cause} }
