package hop

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

// spare is how many places on a connection whole requests leave to batches.
const spare = 16

// RoundTrip sends a request whole, on the connection that the batches use. Its errors
// are ErrUnreachable and ErrInDoubt. It implements http.RoundTripper.
func (l *Link) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	passes := l.askLocked()
	l.mu.Unlock()
	if !passes {
		closeBody(r)
		return nil, unreachable(ReasonBreaker, nil)
	}
	ctx := r.Context()
	conn, err := l.conn.reserve(ctx, spare)
	if err != nil {
		l.note(err)
		closeBody(r)
		return nil, unreachable(reasonOf(err), err)
	}
	var sent atomic.Bool
	out := r.Clone(traced(ctx, &sent))
	identify(out.Header)
	if wire.IsHandedOn(ctx) {
		out.Header.Set(wire.HopsHeader, "2") // which the peer refuses, and counts
	}
	response, err := conn.RoundTrip(out)
	switch {
	case err == nil:
	case mayHaveLeft(ctx, &sent):
		// A request whose time is up tells nothing of the peer: pings find out, and close
		// the connection.
		l.note(context.Canceled)
		return nil, fmt.Errorf("%w: %w", ErrInDoubt, err)
	default:
		l.note(err)
		return nil, unreachable(ReasonConnect, err)
	}
	if reason := response.Header.Get(wire.RefusedHeader); reason != "" {
		_ = response.Body.Close()
		err := &refusal{reason}
		l.note(err)
		return nil, unreachable(ReasonRefused, err)
	}
	l.note(nil)
	return response, nil
}

// closeBody is what a RoundTripper does with a body that it does not send.
func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}
