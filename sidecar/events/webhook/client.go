package webhook

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
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

// post sends a message. Its answer is what the receiver said; an error is one of our own.
func (c *client) post(ctx context.Context, m message, keys [][]byte) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(m.body))
	if err != nil {
		return Answer{}, fmt.Errorf("making a request for the webhook: %w", err)
	}
	now := time.Now()
	request.Header.Set("Content-Type", m.contentType)
	request.Header.Set("User-Agent", c.agent)
	request.Header.Set(headerID, m.id)
	request.Header.Set(headerTimestamp, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(headerSignature, sign(keys, m.id, now, m.body))
	response, err := c.http.Do(request)
	if err != nil {
		return answerOf(nil, err, now), nil
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswerBody) // what it says is not for us
	return answerOf(response, nil, now), nil
}

func (c *client) close() { c.http.CloseIdleConnections() }
