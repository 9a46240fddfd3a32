package sending

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
)

// Limits of a request.
const (
	connectTimeout  = 5 * time.Second
	maxAnswerHeader = 16 << 10
	maxAnswerBody   = 64 << 10 // that is read, so that the connection can be used again
)

// client posts to one address.
type client struct {
	http    http.Client
	url     string
	timeout time.Duration
	agent   string
}

// newClient goes where the policy says and nowhere else: by no proxy of the environment
// and after no redirect. Dir may have CAFile.
func newClient(url, dir string, timeout time.Duration, version string) *client {
	dialer := net.Dialer{Timeout: min(connectTimeout, timeout)}
	return &client{
		url: url, timeout: timeout, agent: "progress-sync/" + version,
		http: http.Client{
			Transport: &http.Transport{
				DialContext: dialer.DialContext, DialTLSContext: dialTLS(dir, &dialer), ForceAttemptHTTP2: true,
				MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: maxAnswerHeader, DisableCompression: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// post sends a request. Its answer is what the receiver said, of which meaning is told the
// status; an error is one of our own.
func (c *client) post(ctx context.Context, r delivery.Request, meaning func(status int) delivery.Meaning) (delivery.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(r.Body))
	if err != nil {
		return delivery.Answer{}, fmt.Errorf("making a request for the receiver of events: %w", err)
	}
	request.Header = r.Header.Clone()
	request.Header.Set("User-Agent", c.agent)
	now := time.Now()
	response, err := c.http.Do(request)
	if err != nil {
		return answerOf(nil, err, now, meaning), nil
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswerBody) // what it says is not for us
	return answerOf(response, nil, now, meaning), nil
}

func (c *client) close() { c.http.CloseIdleConnections() }
