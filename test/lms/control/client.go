package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/progress-sync/progress-sync/test/lms/classroom"
	"github.com/progress-sync/progress-sync/test/lms/player"
)

// Client leads the learners of one pod.
type Client struct {
	url  string
	http *http.Client
}

// NewClient returns a client of the pod at url, such as http://10.244.7.5:8080.
func NewClient(url string, client *http.Client) *Client {
	return &Client{url: url, http: client}
}

// Start starts learners.
func (c *Client) Start(ctx context.Context, start Start) error {
	var stats classroom.Stats
	return c.call(ctx, http.MethodPost, "/learners", start, &stats)
}

// Stop stops the given learners, or all, and returns where they are.
func (c *Client) Stop(ctx context.Context, learners ...string) ([]player.State, error) {
	var stopped Stopped
	err := c.call(ctx, http.MethodPost, "/stop", Stop{Learners: learners}, &stopped)
	return stopped.Learners, err
}

// Stats asks what the learners have met with.
func (c *Client) Stats(ctx context.Context) (classroom.Stats, error) {
	var stats classroom.Stats
	err := c.call(ctx, http.MethodGet, "/stats", nil, &stats)
	return stats, err
}

func (c *Client) call(ctx context.Context, method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encoding the body of %s %s: %w", method, path, err)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("asking the LMS: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("asking the LMS: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		const enough = 1 << 10
		why, _ := io.ReadAll(io.LimitReader(resp.Body, enough))
		return fmt.Errorf("%s %s of the LMS: %d: %s", method, path, resp.StatusCode, strings.TrimSpace(string(why)))
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("reading the LMS's answer to %s %s: %w", method, path, err)
	}
	return nil
}
