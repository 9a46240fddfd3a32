package sidecarstatus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/status"
)

// maxBody of an answer, many times what one is long.
const maxBody = 64 << 10

// HTTP fetches documents from sidecars at their pod addresses.
type HTTP struct {
	client http.Client
	port   string
}

// NewHTTP asks at a port, giving each sidecar so long.
func NewHTTP(port int, timeout time.Duration) *HTTP {
	dialer := net.Dialer{Timeout: timeout}
	return &HTTP{
		port: strconv.Itoa(port),
		client: http.Client{
			Timeout: timeout,
			// Pods are asked at their own addresses, seldom and many: no proxy,
			// no idle connections, no redirect to somewhere else.
			Transport: &http.Transport{
				DialContext:            dialer.DialContext,
				DisableKeepAlives:      true,
				ResponseHeaderTimeout:  timeout,
				MaxResponseHeaderBytes: 8 << 10,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Fetch the document of the sidecar at an address.
func (h *HTTP) Fetch(ctx context.Context, ip string) (*status.Document, error) {
	url := "http://" + net.JoinHostPort(ip, h.port) + "/v1/status"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking sidecar %s: %w", ip, err)
	}
	response, err := h.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking sidecar %s: %w", ip, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking sidecar %s: it answers %s", ip, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("reading the status of sidecar %s: %w", ip, err)
	}
	if len(body) > maxBody {
		return nil, errors.New("reading the status of sidecar " + ip + ": it is longer than 64 KiB")
	}
	var document status.Document
	if err := json.Unmarshal(body, &document); err != nil {
		return nil, fmt.Errorf("reading the status of sidecar %s: %w", ip, err)
	}
	return &document, nil
}
