package hop

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

// authority is what requests call the peer, whose certificate has no name.
const authority = "peer"

// identify writes the headers that every request to a peer has.
func identify(h http.Header) {
	h.Set(wire.VersionHeader, strconv.Itoa(wire.Version))
	h.Set(wire.HopsHeader, "1")
	h.Set(wire.ReadsHeader, wire.ReadsSegments)
	h.Set("User-Agent", "progress-sync")
}

// hello returns when the peer has taken the certificate, and what it reads.
func hello(ctx context.Context, conn *http.ClientConn) (reads, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+authority+wire.HelloPath, http.NoBody)
	if err != nil {
		return reads{}, err
	}
	identify(r.Header)
	answer, err := conn.RoundTrip(r)
	if err != nil {
		return reads{}, err
	}
	_ = answer.Body.Close()
	if reason := answer.Header.Get(wire.RefusedHeader); reason != "" {
		return reads{}, &refusal{reason}
	}
	if answer.StatusCode != http.StatusNoContent || answer.Header.Get(wire.VersionHeader) != strconv.Itoa(wire.Version) {
		return reads{}, errors.New("what answers is no sidecar of this version")
	}
	what := answer.Header.Values(wire.ReadsHeader)
	return reads{hints: slices.Contains(what, wire.ReadsHints), segments: slices.Contains(what, wire.ReadsSegments)}, nil
}

// Greet connects to the peer if there is no connection, so that it learns of this
// sidecar's key. A peer that answers may be called at once, whatever came before; one
// that doesn't is no worse than before, since it may have to ask for the key first.
func (l *Link) Greet(ctx context.Context) error {
	conn, err := l.conn.reserve(ctx, 0)
	if err != nil {
		return err
	}
	conn.Release()
	l.note(nil)
	return nil
}

// watch closes a connection that shows no sign of life while a batch is under way on
// it. The returned function ends that.
func (c *connection) watch(conn *http.ClientConn) (done func()) {
	over := make(chan struct{})
	t := c.o.Times
	first := time.AfterFunc(t.Ping, func() {
		c.workers.start(func(ctx context.Context) {
			for {
				if isSilent(ctx, conn, t.Pong) {
					_ = conn.Close()
					return
				}
				select {
				case <-time.After(t.Ping):
				case <-over:
					return
				case <-ctx.Done():
					return
				}
			}
		})
	})
	return func() {
		first.Stop()
		close(over)
	}
}

// isSilent reports whether a connection does not answer in time. Any answer is a sign
// of life.
func isSilent(ctx context.Context, conn *http.ClientConn, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := hello(ctx, conn)
	return errors.Is(err, context.DeadlineExceeded)
}
