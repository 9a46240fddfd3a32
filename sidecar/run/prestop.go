package run

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
)

// prestopPath is where a running sidecar is told that its pod is being deleted.
const prestopPath = "/internal/prestop"

// local serves the API, and prestop beside it.
func (s *sidecar) local() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != prestopPath {
			s.handler.ServeHTTP(w, r)
			return
		}
		if !s.handler.Admits(w, r) {
			return
		}
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		s.deadline.begin()
		select {
		case s.early <- struct{}{}:
		default:
		}
		w.WriteHeader(http.StatusAccepted)
	})
}

// flushEarly waits for prestop. From then on what comes is written within a
// second, since the app still runs, and little is left for the drain.
func (s *sidecar) flushEarly(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-s.early:
	}
	s.log.Info("The pod is being deleted; flushing early")
	s.mu.Lock()
	s.hurry = true
	s.apply()
	s.mu.Unlock()
	// What can't be saved now is tried again, at the latest by the drain.
	_ = s.flusher.Sync(ctx, buffer.Filter{})
}

// Prestop tells the sidecar that listens on the given address that its pod is
// being deleted, and returns when it knows.
func Prestop(ctx context.Context, address string) error {
	if err := requireLoopback("--listen", address); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+prestopPath, http.NoBody)
	if err != nil {
		return fmt.Errorf("telling the sidecar that its pod ends: %w", err)
	}
	request.Host = "localhost" // whatever the address
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("telling the sidecar that its pod ends: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		return fmt.Errorf("telling the sidecar that its pod ends: it answered %s", response.Status)
	}
	return nil
}
