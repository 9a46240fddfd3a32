// Command probe is what the cluster's own tests run in a pod: it serves files
// of its volumes and answers of other addresses, and on SIGTERM it leaves the
// time at which it ended as its termination message.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	err := serve(ctx, os.Getenv("LISTEN"))
	stop()
	if err == nil {
		err = os.WriteFile("/dev/termination-log", []byte(time.Now().UTC().Format(time.RFC3339Nano)), 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, address string) error {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /file", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, r.URL.Query().Get("path"))
	})
	routes.HandleFunc("GET /fetch", fetch)
	server := &http.Server{Addr: address, Handler: routes, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case <-ctx.Done():
		return server.Close()
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	}
}

// fetch answers what another address answers.
func fetch(w http.ResponseWriter, r *http.Request) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.URL.Query().Get("url"), nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(response.StatusCode)
	_, copied := io.Copy(w, response.Body)
	if err := errors.Join(copied, response.Body.Close()); err != nil {
		fmt.Fprintln(os.Stderr, "probe: passing an answer on:", err)
	}
}
