package hop

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

// HandOver brings a page of event ids to the peer, and returns when the peer has it on
// its disk. After any error it may be sent again.
func (l *Link) HandOver(ctx context.Context, page *wire.Events) error {
	body := wire.AppendEvents(nil, page)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+authority+wire.EventsPath, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := l.RoundTrip(r)
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		return fmt.Errorf("a sidecar does not take event ids: it answers %s", answer.Status)
	}
	return nil
}
