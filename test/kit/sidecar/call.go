package sidecar

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Do sends JSON, or nothing, to a path of the API and returns the status and the
// body of the answer.
func (s *Sidecar) Do(ctx context.Context, method, path, body string) (int, string, error) {
	return s.do(ctx, method, s.URL(path), body)
}

// Get asks the status port and returns the status and the body of the answer.
func (s *Sidecar) Get(ctx context.Context, path string) (int, string, error) {
	return s.do(ctx, http.MethodGet, s.StatusURL(path), "")
}

func (s *Sidecar) do(ctx context.Context, method, address, body string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return 0, "", fmt.Errorf("asking the sidecar: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.Client.Do(request)
	if err != nil {
		return 0, "", fmt.Errorf("asking the sidecar: %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, "", fmt.Errorf("asking the sidecar: %w", err)
	}
	return response.StatusCode, string(answer), nil
}

// Post sends JSON, or nothing, to a path of the API; an answer other than 200 is an
// error.
func (s *Sidecar) Post(ctx context.Context, path, body string) error {
	code, answer, err := s.Do(ctx, http.MethodPost, path, body)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("POST %s: %d %s", path, code, answer)
	}
	return err
}

// Sync has it write all that it accepted. It may take several: the sidecar waits
// for a bounded time.
func (s *Sidecar) Sync(ctx context.Context) error { return s.Post(ctx, "/v1/sync", "") }

// Document reads its status document.
func (s *Sidecar) Document(ctx context.Context, into any) error {
	code, answer, err := s.Get(ctx, "/v1/status")
	if err != nil {
		return err
	}
	if code != http.StatusOK {
		return fmt.Errorf("GET /v1/status: %d %s", code, answer)
	}
	if err := json.Unmarshal([]byte(answer), into); err != nil {
		return fmt.Errorf("reading the sidecar's status: %w", err)
	}
	return nil
}
