package hop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

// refusal is the peer's word that it has kept nothing of a request.
type refusal struct{ reason string }

func (r *refusal) Error() string { return "it refused the request: " + r.reason }

// passes reports whether the peer takes other requests.
func (r *refusal) passes() bool {
	return r.reason == wire.RefusedOverloaded || r.reason == wire.RefusedTooLarge
}

// outcome is what one attempt to hand a batch on led to.
type outcome struct {
	results []buffer.Result // with no error
	err     error
	// sent tells that the peer may have read the batch.
	sent bool
	// answered tells that the peer has, and err is its word on it.
	answered bool
	// stale tells that the connection had ended before anything was sent.
	stale bool
}

// exchange sends a batch once on a connection that has a place for it.
func exchange(ctx context.Context, conn *http.ClientConn, body []byte, items int) outcome {
	var sent atomic.Bool
	r, err := http.NewRequestWithContext(traced(ctx, &sent), http.MethodPost, "https://"+authority+wire.UpdatesPath, bytes.NewReader(body))
	if err != nil {
		conn.Release()
		return outcome{err: err}
	}
	identify(r.Header)
	response, err := conn.RoundTrip(r)
	if err != nil {
		left := mayHaveLeft(ctx, &sent)
		return outcome{err: err, sent: left, stale: !left}
	}
	defer response.Body.Close()
	if reason := response.Header.Get(wire.RefusedHeader); reason != "" {
		return outcome{err: &refusal{reason}}
	}
	answer, err := readAnswer(response)
	if err != nil {
		return outcome{err: err, sent: true}
	}
	results, err := wire.DecodeAnswer(answer, items)
	var wrong *wire.AnswerError
	return outcome{results: results, err: err, sent: true, answered: !errors.As(err, &wrong)}
}

// traced is a context for a request that notes when something of it may have left.
func traced(ctx context.Context, sent *atomic.Bool) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaderField: func(string, []string) { sent.Store(true) }, // which HTTP/2 tells before it writes
	})
}

// mayHaveLeft reports whether something of a request that failed may have left. If
// its context ended, the request may still be on its way to the connection.
func mayHaveLeft(ctx context.Context, sent *atomic.Bool) bool { return sent.Load() || ctx.Err() != nil }

func readAnswer(response *http.Response) ([]byte, error) {
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("a sidecar answers with status %d", response.StatusCode)
	}
	if n := response.ContentLength; n > 0 && n <= wire.MaxAnswer {
		answer := make([]byte, n)
		if _, err := io.ReadFull(response.Body, answer); err != nil {
			return nil, fmt.Errorf("reading a sidecar's answer: %w", err)
		}
		return answer, nil
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, wire.MaxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("reading a sidecar's answer: %w", err)
	}
	return answer, nil
}

// step is what follows on an attempt.
type step int

const (
	deliver step = iota // give the callers results and error
	fail                // the peer has nothing of the batch
	doubt               // it may have, and no repeat can tell
	repeat              // it may have, and a repeat may tell
	again               // it has nothing, and may on another connection
)

// next decides what follows. inDoubt tells that an attempt before this one may have
// been read by the peer: then only results end the doubt, since that attempt may
// still be on its way.
func (o *outcome) next(attempts int, inDoubt bool) step {
	var refused *refusal
	switch {
	case o.answered && o.err == nil:
		return deliver
	case errors.Is(o.err, errLeft) && inDoubt, errors.Is(o.err, wire.ErrSuperseded):
		return doubt
	case o.answered && !inDoubt && errors.Is(o.err, buffer.ErrNoSpace):
		return deliver
	case o.answered && !inDoubt && errors.Is(o.err, buffer.ErrClosed):
		return fail
	case o.stale && attempts == 1:
		return again
	case !o.sent && !inDoubt:
		return fail
	case errors.As(o.err, &refused) && !refused.passes():
		return doubt
	default:
		return repeat
	}
}
