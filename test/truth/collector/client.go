package collector

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/test/truth"
)

// Client sends entries to a collector. What many senders record while a request
// is under way goes out together in the next one.
type Client struct {
	url  string
	http *http.Client
	wake chan struct{}

	mu      sync.Mutex
	waiting *group
}

type group struct {
	entries []truth.Entry
	done    chan struct{}
	err     error
}

// NewClient returns a client of the collector at url. Its Run must be going for
// Record to return.
func NewClient(url string, client *http.Client) *Client {
	return &Client{url: url, http: client, wake: make(chan struct{}, 1)}
}

// Record returns nil when the collector has the entries, and an error when ctx
// ended before that was known or the collector found them to be wrong.
func (c *Client) Record(ctx context.Context, entries ...truth.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	c.mu.Lock()
	g := c.waiting
	if g == nil {
		g = &group{done: make(chan struct{})}
		c.waiting = g
	}
	g.entries = append(g.entries, entries...)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
		return fmt.Errorf("recording what is sent: %w", ctx.Err())
	}
}

// Run sends what is recorded until ctx ends, and again and again while the
// collector does not answer.
func (c *Client) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		}
		c.mu.Lock()
		g := c.waiting
		c.waiting = nil
		c.mu.Unlock()
		if g == nil {
			continue
		}
		g.err = c.deliver(ctx, g.entries)
		close(g.done)
	}
}

func (c *Client) deliver(ctx context.Context, entries []truth.Entry) error {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	for _, entry := range entries {
		if err := encoder.Encode(entry); err != nil {
			return fmt.Errorf("encoding entry %q: %w", entry.ID, err)
		}
	}
	const pause = 100 * time.Millisecond
	for {
		final, err := c.post(ctx, body.Bytes())
		if err == nil || final {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("recording what is sent: %w (last: %w)", ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

// post tells with final that trying again would not help.
func (c *Client) post(ctx context.Context, body []byte) (final bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return true, fmt.Errorf("asking the collector: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := c.http.Do(req)
	if err != nil {
		return false, fmt.Errorf("asking the collector: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	const enough = 1 << 10
	text, _ := io.ReadAll(io.LimitReader(resp.Body, enough))
	if resp.StatusCode == http.StatusNoContent {
		return true, nil
	}
	return resp.StatusCode < http.StatusInternalServerError,
		fmt.Errorf("the collector answered %d: %s", resp.StatusCode, strings.TrimSpace(string(text)))
}
