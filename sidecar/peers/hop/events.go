package hop

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

// HandOver brings a page of event ids to the peer, and returns when the peer has it on
// its disk. After any error it may be sent again. It does not ask the breaker, since
// nobody's answer waits for it: a peer that has just been started is reached again before
// the breaker would let an update pass.
func (l *Link) HandOver(ctx context.Context, page *wire.Events) error {
	body := wire.AppendEvents(nil, page)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+authority+wire.EventsPath, bytes.NewReader(body))
	if err != nil {
		return err
	}
	identify(r.Header)
	conn, err := l.conn.reserve(ctx, spare)
	if err != nil {
		return unreachable(reasonOf(err), err)
	}
	answer, err := conn.RoundTrip(r)
	if err != nil {
		return fmt.Errorf("handing event ids over to a sidecar: %w", err)
	}
	_ = answer.Body.Close()
	switch reason := answer.Header.Get(wire.RefusedHeader); {
	case reason != "":
		return unreachable(ReasonRefused, &refusal{reason})
	case answer.StatusCode != http.StatusNoContent:
		return fmt.Errorf("handing event ids over to a sidecar: it answers %s", answer.Status)
	}
	l.note(nil)
	return nil
}
